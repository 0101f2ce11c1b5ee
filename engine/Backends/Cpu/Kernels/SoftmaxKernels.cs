using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// Softmax. Layout: rows of contiguous elements that stay in L1 between the passes, several short ones pass by pass,
// since the end of a row's reduction waits and that of the next row does not; softmax over an inner axis runs a vector
// of columns down the axis. Fused: maximum, exponential, sum and scaling. Sums are taken in a fixed order within a row.
// Traffic: x (and g) once, y once.

/// <summary>Softmax, with a mask or without.</summary>
internal sealed class SoftmaxKernels(CpuHost host) : CpuKernels(host), ISoftmaxKernels
{
    /// <inheritdoc/>
    public void Run(in SoftmaxArgs args)
    {
        if (args.Y.DType == DType.F64) Softmax<double>(args);
        else Softmax<float>(args);
    }

    private unsafe void Softmax<T>(in SoftmaxArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (x, axis, log, y) = args;
        if (y.Count == 0) return;
        var tile = RowTile(DearTile, (long)axis.Length * axis.Inner);
        if (axis.Inner == 1) Run<T, SoftmaxRowsKernel<T>>(
            new SoftmaxRowsKernel<T>(Ptr<T>(x), axis.Length, log, Streams(y), Ptr<T>(y)), axis.Outer, tile);
        else Run<T, SoftmaxColumnsKernel<T>>(
            new SoftmaxColumnsKernel<T>(Ptr<T>(x), axis, log, Ptr<T>(y)), axis.Outer, tile);
    }

    /// <inheritdoc/>
    public void Run(in SoftmaxBackwardArgs args)
    {
        if (args.Y.DType == DType.F64) SoftmaxBackward<double>(args);
        else SoftmaxBackward<float>(args);
    }

    private unsafe void SoftmaxBackward<T>(in SoftmaxBackwardArgs args) where T : unmanaged, IFloatingPointIeee754<T> =>
        Run<T, SoftmaxBackwardKernel<T>>(
            new SoftmaxBackwardKernel<T>(Ptr<T>(args.Y), Ptr<T>(args.G), args.Axis, args.Log, Ptr<T>(args.Dx)),
            args.Axis.Outer, RowTile(args.Log ? DearTile : CheapTile, (long)args.Axis.Length * args.Axis.Inner));

    /// <inheritdoc/>
    public void Run(in MaskedSoftmaxArgs args)
    {
        if (args.X.Count == 0) return;
        if (args.X.DType == DType.F64) MaskedSoftmax<double>(args);
        else MaskedSoftmax<float>(args);
    }

    private unsafe void MaskedSoftmax<T>(in MaskedSoftmaxArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (x, scale, mask, maskBatch, maskHead, maskRow, y) = args;
        var kernel = new MaskedSoftmaxKernel<T>(
            Ptr<T>(x), T.CreateChecked(scale), x.Shape, PtrOrNull<T>(mask), maskBatch, maskHead, maskRow, Ptr<T>(y));
        RunTiles(x.Shape[0] * x.Shape[1], 30.0 * x.Count,
            (from, to) => SimdDispatch.Run<T, MaskedSoftmaxKernel<T>>(kernel, from, to));
    }
}

/// <summary>Softmax of rows.</summary>
internal readonly unsafe struct SoftmaxRowsKernel<T>(T* x, int length, bool log, bool far, T* y) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly int _length = length;
    private readonly bool _log = log;

    // Whether the rows are too many for the caches.
    private readonly bool _far = far;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        T* max = stackalloc T[SoftmaxRows.Group], sum = stackalloc T[SoftmaxRows.Group];
        var group = SoftmaxRows.Together<T>(_length);
        for (var r = from; r < to; r += group)
        {
            var rows = Math.Min(group, to - r);
            T* x = _x + (long)r * _length, y = _y + (long)r * _length;
            for (var i = 0; i < rows; i++) max[i] = Rows.Reduce<S, V, T, FastMaxOp>(x + (long)i * _length, _length);
            for (var i = 0; i < rows; i++)
            {
                var at = (long)i * _length;
                sum[i] = _log ? SoftmaxRows.SumExp<S, V, T>(x + at, max[i], _length) : SoftmaxRows.SumExp<S, V, T>(
                    x + at, max[i], y + at, _length, _far ? (nint)group * _length : 0);
            }
            for (var i = 0; i < rows; i++)
            {
                var at = (long)i * _length;
                if (_log) SoftmaxRows.Shift<S, V, T>(x + at, max[i], T.Log(sum[i]), y + at, _length);
                else SoftmaxRows.Scale<S, V, T>(y + at, T.One / sum[i], y + at, _length);
            }
        }
    }
}

