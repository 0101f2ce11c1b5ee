using System.Runtime.CompilerServices;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>
/// The kernels of a back end, found by the type of their operands: a call is an array index and an interface call, and
/// allocates nothing. All families are named, so that a back end that lacks one does not compile. What every kernel may
/// rely on: ops have checked shapes and element types; all tensors are contiguous and of one floating type unless the
/// operands say otherwise; outputs are overwritten, never read, and do not overlap inputs (elementwise kernels may
/// write onto an input of the same shape). Calls are ordered; results are deterministic. An index or label out of range
/// is an error on the CPU; a device cannot stop for it: selecting and gathering give NaN (−1 in integers), adding
/// leaves it out, cross-entropy gives NaN.
/// </summary>
internal sealed class KernelTable
{
    private readonly object?[] _kernels;

    public KernelTable(
        IAttentionKernels attention, IElementwiseKernels elementwise, IGradCamKernels gradCam,
        IIndexingKernels indexing, ILayerNormKernels layerNorm, ILossKernels losses, IMatMulKernels matMul,
        IMovementKernels movement, IOptimizerKernels optimizer, IRandomKernels random,
        IReductionKernels reduction, ISoftmaxKernels softmax)
    {
        object[] families =
        [
            attention, elementwise, gradCam, indexing, layerNorm, losses, matMul, movement, optimizer, random,
            reduction, softmax,
        ];
        (int Slot, object Family)[] found =
            [.. families.SelectMany(f => Kernels(f).Select(args => (KernelSlots.Of(args), f)))];
        _kernels = new object?[found.Max(k => k.Slot) + 1];
        foreach (var (slot, family) in found) _kernels[slot] = family;
    }

    /// <summary>Runs the kernel of these operands.</summary>
    /// <exception cref="EngineException">No family has a kernel for them.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Run<TArgs>(in TArgs args) where TArgs : struct, IKernelArgs, allows ref struct
    {
        var slot = KernelSlots.Slot<TArgs>.Index;
        if ((uint)slot >= (uint)_kernels.Length || _kernels[slot] is not { } family) throw Unknown(args.Work.Name);
        // The table was filled by the interfaces that the family implements.
        Unsafe.As<IKernel<TArgs>>(family).Run(in args);
    }

    private static EngineException Unknown(string kernel) => new(kernel, "no family of kernels has it");

    private static IEnumerable<Type> Kernels(object family) => family.GetType().GetInterfaces()
        .Where(i => i.IsGenericType && i.GetGenericTypeDefinition() == typeof(IKernel<>))
        .Select(i => i.GenericTypeArguments[0]);

    // A number for each type of operands, the same in every table.
    private static class KernelSlots
    {
        private static readonly Dictionary<Type, int> Known = [];

        public static int Of(Type args)
        {
            lock (Known)
            {
                if (!Known.TryGetValue(args, out var slot)) Known[args] = slot = Known.Count;
                return slot;
            }
        }

        public static class Slot<TArgs> where TArgs : struct, allows ref struct
        {
            public static readonly int Index = Of(typeof(TArgs));
        }
    }
}
