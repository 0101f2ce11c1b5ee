using System.Numerics;
using System.Runtime.InteropServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Sums and extremes along an axis. Layout: x [outer, length, inner]; an item is a block of a line (o, n) along the
// axis, whose elements lie inner apart. Columns (inner > 1) take a lane each, so that neighbouring lanes read
// neighbouring elements; rows a team. Lines longer than a block leave a partial a block, which a second pass combines:
// the order of the additions depends on the shape and the team alone. Traffic: x is read once.

/// <summary>Reductions along an axis.</summary>
internal sealed class ReductionKernels(GpuContext context) : GpuKernels(context), IReductionKernels
{
    /// <summary>
    /// A row longer than this is cut into blocks: 16 elements a lane, and work for all multiprocessors.
    /// </summary>
    private const int RowBlock = 4096;

    /// <summary>Elements of a column that one lane reduces.</summary>
    public const int ColumnBlock = 64;

    /// <summary>Elements a group counts at least.</summary>
    private const int CountBlock = 4096;

    /// <inheritdoc/>
    public void Run(in ReduceArgs args)
    {
        if (args.Y.DType == DType.F64) Reduce<double, F64>(args);
        else Reduce<float, F32>(args);
    }

    private void Reduce<T, R>(in ReduceArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (kind, x, axis, y) = args;
        switch (kind)
        {
            case ReduceKind.Sum: ReduceWith<T, SumOp<T>>(x, axis, y); break;
            case ReduceKind.Max: ReduceWith<T, MaxOp<T, R>>(x, axis, y); break;
            case ReduceKind.Min: ReduceWith<T, MinOp<T, R>>(x, axis, y); break;
            default: throw new EngineException("reduce", $"the GPU back end has no kernel for {kind}");
        }
    }

    /// <summary>
    /// Reduces an axis by one operation, in two passes where a second costs less than it spreads: from 1.5 blocks on.
    /// </summary>
    public void ReduceWith<T, O>(Tensor x, AxisView axis, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp<T>
    {
        if (axis.Outer == 0 || axis.Inner == 0) return;
        var block = axis.Inner > 1 ? ColumnBlock : RowBlock;
        var blocks = axis.Length <= block * 3 / 2 ? 1 : (axis.Length + block - 1) / block;
        if (blocks == 1)
        {
            ReduceBlocks<T, O>(x, axis, Math.Max(1, axis.Length), 1, y);
            return;
        }
        using var partials = Tensor.Empty([axis.Outer, blocks, axis.Inner], y.DType, Backend);
        ReduceBlocks<T, O>(x, axis, block, blocks, partials);
        ReduceWith<T, O>(partials, axis with { Length = blocks }, y);
    }

    private void ReduceBlocks<T, O>(Tensor x, AxisView axis, int block, int blocks, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp<T>
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
        LaunchRows<ReduceArgs<T>, ReduceKernel<T, O, LaneTeam>, ReduceKernel<T, O, PartTeam>,
            ReduceKernel<T, O, GroupTeam>>(args.Items, block, axis.Inner, args);
    }

    /// <inheritdoc/>
    public void Run(in ArgReduceArgs args)
    {
        if (args.Kind == ReduceKind.Sum) throw new EngineException("arg_reduce", "a sum has no index; use Max or Min");
        if (args.Values.DType == DType.F64) ArgReduce<double>(args);
        else ArgReduce<float>(args);
    }

    private void ArgReduce<T>(in ArgReduceArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (kind, x, axis, values, indices) = args;
        if (values.Count == 0) return;
        var call = new ArgReduceArgs<T>
        {
            X = View<T>(x),
            Values = View<T>(values),
            Indices = View<int>(indices),
            Sign = kind == ReduceKind.Max ? T.One : -T.One,
            Length = axis.Length,
            Inner = axis.Inner,
            Lines = values.Count,
        };
        LaunchRows<ArgReduceArgs<T>, ArgReduceKernel<T, LaneTeam>, ArgReduceKernel<T, PartTeam>,
            ArgReduceKernel<T, GroupTeam>>(call.Lines, axis.Length, axis.Inner, call);
    }

    /// <inheritdoc/>
    public void Run(in CountNonFiniteArgs args)
    {
        var tensors = args.Tensors;
        var counts = args.Counts;
        var total = 0;
        foreach (var t in tensors) total += CountGroups(t);
        counts.Clear();
        if (total == 0) return;
        using var partial = Tensor.Empty([total], DType.I32, Backend);
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
        x.DType is DType.F32 or DType.F64
            ? (int)Math.Min(((long)x.Count + CountBlock - 1) / CountBlock, MostGroups) : 0;

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
        Device.Launch<CountNonFiniteKernel<T>, CountNonFiniteKernel<T>.Args>(CountGroups(x), GroupTeam.MostLanes, args);
    }
}

/// <summary>Arguments of <see cref="ReduceKernel{T, O, TTeam}"/>.</summary>
internal struct ReduceArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Y;
    public int Length;
    public int Inner;
    public int Block;
    public int Blocks;
    public int Items;
}

