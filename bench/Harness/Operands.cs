using AmcEngine.Backends;
using AmcEngine.Diagnostics;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Harness;

/// <summary>Operands of kernels, from the host: no kernel of the device is needed to feed another one.</summary>
internal static class Operands
{
    /// <summary>Uniform in [−0.5, 0.5), the same for a seed everywhere.</summary>
    public static T[] Values<T>(long count, uint seed) where T : System.Numerics.INumberBase<T>
    {
        // Aligned by chance only; OpenBLAS packs its operands, so it hardly matters.
        var values = GC.AllocateUninitializedArray<T>((int)count, pinned: true);
        var state = seed * 2654435761 + 12345;
        for (var i = 0; i < values.Length; i++)
        {
            state = state * 1664525 + 1013904223;
            values[i] = T.CreateTruncating((state >> 8) * (1f / (1 << 24)) - 0.5f);
        }
        return values;
    }

    /// <summary>An f32 tensor of such values; without values where nothing is computed.</summary>
    public static Tensor Draw(IBackend device, int[] dims)
    {
        var shape = new Shape(dims);
        return device is DryBackend
            ? Tensor.Empty(shape, DType.F32, device)
            : Tensor.From(Values<float>(shape.Count, 1), shape, device);
    }

    /// <summary>Another tensor of such values and the same shape.</summary>
    public static Tensor Like(Tensor x) => Draw(x.Backend, x.Shape.Dims.ToArray());
}
