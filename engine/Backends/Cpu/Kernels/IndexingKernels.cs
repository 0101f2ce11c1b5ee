using System.Numerics;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// Selection by indices that were checked before. Layout: x [outer, length, inner]; where inner is large an index moves
// a contiguous run. Sums go to a destination in the order of i on one thread: threads share out columns or outer
// blocks.
// Traffic: the moved elements and the indices once, and the destination of a sum once.

/// <summary>Selection and scattering by index.</summary>
internal sealed class IndexingKernels(CpuHost host) : CpuKernels(host), IIndexingKernels
{
    /// <inheritdoc/>
    public unsafe void Run(in IndexSelectArgs args)
    {
        var (x, axis, index, y) = args;
        CheckIndices("index_select", index, axis.Length);
        var rows = axis.Inner == 0 ? 0 : axis.Outer * index.Count;
        var tile = RowTile(CheapTile, axis.Inner);
        if (y.DType.Size() == 8) Run(
            new IndexSelectKernel<ulong>(Ptr<ulong>(x), axis, Ptr<int>(index), index.Count, Ptr<ulong>(y)), rows, tile);
        else Run(
            new IndexSelectKernel<uint>(Ptr<uint>(x), axis, Ptr<int>(index), index.Count, Ptr<uint>(y)), rows, tile);
    }

    /// <inheritdoc/>
    public void Run(in IndexAddArgs args)
    {
        CheckIndices("index_add", args.Index, args.Axis.Length, args.Skip);
        if (args.Y.DType == DType.F64) IndexAdd<double>(args);
        else IndexAdd<float>(args);
    }

    private unsafe void IndexAdd<T>(in IndexAddArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (g, axis, index, skip, y, accumulate) = args;
        // Narrow rows are not cut: a chunk is at least four cache lines wide.
        var width = 256 / sizeof(T);
        var kernel = new IndexAddKernel<T>(
            Ptr<T>(g), axis, Ptr<int>(index), index.Count, skip, width, Ptr<T>(y), accumulate);
        var rows = index.Count + (accumulate ? 0 : axis.Length);
        Run<T, IndexAddKernel<T>>(
            kernel, axis.Outer * ((axis.Inner + width - 1) / width), RowTile(CheapTile / 4, (long)width * rows));
    }

    /// <inheritdoc/>
    public unsafe void Run(in GatherArgs args)
    {
        var (x, axis, index, count, y) = args;
        CheckIndices("gather", index, axis.Length);
        var tile = RowTile(CheapTile / 4, (long)count * axis.Inner);
        if (y.DType.Size() == 8)
            Run(new GatherKernel<ulong>(Ptr<ulong>(x), axis, Ptr<int>(index), count, Ptr<ulong>(y)), axis.Outer, tile);
        else Run(new GatherKernel<uint>(Ptr<uint>(x), axis, Ptr<int>(index), count, Ptr<uint>(y)), axis.Outer, tile);
    }

    /// <inheritdoc/>
    public void Run(in ScatterAddArgs args)
    {
        CheckIndices("scatter_add", args.Index, args.Axis.Length);
        if (args.Y.DType == DType.F64) ScatterAdd<double>(args);
        else ScatterAdd<float>(args);
    }

    private unsafe void ScatterAdd<T>(in ScatterAddArgs args) where T : unmanaged, INumberBase<T> =>
        Run(new ScatterAddKernel<T>(Ptr<T>(args.G), args.Axis, Ptr<int>(args.Index), args.Count, Ptr<T>(args.Y)),
            args.Axis.Outer, RowTile(CheapTile / 4, (long)(args.Count + args.Axis.Length) * args.Axis.Inner));

    /// <summary>
    /// Refuses an index outside of [0, length), on the calling thread and before anything is written: a wrong one must
    /// not reach memory.
    /// </summary>
    internal static unsafe void CheckIndices(string op, Tensor index, int length, int? skip = null)
    {
        var indices = new ReadOnlySpan<int>(Ptr<int>(index), index.Count);
        foreach (var i in indices)
            if ((uint)i >= (uint)length && i != skip)
                throw new EngineException(op, $"index {i} is outside of [0, {length})");
    }
}