/// <summary>The passes of a row of softmax.</summary>
internal static unsafe class SoftmaxRows
{
    /// <summary>Most rows that take a pass together.</summary>
    public const int Group = 8;

    // About so many bytes of theirs stay in L1.
    private const int GroupBytes = 12 * 1024;

    /// <summary>Rows of so many elements that take a pass together.</summary>
    public static int Together<T>(int length) where T : unmanaged =>
        (int)Math.Clamp(GroupBytes / ((long)length * sizeof(T)), 1, Group);

    /// <summary>Σ exp(x − max).</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T SumExp<S, V, T>(T* x, T max, int n)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T>
    {
        V top = S.Set(max), a = default;
        var i = 0;
        for (; i <= n - S.Count; i += S.Count) a = S.Add(a, VectorMath.ExpBelow<S, V, T>(S.Sub(S.Load(x + i), top)));
        if (i < n) a = S.Add(
            a, VectorMath.ExpBelow<S, V, T>(S.Sub(S.LoadPartial(x + i, n - i, S.Set(T.NegativeInfinity)), top)));
        return S.Sum(a);
    }

    /// <summary>
    /// y = exp(x − max), the two may be the same; returns Σ y. Asks for what lies <paramref name="ahead"/> elements
    /// further, if not 0.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T SumExp<S, V, T>(T* x, T max, T* y, int n, nint ahead = 0)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T>
    {
        V top = S.Set(max), a = default;
        var i = 0;
        for (; i <= n - S.Count; i += S.Count)
        {
            if (ahead != 0) Prefetch.Nearest(x + i + ahead);
            var e = VectorMath.ExpBelow<S, V, T>(S.Sub(S.Load(x + i), top));
            S.Store(e, y + i);
            a = S.Add(a, e);
        }
        if (i < n)
        {
            var e = VectorMath.ExpBelow<S, V, T>(S.Sub(S.LoadPartial(x + i, n - i, S.Set(T.NegativeInfinity)), top));
            S.StorePartial(e, y + i, n - i);
            a = S.Add(a, e);
        }
        return S.Sum(a);
    }

    /// <summary>y = factor·x; the two may be the same.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Scale<S, V, T>(T* x, T factor, T* y, int n)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        var f = S.Set(factor);
        var i = 0;
        for (; i <= n - S.Count; i += S.Count) S.Store(S.Mul(S.Load(x + i), f), y + i);
        if (i < n) S.StorePartial(S.Mul(S.LoadPartial(x + i, n - i, default), f), y + i, n - i);
    }

    /// <summary>y = (x − max) − log, in two steps: their sum would round away the small one.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Shift<S, V, T>(T* x, T max, T log, T* y, int n)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        V m = S.Set(max), l = S.Set(log);
        var i = 0;
        for (; i <= n - S.Count; i += S.Count) S.Store(S.Sub(S.Sub(S.Load(x + i), m), l), y + i);
        if (i < n) S.StorePartial(S.Sub(S.Sub(S.LoadPartial(x + i, n - i, default), m), l), y + i, n - i);
    }
}

/// <summary>Softmax down columns; an index is one vector of columns of one outer block.</summary>
internal readonly unsafe struct SoftmaxColumnsKernel<T>(T* x, AxisView axis, bool log, T* y) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly AxisView _axis = axis;
    private readonly bool _log = log;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var o = from; o < to; o++)
            for (var n = 0; n < _axis.Inner; n += S.Count)
            {
                var at = (long)o * _axis.Length * _axis.Inner + n;
                Column<S, V>(_x + at, _y + at, Math.Min(S.Count, _axis.Inner - n));
            }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Column<S, V>(T* x, T* y, int width) where S : ISimd<V, T> where V : unmanaged
    {
        int inner = _axis.Inner, length = _axis.Length;
        V max = S.Set(T.NegativeInfinity), sum = default;
        for (var i = 0; i < length; i++) max = S.MaxFast(max, S.LoadPartial(x + (long)i * inner, width, default));
        for (var i = 0; i < length; i++)
        {
            var e = VectorMath.ExpBelow<S, V, T>(S.Sub(S.LoadPartial(x + (long)i * inner, width, default), max));
            sum = S.Add(sum, e);
            if (!_log) S.StorePartial(e, y + (long)i * inner, width);
        }
        var scale = _log ? VectorMath.Log<S, V, T>(sum) : S.Div(S.Set(T.One), sum);
        for (var i = 0; i < length; i++)
        {
            var at = (long)i * inner;
            var v = _log ? S.Sub(S.Sub(S.LoadPartial(x + at, width, default), max), scale) : S.Mul(
                S.LoadPartial(y + at, width, default), scale);
            S.StorePartial(v, y + at, width);
        }
    }
}

