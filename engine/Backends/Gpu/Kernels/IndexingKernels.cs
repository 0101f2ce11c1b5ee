using System.Numerics;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Selection by indices. Layout: x [outer, length, inner]. The indices are on the device, where nothing can be thrown:
// an index outside of [0, length) selects NaN (−1 of integers) and adds nothing, so that it touches no foreign memory
// and the step's check for NaN finds it. Sums are taken in the order of i by one lane for each element of the
// destination, without atomics: to the bit what the CPU back end computes. Traffic: the moved elements and the indices
// once, and the destination of a sum once, beside what IndexLinksKernel says.

/// <summary>Selection and scattering by index.</summary>
internal sealed class IndexingKernels(GpuContext context, MovementKernels movement)
    : GpuKernels(context), IIndexingKernels
{
    /// <inheritdoc/>
    public void Run(in IndexSelectArgs args)
    {
        var (x, axis, index, y) = args;
        if (y.DType.Size() == 8) Select<ulong, NotThere8, No>(x, axis, axis.Inner, index, index.Count, y);
        else if (axis.Inner % 4 == 0 && Aligned16(x, y))
            Select<Quad<uint>, NotThere16, No>(x, axis, axis.Inner / 4, index, index.Count, y);
        else Select<uint, NotThere4, No>(x, axis, axis.Inner, index, index.Count, y);
    }

    /// <inheritdoc/>
    public void Run(in GatherArgs args)
    {
        var (x, axis, index, count, y) = args;
        if (y.DType.Size() == 8) Select<ulong, NotThere8, Yes>(x, axis, axis.Inner, index, count, y);
        else Select<uint, NotThere4, Yes>(x, axis, axis.Inner, index, count, y);
    }

    // inner counts elements E; count is the number of indices along the axis.
    private void Select<E, N, TOwn>(Tensor x, AxisView axis, int inner, Tensor index, int count, Tensor y)
        where E : unmanaged where N : struct, INotThere<E> where TOwn : struct, IFlag
    {
        var elements = axis.Outer * count * inner;
        LaunchOver<IndexSelectKernel<E, N, TOwn>, IndexSelectKernel<E, N, TOwn>.Args>(
            elements, new IndexSelectKernel<E, N, TOwn>.Args
            {
                X = View<E>(x, (long)x.Count * x.DType.Size()),
                Index = View<int>(index),
                Y = View<E>(y, (long)y.Count * y.DType.Size()),
                Length = axis.Length,
                Inner = inner,
                Indices = count,
                Count = elements,
            });
    }

    /// <inheritdoc/>
    public void Run(in IndexAddArgs args)
    {
        var (g, axis, index, skip, y, accumulate) = args;
        if (!accumulate) movement.Run(new FillArgs(y, 0));
        if (g.Count == 0) return;
        var scratch = Backend.Allocate((long)index.Count * sizeof(int));
        try
        {
            var links = scratch.Buffer.View.BaseView.SubView(0, (long)index.Count * sizeof(int)).Cast<int>();
            LaunchOver<IndexLinksKernel, IndexLinksKernel.Args>(index.Count, new IndexLinksKernel.Args
            {
                Index = View<int>(index),
                Links = links,
                Skip = skip,
                Length = axis.Length,
                Count = index.Count,
            });
            if (y.DType == DType.F64) IndexAdd<double>(g, axis, index, links, y);
            else IndexAdd<float>(g, axis, index, links, y);
        }
        finally
        {
            Backend.Free(scratch);
        }
    }

    private void IndexAdd<T>(Tensor g, AxisView axis, Tensor index, ArrayView<int> links, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T> =>
        LaunchOver<IndexAddKernel<T>, IndexAddKernel<T>.Args>(g.Count, new IndexAddKernel<T>.Args
        {
            G = View<T>(g),
            Index = View<int>(index),
            Links = links,
            Y = View<T>(y),
            Length = axis.Length,
            Inner = axis.Inner,
            Indices = index.Count,
            Count = g.Count,
        });

    /// <inheritdoc/>
    public void Run(in ScatterAddArgs args)
    {
        movement.Run(new FillArgs(args.Y, 0));
        if (args.G.Count == 0) return;
        if (args.Y.DType == DType.F64) ScatterAdd<double>(args);
        else ScatterAdd<float>(args);
    }

    private void ScatterAdd<T>(in ScatterAddArgs args) where T : unmanaged, IFloatingPointIeee754<T> =>
        LaunchOver<ScatterAddKernel<T>, ScatterAddKernel<T>.Args>(
            (long)args.Axis.Outer * args.Axis.Inner, new ScatterAddKernel<T>.Args
            {
                G = View<T>(args.G),
                Index = View<int>(args.Index),
                Y = View<T>(args.Y),
                Length = args.Axis.Length,
                Inner = args.Axis.Inner,
                Indices = args.Count,
                Count = args.Axis.Outer * args.Axis.Inner,
            });
}

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
/// y[o, i, n] = x[o, index[i], n], or index[o, i, n] where each element has its own (TOwn, gather). E may be a quad,
/// where inner counts quads.
/// </summary>
internal readonly struct IndexSelectKernel<E, N, TOwn> : IDeviceKernel<IndexSelectKernel<E, N, TOwn>.Args>
    where E : unmanaged where N : struct, INotThere<E> where TOwn : struct, IFlag
{
    /// <summary>The kernel's operands.</summary>
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
/// For each i the next one with the same index: links[i] = next (count where there is none) if i is the first with its
/// index, −1 − next if it is a later one, and −1 where the index is skipped. A lane takes an i and compares at most
/// count indices, which stay in the cache: count² integer operations in all, once and not for each of the inner
/// elements.
/// </summary>
internal readonly struct IndexLinksKernel : IDeviceKernel<IndexLinksKernel.Args>
{
    /// <summary>The kernel's operands.</summary>
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
/// y[o, index[i], n] += g[o, j, n] over the j that are linked with i, one after another, where i is the first with its
/// index. The chain of a frequent index is long: the value after the current one is on its way while the current one is
/// added.
/// </summary>
internal readonly struct IndexAddKernel<T> : IDeviceKernel<IndexAddKernel<T>.Args>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>The kernel's operands.</summary>
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
/// y[o, index[o, i, n], n] += g[o, i, n], y zero before. A lane takes a column (o, n) with all its i, one after
/// another: made for many columns and few i, as when one value of each row is taken.
/// </summary>
internal readonly struct ScatterAddKernel<T> : IDeviceKernel<ScatterAddKernel<T>.Args>
    where T : unmanaged, IFloatingPointIeee754<T>
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
