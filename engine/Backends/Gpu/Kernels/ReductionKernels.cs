using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Sums and extremes along an axis. Layout: x [outer, length, inner]; an item is a block of a line (o, n) along the axis, whose
// elements lie inner apart. Columns (inner > 1) take a lane each, so that neighbouring lanes read neighbouring elements; rows a
// team. Lines longer than a block leave a partial a block, which a second pass combines: the order of the additions depends on the
// shape and the team alone. Cost: one FLOP an element; x is read once.

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
internal readonly struct ReduceKernel<T, O, TTeam> : IKernel<ReduceArgs<T>>
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

/// <summary>Largest element of sign·x along an axis and its first place; the first NaN wins. The sign is 1 for the largest, −1 for the smallest.</summary>
internal readonly struct ArgReduceKernel<T, TTeam> : IKernel<ArgReduceArgs<T>>
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
internal readonly struct CountNonFiniteKernel<T> : IKernel<CountNonFiniteKernel<T>.Args> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Arguments.</summary>
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