/// <summary>Gradient of softmax over any axis.</summary>
internal readonly unsafe struct SoftmaxBackwardKernel<T>(T* y, T* g, AxisView axis, bool log, T* dx) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _y = y;
    private readonly T* _g = g;
    private readonly T* _dx = dx;
    private readonly AxisView _axis = axis;
    private readonly bool _log = log;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var o = from; o < to; o++)
        {
            var at = (long)o * _axis.Length * _axis.Inner;
            if (_axis.Inner == 1) Row<S, V>(_y + at, _g + at, _dx + at);
            else
                for (var n = 0; n < _axis.Inner; n += S.Count)
                    Column<S, V>(_y + at + n, _g + at + n, _dx + at + n, Math.Min(S.Count, _axis.Inner - n));
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Row<S, V>(T* y, T* g, T* dx) where S : ISimd<V, T> where V : unmanaged
    {
        int n = _axis.Length, i = 0;
        V sum = default;
        for (; i <= n - S.Count; i += S.Count)
            sum = _log ? S.Add(sum, S.Load(g + i)) : S.Fma(S.Load(y + i), S.Load(g + i), sum);
        if (i < n)
        {
            var v = S.LoadPartial(g + i, n - i, default);
            sum = _log ? S.Add(sum, v) : S.Fma(S.LoadPartial(y + i, n - i, default), v, sum);
        }
        var total = S.Set(S.Sum(sum));
        for (i = 0; i <= n - S.Count; i += S.Count)
            S.Store(Gradient<S, V>(S.Load(y + i), S.Load(g + i), total), dx + i);
        if (i < n) S.StorePartial(Gradient<S, V>(
            S.LoadPartial(y + i, n - i, default), S.LoadPartial(g + i, n - i, default), total), dx + i, n - i);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Column<S, V>(T* y, T* g, T* dx, int width) where S : ISimd<V, T> where V : unmanaged
    {
        long inner = _axis.Inner, end = _axis.Length * inner;
        V total = default;
        for (long i = 0; i < end; i += inner)
        {
            var v = S.LoadPartial(g + i, width, default);
            total = _log ? S.Add(total, v) : S.Fma(S.LoadPartial(y + i, width, default), v, total);
        }
        for (long i = 0; i < end; i += inner)
            S.StorePartial(Gradient<S, V>(
                S.LoadPartial(y + i, width, default), S.LoadPartial(g + i, width, default), total), dx + i, width);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private V Gradient<S, V>(V y, V g, V total) where S : ISimd<V, T> where V : unmanaged =>
        _log ? S.Sub(g, S.Mul(VectorMath.Exp<S, V, T>(y), total)) : S.Mul(y, S.Sub(g, total));
}

/// <summary>y = softmax(scale·x + mask) of rows [B, H, rows, n]; the range counts heads (sample, head).</summary>
internal readonly unsafe struct MaskedSoftmaxKernel<T>(
    T* x, T scale, Shape shape, T* mask, long maskBatch, long maskHead, int maskRow, T* y) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _mask = mask;
    private readonly T* _y = y;
    private readonly T _scale = scale;
    private readonly long _maskBatch = maskBatch;
    private readonly long _maskHead = maskHead;
    private readonly int _maskRow = maskRow;
    private readonly int _heads = shape[1];
    private readonly int _rows = shape[2];
    private readonly int _length = shape[3];

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var t = from; t < to; t++)
        {
            int b = t / _heads, h = t % _heads;
            for (var i = 0; i < _rows; i++)
            {
                var at = ((nint)t * _rows + i) * _length;
                var row = _mask is null ? null : _mask + b * _maskBatch + h * _maskHead + (nint)i * _maskRow;
                AttentionKernel<T, V, S>.SoftmaxRow(_x + at, _scale, row, _length, _y + at);
            }
        }
    }
}
