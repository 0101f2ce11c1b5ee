using System.Numerics;
using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Selection by indices. Layout: x [outer, length, inner]. The indices are on the device, where nothing can be thrown: an index
// outside of [0, length) selects NaN (−1 of integers) and adds nothing, so that it touches no foreign memory and the step's
// check for NaN finds it. Sums are taken in the order of i by one lane for each element of the destination, without atomics:
// to the bit what the CPU back end computes. Cost: at most one FLOP an element; the moved elements and the indices once, and
// the destination of a sum once, beside what IndexLinksKernel says.

/// <summary>What an index outside selects: all bits set, which is NaN in f32 and f64 and −1 of integers.</summary>
internal interface INotThere<E> where E : unmanaged
{
    static abstract E Value { get; }
}

internal readonly struct NotThere4 : INotThere<uint>
{
    public static uint Value => 0xFFFFFFFF;
}

internal readonly struct NotThere8 : INotThere<ulong>
{
    public static ulong Value => 0xFFFFFFFFFFFFFFFF;
}

internal readonly struct NotThere16 : INotThere<Quad<uint>>
{
    public static Quad<uint> Value
    {
        get
        {
            Quad<uint> value;
            value.X = 0xFFFFFFFF;
            value.Y = 0xFFFFFFFF;
            value.Z = 0xFFFFFFFF;
            value.W = 0xFFFFFFFF;
            return value;
        }
    }
}

/// <summary>
/// y[o, i, n] = x[o, index[i], n], or index[o, i, n] where each element has its own (TOwn, gather). E may be a quad, where
/// inner counts quads.
/// </summary>
internal readonly struct IndexSelectKernel<E, N, TOwn> : IKernel<IndexSelectKernel<E, N, TOwn>.Args>
    where E : unmanaged where N : struct, INotThere<E> where TOwn : struct, IFlag
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ArrayView<E> X;
        public ArrayView<int> Index;
        public ArrayView<E> Y;
        public int Length;
        public int Inner;
        public int Indices;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var at = Grid.GlobalIndex.X; at < a.Count; at += Grid.DimX * Group.DimX)
        {
            var row = (int)((uint)at / (uint)a.Inner);
            var n = at - row * a.Inner;
            var o = (int)((uint)row / (uint)a.Indices);
            var index = a.Index[TOwn.Value ? at : row - o * a.Indices];
            var value = N.Value;
            if ((uint)index < (uint)a.Length) value = a.X[(o * a.Length + index) * a.Inner + n];
            a.Y[at] = value;
        }
    }
}

/// <summary>
/// For each i the next one with the same index: links[i] = next (count where there is none) if i is the first with its index,
/// −1 − next if it is a later one, and −1 where the index is skipped. A lane takes an i and compares at most count indices, which
/// stay in the cache: count² integer operations in all, once and not for each of the inner elements.
/// </summary>
internal readonly struct IndexLinksKernel : IKernel<IndexLinksKernel.Args>
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ArrayView<int> Index;
        public ArrayView<int> Links;
        public int Skip;
        public int Length;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
        {
            var index = a.Index[i];
            var link = -1;
            if (index != a.Skip & (uint)index < (uint)a.Length)
            {
                var before = i - 1;
                while (before >= 0 && a.Index[before] != index) before--;
                var next = i + 1;
                while (next < a.Count && a.Index[next] != index) next++;
                link = before < 0 ? next : -1 - next;
            }
            a.Links[i] = link;
        }
    }
}

/// <summary>
/// y[o, index[i], n] += g[o, j, n] over the j that are linked with i, one after another, where i is the first with its index.
/// The chain of a frequent index is long: the value after the current one is on its way while the current one is added.
/// </summary>
internal readonly struct IndexAddKernel<T> : IKernel<IndexAddKernel<T>.Args> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Arguments.</summary>
    public struct Args
    {
        public ArrayView<T> G;
        public ArrayView<int> Index;
        public ArrayView<int> Links;
        public ArrayView<T> Y;
        public int Length;
        public int Inner;
        public int Indices;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var at = Grid.GlobalIndex.X; at < a.Count; at += Grid.DimX * Group.DimX)
        {
            var row = (int)((uint)at / (uint)a.Inner);
            var n = at - row * a.Inner;
            var o = (int)((uint)row / (uint)a.Indices);
            var first = row - o * a.Indices;
            var next = a.Links[first];
            if (next >= 0)
            {
                var block = o * a.Indices;
                var to = (o * a.Length + a.Index[first]) * a.Inner + n;
                var sum = a.Y[to];
                var value = a.G[at];
                while (next < a.Indices)
                {
                    var following = a.G[(block + next) * a.Inner + n];
                    next = -1 - a.Links[next];
                    sum += value;
                    value = following;
                }
                a.Y[to] = sum + value;
            }
        }
    }
}

/// <summary>
/// y[o, index[o, i, n], n] += g[o, i, n], y zero before. A lane takes a column (o, n) with all its i, one after another: made for
/// many columns and few i, as when one value of each row is taken.
/// </summary>
internal readonly struct ScatterAddKernel<T> : IKernel<ScatterAddKernel<T>.Args> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>Arguments; Count is the number of columns.</summary>
    public struct Args
    {
        public ArrayView<T> G;
        public ArrayView<int> Index;
        public ArrayView<T> Y;
        public int Length;
        public int Inner;
        public int Indices;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var column = Grid.GlobalIndex.X; column < a.Count; column += Grid.DimX * Group.DimX)
        {
            var o = (int)((uint)column / (uint)a.Inner);
            var n = column - o * a.Inner;
            for (var i = 0; i < a.Indices; i++)
            {
                var at = (o * a.Indices + i) * a.Inner + n;
                var index = a.Index[at];
                if ((uint)index < (uint)a.Length)
                {
                    var to = (o * a.Length + index) * a.Inner + n;
                    a.Y[to] = a.Y[to] + a.G[at];
                }
            }
        }
    }
}
