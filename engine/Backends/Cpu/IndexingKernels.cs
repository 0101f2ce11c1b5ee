using System.Numerics;

namespace AmcEngine.Backends.Cpu;

// Selection by indices that were checked before. Layout: x [outer, length, inner]; where inner is large an index moves a
// contiguous run. Sums go to a destination in the order of i on one thread: threads share out columns or outer blocks.
// Cost: at most one FLOP an element; the moved elements and the indices once, and the destination of a sum once.

/// <summary>y[o, i, :] = x[o, index[i], :]; the range counts rows (o, i).</summary>
internal readonly unsafe struct IndexSelectKernel<E>(E* x, AxisView axis, int* index, int count, E* y) : IRange where E : unmanaged
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

/// <summary>y[o, index[i], n] += g[o, i, n]; the range counts columns (o, n), of which a tile holds whole cache lines.</summary>
internal readonly unsafe struct IndexAddKernel<T>(T* g, AxisView axis, int* index, int count, int skip, int width, T* y, bool accumulate) : IKernel<T>
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
                if (_index[i] != _skip) ZipRow<T, AddOp>.Run<S, V>(y + (long)_index[i] * inner, true, g + (long)i * inner, true, y + (long)_index[i] * inner, width);
        }
    }
}

/// <summary>y[o, i, n] = x[o, index[o, i, n], n]; the range counts o.</summary>
internal readonly unsafe struct GatherKernel<E>(E* x, AxisView axis, int* index, int count, E* y) : IRange where E : unmanaged
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
internal readonly unsafe struct ScatterAddKernel<T>(T* g, AxisView axis, int* index, int count, T* y) : IRange where T : unmanaged, INumberBase<T>
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