/// <summary>y[o, i, :] = x[o, index[i], :]; the range counts rows (o, i).</summary>
internal readonly unsafe struct IndexSelectKernel<E>(E* x, AxisView axis, int* index, int count, E* y) : IRange
    where E : unmanaged
{
    private readonly E* _x = x;
    private readonly E* _y = y;
    private readonly int* _index = index;
    private readonly AxisView _axis = axis;
    private readonly int _count = count;

    public void Run(int from, int to)
    {
        var inner = _axis.Inner;
        for (var r = from; r < to; r++)
        {
            var source = _x + ((long)(r / _count) * _axis.Length + _index[r % _count]) * inner;
            if (inner == 1) _y[r] = *source;
            else new ReadOnlySpan<E>(source, inner).CopyTo(new Span<E>(_y + (long)r * inner, inner));
        }
    }
}

/// <summary>
/// y[o, index[i], n] += g[o, i, n]; the range counts columns (o, n), of which a tile holds whole cache lines.
/// </summary>
internal readonly unsafe struct IndexAddKernel<T>(
    T* g, AxisView axis, int* index, int count, int skip, int width, T* y, bool accumulate) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _g = g;
    private readonly T* _y = y;
    private readonly int* _index = index;
    private readonly AxisView _axis = axis;
    private readonly int _count = count;
    private readonly int _skip = skip;
    private readonly int _width = width;
    private readonly bool _accumulate = accumulate;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        int inner = _axis.Inner, chunks = (inner + _width - 1) / _width;
        for (var chunk = from; chunk < to; chunk++)
        {
            int o = chunk / chunks, n0 = chunk % chunks * _width, width = Math.Min(_width, inner - n0);
            var y = _y + (long)o * _axis.Length * inner + n0;
            var g = _g + (long)o * _count * inner + n0;
            for (var i = 0; i < _axis.Length && !_accumulate; i++) new Span<T>(y + (long)i * inner, width).Clear();
            for (var i = 0; i < _count; i++)
                if (_index[i] != _skip) ZipRow<T, AddOp>.Run<S, V>(
                    y + (long)_index[i] * inner, true, g + (long)i * inner, true, y + (long)_index[i] * inner, width);
        }
    }
}

/// <summary>y[o, i, n] = x[o, index[o, i, n], n]; the range counts o.</summary>
internal readonly unsafe struct GatherKernel<E>(E* x, AxisView axis, int* index, int count, E* y) : IRange
    where E : unmanaged
{
    private readonly E* _x = x;
    private readonly E* _y = y;
    private readonly int* _index = index;
    private readonly AxisView _axis = axis;
    private readonly int _count = count;

    public void Run(int from, int to)
    {
        int inner = _axis.Inner, block = _count * inner;
        for (var o = from; o < to; o++)
        {
            var x = _x + (long)o * _axis.Length * inner;
            var at = (long)o * block;
            for (var i = 0; i < _count; i++)
                for (var n = 0; n < inner; n++, at++) _y[at] = x[(long)_index[at] * inner + n];
        }
    }
}

/// <summary>y[o, index[o, i, n], n] += g[o, i, n] from zero; the range counts o.</summary>
internal readonly unsafe struct ScatterAddKernel<T>(T* g, AxisView axis, int* index, int count, T* y) : IRange
    where T : unmanaged, INumberBase<T>
{
    private readonly T* _g = g;
    private readonly T* _y = y;
    private readonly int* _index = index;
    private readonly AxisView _axis = axis;
    private readonly int _count = count;

    public void Run(int from, int to)
    {
        int inner = _axis.Inner, block = _count * inner;
        for (var o = from; o < to; o++)
        {
            var y = _y + (long)o * _axis.Length * inner;
            new Span<T>(y, _axis.Length * inner).Clear();
            var at = (long)o * block;
            for (var i = 0; i < _count; i++)
                for (var n = 0; n < inner; n++, at++) y[(long)_index[at] * inner + n] += _g[at];
        }
    }
}
