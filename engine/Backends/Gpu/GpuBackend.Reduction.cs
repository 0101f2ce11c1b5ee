using System.Numerics;
using System.Runtime.InteropServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu;

// Reductions along an axis; see Kernels/ReductionKernels.cs.
public sealed partial class GpuBackend
{
    /// <summary>A row longer than this is cut into blocks: 16 elements a lane, and work for all multiprocessors.</summary>
    private const int RowBlock = 4096;

    /// <summary>Elements of a column that one lane reduces.</summary>
    private const int ColumnBlock = 64;

    /// <summary>Elements a group counts at least.</summary>
    private const int CountBlock = 4096;

    /// <inheritdoc/>
    public void Reduce(ReduceKind kind, Tensor x, AxisView axis, Tensor y)
    {
        if (y.DType == DType.F64) Reduce<double, F64>(kind, x, axis, y);
        else Reduce<float, F32>(kind, x, axis, y);
    }

    private void Reduce<T, R>(ReduceKind kind, Tensor x, AxisView axis, Tensor y) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        switch (kind)
        {
            case ReduceKind.Sum: ReduceWith<T, SumOp<T>>(x, axis, y); break;
            case ReduceKind.Max: ReduceWith<T, MaxOp<T, R>>(x, axis, y); break;
            case ReduceKind.Min: ReduceWith<T, MinOp<T, R>>(x, axis, y); break;
            default: throw new EngineException("reduce", $"the GPU back end has no kernel for {kind}");
        }
    }

    // A second pass costs more than it spreads for less than 1.5 blocks.
    private void ReduceWith<T, O>(Tensor x, AxisView axis, Tensor y) where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp<T>
    {
        if (axis.Outer == 0 || axis.Inner == 0) return;
        var block = axis.Inner > 1 ? ColumnBlock : RowBlock;
        var blocks = axis.Length <= block * 3 / 2 ? 1 : (axis.Length + block - 1) / block;
        if (blocks == 1)
        {
            ReduceBlocks<T, O>(x, axis, Math.Max(1, axis.Length), 1, y);
            return;
        }
        using var partials = Tensor.Empty([axis.Outer, blocks, axis.Inner], y.DType, this);
        ReduceBlocks<T, O>(x, axis, block, blocks, partials);
        ReduceWith<T, O>(partials, axis with { Length = blocks }, y);
    }

    private void ReduceBlocks<T, O>(Tensor x, AxisView axis, int block, int blocks, Tensor y) where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp<T>
    {
        var args = new ReduceArgs<T>
        {
            X = View<T>(x),
            Y = View<T>(y),
            Length = axis.Length,
            Inner = axis.Inner,
            Block = block,
            Blocks = blocks,
            Items = axis.Outer * blocks * axis.Inner,
        };
        LaunchRows<ReduceArgs<T>, ReduceKernel<T, O, LaneTeam>, ReduceKernel<T, O, PartTeam>, ReduceKernel<T, O, GroupTeam>>(args.Items, block, axis.Inner, args);
    }

    /// <inheritdoc/>
    public void ArgReduce(ReduceKind kind, Tensor x, AxisView axis, Tensor values, Tensor indices)
    {
        if (kind == ReduceKind.Sum) throw new EngineException("arg_reduce", "a sum has no index; use Max or Min");
        if (values.DType == DType.F64) ArgReduce<double>(kind, x, axis, values, indices);
        else ArgReduce<float>(kind, x, axis, values, indices);
    }

    private void ArgReduce<T>(ReduceKind kind, Tensor x, AxisView axis, Tensor values, Tensor indices) where T : unmanaged, IFloatingPointIeee754<T>
    {
        if (values.Count == 0) return;
        var args = new ArgReduceArgs<T>
        {
            X = View<T>(x),
            Values = View<T>(values),
            Indices = View<int>(indices),
            Sign = kind == ReduceKind.Max ? T.One : -T.One,
            Length = axis.Length,
            Inner = axis.Inner,
            Lines = values.Count,
        };
        LaunchRows<ArgReduceArgs<T>, ArgReduceKernel<T, LaneTeam>, ArgReduceKernel<T, PartTeam>, ArgReduceKernel<T, GroupTeam>>(args.Lines, axis.Length, axis.Inner, args);
    }

    /// <inheritdoc/>
    public void CountNonFinite(ReadOnlySpan<Tensor> tensors, Span<long> counts)
    {
        var total = 0;
        foreach (var t in tensors) total += CountGroups(t);
        counts.Clear();
        if (total == 0) return;
        using var partial = Tensor.Empty([total], DType.I32, this);
        var at = 0;
        foreach (var t in tensors)
        {
            var groups = CountGroups(t);
            if (groups == 0) continue;
            QueueCount(t, View<int>(partial).SubView(at, groups));
            at += groups;
        }
        var found = partial.ToArray<int>();
        at = 0;
        for (var i = 0; i < tensors.Length; i++)
            for (var groups = CountGroups(tensors[i]); groups > 0; groups--) counts[i] += found[at++];
    }

    // How many partial counts of the elements of x that are NaN or infinite there are.
    private int CountGroups(Tensor x) =>
        x.DType is DType.F32 or DType.F64 ? (int)Math.Min(((long)x.Count + CountBlock - 1) / CountBlock, MostGroups) : 0;

    // Queues the counting; the counts are read when wanted.
    private void QueueCount(Tensor x, ArrayView<int> counts)
    {
        if (x.DType == DType.F64) QueueCount<double>(x, counts);
        else QueueCount<float>(x, counts);
    }

    private void QueueCount<T>(Tensor x, ArrayView<int> counts) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var args = new CountNonFiniteKernel<T>.Args
        {
            X = View<T>(x),
            Counts = counts,
            Count = x.Count,
        };
        _host.Launch<CountNonFiniteKernel<T>, CountNonFiniteKernel<T>.Args>(CountGroups(x), GroupTeam.MostLanes, args);
    }
}
