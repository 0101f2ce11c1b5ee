using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Reductions over the lanes that share a row. A team is a lane, a part of a group or a group; its lanes take the
// elements of a row in turn (lane, lane + width, …), then combine what they have in two steps through shared memory:
// each of the first lanes a few of the values, then every lane the results of those. So all lanes know the result, in
// an order that depends on the width alone, after two barriers instead of one a level of a binary tree. No third
// barrier is needed before the next reduction: the values and the results lie in buffers of their own, and between two
// writes of either all lanes pass a barrier after the last read.

/// <summary>A value that two values are combined to; associative but for rounding.</summary>
internal interface ICombine<V> where V : unmanaged
{
    static abstract V Combine(V a, V b);
}

/// <summary>
/// The lanes that share a row. Every lane of a group must reach every reduction, also where its row is past the last.
/// </summary>
internal interface ITeam
{
    /// <summary>How many lanes they are.</summary>
    static abstract int Lanes { get; }

    /// <summary>Combines a value of each lane; every lane gets the result.</summary>
    static abstract V Reduce<V, O>(V value) where V : unmanaged where O : struct, ICombine<V>;
}

/// <summary>
/// A lane a row: no barriers. For short rows, and for the columns of a matrix (neighbouring lanes, neighbouring
/// elements).
/// </summary>
internal readonly struct LaneTeam : ITeam
{
    public static int Lanes => 1;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Reduce<V, O>(V value) where V : unmanaged where O : struct, ICombine<V> => value;
}

/// <summary>32 lanes a row, a warp of most GPUs.</summary>
internal readonly struct PartTeam : ITeam
{
    private const int Heads = 8;

    public static int Lanes => 32;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Reduce<V, O>(V value) where V : unmanaged where O : struct, ICombine<V>
    {
        var values = SharedMemory.Allocate<V>(GroupTeam.MostLanes);
        var results = SharedMemory.Allocate<V>(GroupTeam.MostLanes / 32 * Heads);
        int team = Group.IdxX / 32, lane = Group.IdxX % 32;
        values[Group.IdxX] = value;
        Group.Barrier();
        if (lane < Heads)
        {
            var at = team * 32 + lane;
            var v = values[at];
            for (var k = Heads; k < 32; k += Heads) v = O.Combine(v, values[at + k]);
            results[team * Heads + lane] = v;
        }
        Group.Barrier();
        var result = results[team * Heads];
        for (var k = 1; k < Heads; k++) result = O.Combine(result, results[team * Heads + k]);
        return result;
    }
}

/// <summary>A group of 256 lanes a row, for long rows.</summary>
internal readonly struct GroupTeam : ITeam
{
    /// <summary>Lanes of the largest group.</summary>
    public const int MostLanes = 256;

    private const int Heads = 16;

    public static int Lanes => MostLanes;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Reduce<V, O>(V value) where V : unmanaged where O : struct, ICombine<V>
    {
        var values = SharedMemory.Allocate<V>(MostLanes);
        var results = SharedMemory.Allocate<V>(Heads);
        values[Group.IdxX] = value;
        Group.Barrier();
        if (Group.IdxX < Heads)
        {
            var v = values[Group.IdxX];
            for (var k = Heads; k < MostLanes; k += Heads) v = O.Combine(v, values[Group.IdxX + k]);
            results[Group.IdxX] = v;
        }
        Group.Barrier();
        var result = results[0];
        for (var k = 1; k < Heads; k++) result = O.Combine(result, results[k]);
        return result;
    }
}

/// <summary>Which row a lane works on, and which of its lanes it is.</summary>
internal static class Rows
{
    /// <summary>The row; the last group may have rows past the end.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Index<TTeam>() where TTeam : struct, ITeam =>
        Grid.IdxX * (Group.DimX / TTeam.Lanes) + Group.IdxX / TTeam.Lanes;

    /// <summary>The lane among those of the row.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Lane<TTeam>() where TTeam : struct, ITeam => Group.IdxX % TTeam.Lanes;
}

/// <summary>What a reduction combines with, and the value that changes nothing.</summary>
internal interface IReduceOp<T> : ICombine<T> where T : unmanaged
{
    static abstract T Identity { get; }
}

/// <summary>a + b.</summary>
internal readonly struct SumOp<T> : IReduceOp<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public static T Identity => T.Zero;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Combine(T a, T b) => a + b;
}

/// <summary>The larger; NaN wins.</summary>
internal readonly struct MaxOp<T, R> : IReduceOp<T>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    public static T Identity => T.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Combine(T a, T b) => R.Max(a, b);
}

/// <summary>The smaller; NaN wins.</summary>
internal readonly struct MinOp<T, R> : IReduceOp<T>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    public static T Identity => -T.NegativeInfinity;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static T Combine(T a, T b) => R.Min(a, b);
}

/// <summary>A sum of counts.</summary>
internal readonly struct CountOp : ICombine<int>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Combine(int a, int b) => a + b;
}

/// <summary>Two sums at a time.</summary>
internal struct Sums2<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public T A;
    public T B;
}

/// <summary>Adds two sums at a time.</summary>
internal readonly struct Sums2Op<T> : ICombine<Sums2<T>> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Sums2<T> Combine(Sums2<T> x, Sums2<T> y) => new() { A = x.A + y.A, B = x.B + y.B };
}

/// <summary>An extreme value and its place.</summary>
internal struct Extreme<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    public T Value;
    public int Index;

    /// <summary>Lower than all, and after all of its equals.</summary>
    public static Extreme<T> Lowest => new() { Value = T.NegativeInfinity, Index = int.MaxValue };
}

/// <summary>The larger value, the first of equal ones; the first NaN wins.</summary>
internal readonly struct FirstMaxOp<T> : ICombine<Extreme<T>> where T : unmanaged, IFloatingPointIeee754<T>
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Extreme<T> Combine(Extreme<T> a, Extreme<T> b)
    {
        bool aNaN = T.IsNaN(a.Value), bNaN = T.IsNaN(b.Value);
        var alike = a.Value == b.Value | (aNaN & bNaN);
        var first = alike ? a.Index < b.Index : aNaN | (a.Value > b.Value & !bNaN);
        return new() { Value = first ? a.Value : b.Value, Index = first ? a.Index : b.Index };
    }
}