/// <summary>y [outer, blocks, inner] = reductions of blocks of x [outer, length, inner].</summary>
internal readonly struct ReduceKernel<T, O, TTeam> : IDeviceKernel<ReduceArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IReduceOp<T> where TTeam : struct, ITeam
{
    public static void Run(ReduceArgs<T> a)
    {
        int item = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>(), line = item / a.Inner;
        var from = line % a.Blocks * a.Block;
        var left = a.Length - from;
        // An item past the end has no elements, but takes part in the barriers.
        var count = item >= a.Items ? 0 : left < a.Block ? left : a.Block;
        var start = (line / a.Blocks * a.Length + from) * a.Inner + item % a.Inner;
        var value = O.Identity;
        for (var i = lane; i < count; i += TTeam.Lanes) value = O.Combine(value, a.X[start + i * a.Inner]);
        value = TTeam.Reduce<T, O>(value);
        if (item < a.Items & lane == 0) a.Y[item] = value;
    }
}

/// <summary>Arguments of <see cref="ArgReduceKernel{T, TTeam}"/>.</summary>
internal struct ArgReduceArgs<T> where T : unmanaged
{
    public ArrayView<T> X;
    public ArrayView<T> Values;
    public ArrayView<int> Indices;
    public T Sign;
    public int Length;
    public int Inner;
    public int Lines;
}

/// <summary>
/// Largest element of sign·x along an axis and its first place; the first NaN wins. The sign is 1 for the largest, −1
/// for the smallest.
/// </summary>
internal readonly struct ArgReduceKernel<T, TTeam> : IDeviceKernel<ArgReduceArgs<T>>
    where T : unmanaged, IFloatingPointIeee754<T> where TTeam : struct, ITeam
{
    public static void Run(ArgReduceArgs<T> a)
    {
        int line = Rows.Index<TTeam>(), lane = Rows.Lane<TTeam>();
        var start = line / a.Inner * a.Length * a.Inner + line % a.Inner;
        var count = line < a.Lines ? a.Length : 0;
        var best = Extreme<T>.Lowest;
        for (var i = lane; i < count; i += TTeam.Lanes)
            best = FirstMaxOp<T>.Combine(best, new() { Value = a.Sign * a.X[start + i * a.Inner], Index = i });
        best = TTeam.Reduce<Extreme<T>, FirstMaxOp<T>>(best);
        if (!(line < a.Lines & lane == 0)) return;
        a.Values[line] = a.X[start + best.Index * a.Inner];
        a.Indices[line] = best.Index;
    }
}

/// <summary>counts[group] = how many of the elements of a group are NaN or infinite; groups stride over x.</summary>
internal readonly struct CountNonFiniteKernel<T> : IDeviceKernel<CountNonFiniteKernel<T>.Args>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<int> Counts;
        public int Count;
    }

    public static void Run(Args a)
    {
        var count = 0;
        // Long, since the last step may pass the largest int.
        for (long i = Grid.IdxX * Group.DimX + Group.IdxX; i < a.Count; i += Grid.DimX * Group.DimX)
        {
            var x = a.X[i];
            // 0 where x is finite, else NaN.
            var difference = x - x;
            count += difference == T.Zero ? 0 : 1;
        }
        count = GroupTeam.Reduce<int, CountOp>(count);
        if (Group.IdxX == 0) a.Counts[Grid.IdxX] = count;
    }
}
