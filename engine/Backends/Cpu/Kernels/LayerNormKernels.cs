using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// Layer norm of rows [rows, D]. Forward: mean, then the variance about it, then the affine map, each pass for several
// rows in L1: the end of a row's reduction waits, that of the next row does not. Backward: per row one pass for its two
// inner products and its share of dgamma and dbeta, and one for dx; the shares go into a partial a block of rows,
// combined later in order.
// Traffic: x (and g) are read from memory once, y (dx) written once.

/// <summary>Layer norm. Partials of the parameters are added up by the column reduction.</summary>
internal sealed class LayerNormKernels(CpuHost host, ReductionKernels reduction) : CpuKernels(host), ILayerNormKernels
{
    /// <summary>Rows that share one partial of dgamma and dbeta.</summary>
    private const int LayerNormBlock = 32;

    /// <inheritdoc/>
    public void Run(in LayerNormArgs args)
    {
        if (args.Y.DType == DType.F64) LayerNorm<double>(args);
        else LayerNorm<float>(args);
    }

    private unsafe void LayerNorm<T>(in LayerNormArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (x, gamma, beta, eps, y, mean, rstd) = args;
        if (x.Count == 0) return;
        var kernel = new LayerNormKernel<T>(Ptr<T>(x), Ptr<T>(gamma), Ptr<T>(beta), Cast<T>(eps), gamma.Count,
            Ptr<T>(y), Ptr<T>(mean), Ptr<T>(rstd), Streams(y));
        Run<T, LayerNormKernel<T>>(kernel, mean.Count, RowTile(CheapTile / 2, gamma.Count));
    }

    /// <inheritdoc/>
    public void Run(in LayerNormBackwardArgs args)
    {
        if (args.X.DType == DType.F64) LayerNormBackward<double>(args);
        else LayerNormBackward<float>(args);
    }

    private unsafe void LayerNormBackward<T>(in LayerNormBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (x, gamma, mean, rstd, g, dx, dgamma, dbeta) = args;
        int rows = mean.Count, width = gamma.Count, blocks = (rows + LayerNormBlock - 1) / LayerNormBlock;
        var parameters = dgamma is not null || dbeta is not null;
        using var scratch = Borrow(parameters ? (2L * blocks + 2) * width * sizeof(T) : 0);
        var partials = parameters ? (T*)scratch.Pointer : null;
        var kernel = new LayerNormBackwardKernel<T>(
            Ptr<T>(x), Ptr<T>(gamma), Ptr<T>(mean), Ptr<T>(rstd), Ptr<T>(g), rows, width, LayerNormBlock,
            dx is null ? null : Ptr<T>(dx), dx is not null && Streams(dx), partials);
        Run<T, LayerNormBackwardKernel<T>>(kernel, blocks, RowTile(CheapTile / 2, (long)LayerNormBlock * width));
        if (!parameters) return;
        var sums = partials + 2L * blocks * width;
        reduction.ReduceColumns<T, SumOp>(partials, new AxisView(1, blocks, 2 * width), sums);
        if (dgamma is not null) new ReadOnlySpan<T>(sums, width).CopyTo(new Span<T>(Ptr<T>(dgamma), width));
        if (dbeta is not null) new ReadOnlySpan<T>(sums + width, width).CopyTo(new Span<T>(Ptr<T>(dbeta), width));
    }

    /// <inheritdoc/>
    public void Run(in LayerNormDoubleBackwardArgs args)
    {
        if (args.X.DType == DType.F64) LayerNormDoubleBackward<double>(args);
        else LayerNormDoubleBackward<float>(args);
    }

    private unsafe void LayerNormDoubleBackward<T>(in LayerNormDoubleBackwardArgs args)
        where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (x, gamma, mean, rstd, g, ddx, ddgamma, ddbeta, dx, dgamma, dg) = args;
        int rows = mean.Count, width = gamma.Count, blocks = (rows + LayerNormBlock - 1) / LayerNormBlock;
        using var scratch = Borrow((blocks + 1L) * width * sizeof(T));
        var partials = (T*)scratch.Pointer;
        // One row of zeros stands for every cotangent that is null.
        var zeros = partials + (long)blocks * width;
        new Span<T>(zeros, width).Clear();
        var kernel = new LayerNormDoubleBackwardKernel<T>
        {
            X = Ptr<T>(x),
            Gamma = Ptr<T>(gamma),
            Mean = Ptr<T>(mean),
            Rstd = Ptr<T>(rstd),
            G = Ptr<T>(g),
            Ddx = ddx is null ? zeros : Ptr<T>(ddx),
            DdxStride = ddx is null ? 0 : width,
            Ddgamma = ddgamma is null ? zeros : Ptr<T>(ddgamma),
            Ddbeta = ddbeta is null ? zeros : Ptr<T>(ddbeta),
            Rows = rows,
            Width = width,
            Block = LayerNormBlock,
            Dx = Ptr<T>(dx),
            Dg = Ptr<T>(dg),
            Partials = partials,
        };
        Run<T, LayerNormDoubleBackwardKernel<T>>(kernel, blocks, RowTile(CheapTile / 4, (long)LayerNormBlock * width));
        reduction.ReduceColumns<T, SumOp>(partials, new AxisView(1, blocks, width), Ptr<T>(dgamma));
    }
}

/// <summary>y = (x − mean)·rstd·gamma + beta.</summary>
internal readonly unsafe struct LayerNormKernel<T>(
    T* x, T* gamma, T* beta, T eps, int width, T* y, T* mean, T* rstd, bool stream) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _gamma = gamma;
    private readonly T* _beta = beta;
    private readonly T* _y = y;
    private readonly T* _mean = mean;
    private readonly T* _rstd = rstd;
    private readonly T _eps = eps;
    private readonly bool _stream = stream;
    private readonly int _width = width;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var n = T.CreateTruncating(_width);
        var group = SoftmaxRows.Together<T>(_width);
        for (var first = from; first < to; first += group)
        {
            var end = Math.Min(to, first + group);
            for (var r = first; r < end; r++) _mean[r] = Rows.Reduce<S, V, T, SumOp>(_x + (long)r * _width, _width) / n;
            for (var r = first; r < end; r++)
                _rstd[r] = T.One / T.Sqrt(Squares<S, V>(_x + (long)r * _width, _mean[r], _width) / n + _eps);
            for (var r = first; r < end; r++)
            {
                T* x = _x + (long)r * _width, y = _y + (long)r * _width;
                if (_stream && (nint)y % sizeof(V) == 0)
                    Affine<S, V, WritePast>(x, _mean[r], _rstd[r], y, (nint)group * _width);
                else Affine<S, V, WriteCached>(x, _mean[r], _rstd[r], y, (nint)group * _width);
            }
        }
        if (_stream) SimdDispatch.StoreFence();
    }

    // Σ (x − mean)²
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static T Squares<S, V>(T* x, T mean, int n) where S : ISimd<V, T> where V : unmanaged
    {
        V m = S.Set(mean), a = default, b = default;
        var i = 0;
        for (; i <= n - 2 * S.Count; i += 2 * S.Count)
        {
            V d = S.Sub(S.Load(x + i), m), e = S.Sub(S.Load(x + i + S.Count), m);
            a = S.Fma(d, d, a);
            b = S.Fma(e, e, b);
        }
        for (; i < n; i += S.Count)
        {
            var d = S.Sub(i <= n - S.Count ? S.Load(x + i) : S.LoadPartial(x + i, n - i, m), m);
            a = S.Fma(d, d, a);
        }
        return S.Sum(S.Add(a, b));
    }

    // Asks for the same row of the next group.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Affine<S, V, W>(T* x, T mean, T rstd, T* y, nint ahead)
        where S : ISimd<V, T> where V : unmanaged where W : struct, IWrite
    {
        T* gamma = _gamma, beta = _beta;
        V m = S.Set(mean), s = S.Set(rstd);
        int n = _width, i = 0;
        for (; i <= n - S.Count; i += S.Count)
        {
            Prefetch.Nearest(x + i + ahead);
            W.Write<S, V, T>(S.Fma(S.Mul(S.Sub(S.Load(x + i), m), s), S.Load(gamma + i), S.Load(beta + i)), y + i);
        }
        if (i == n) return;
        var v = S.Mul(S.Sub(S.LoadPartial(x + i, n - i, default), m), s);
        S.StorePartial(
            S.Fma(v, S.LoadPartial(gamma + i, n - i, default), S.LoadPartial(beta + i, n - i, default)), y + i, n - i);
    }
}

/// <summary>
/// Gradients of layer norm; an index is a block of rows, whose dgamma and dbeta go to partials [blocks, 2, D].
/// </summary>
internal readonly unsafe struct LayerNormBackwardKernel<T>(T* x, T* gamma, T* mean, T* rstd, T* g, int rows, int width,
    int block, T* dx, bool stream, T* partials) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _gamma = gamma;
    private readonly T* _mean = mean;
    private readonly T* _rstd = rstd;
    private readonly T* _g = g;
    private readonly T* _dx = dx;
    private readonly T* _partials = partials;
    private readonly int _rows = rows;
    private readonly int _width = width;
    private readonly int _block = block;
    private readonly bool _stream = stream;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var count = T.CreateTruncating(_width);
        for (var b = from; b < to; b++)
        {
            var partial = _partials is null ? null : _partials + (long)b * 2 * _width;
            if (partial is not null) new Span<T>(partial, 2 * _width).Clear();
            var end = (int)Math.Min(_rows, ((long)b + 1) * _block);
            for (var r = b * _block; r < end; r++)
            {
                T* x = _x + (long)r * _width, g = _g + (long)r * _width;
                if (_dx is null)
                {
                    Parameters<S, V>(x, g, _mean[r], _rstd[r], partial);
                    continue;
                }
                T sum, dot;
                if (partial is null) Sums<S, V>(x, g, _mean[r], _rstd[r], out sum, out dot);
                else SumsAndParameters<S, V>(x, g, _mean[r], _rstd[r], partial, out sum, out dot);
                var dx = _dx + (long)r * _width;
                if (_stream && (nint)dx % sizeof(V) == 0)
                    Input<S, V, WritePast>(x, g, _mean[r], _rstd[r], sum / count, dot / count, dx);
                else Input<S, V, WriteCached>(x, g, _mean[r], _rstd[r], sum / count, dot / count, dx);
            }
        }
        if (_stream) SimdDispatch.StoreFence();
    }

    // dgamma += g·x̂, dbeta += g
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Parameters<S, V>(T* x, T* g, T mean, T rstd, T* partial) where S : ISimd<V, T> where V : unmanaged
    {
        int n = _width, i = 0;
        T* dgamma = partial, dbeta = partial + n;
        V m = S.Set(mean), s = S.Set(rstd);
        for (; i <= n - S.Count; i += S.Count)
        {
            V v = S.Load(g + i), h = S.Mul(S.Sub(S.Load(x + i), m), s);
            S.Store(S.Fma(v, h, S.Load(dgamma + i)), dgamma + i);
            S.Store(S.Add(v, S.Load(dbeta + i)), dbeta + i);
        }
        for (; i < n; i++)
        {
            dgamma[i] += g[i] * ((x[i] - mean) * rstd);
            dbeta[i] += g[i];
        }
    }

    // Σ g·gamma and Σ g·gamma·x̂, in the order of SumsAndParameters
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Sums<S, V>(T* x, T* g, T mean, T rstd, out T sum, out T dot) where S : ISimd<V, T> where V : unmanaged
    {
        int n = _width, i = 0;
        var gamma = _gamma;
        V m = S.Set(mean), s = S.Set(rstd), a = default, b = default, c = default, d = default;
        for (; i <= n - 2 * S.Count; i += 2 * S.Count)
        {
            var j = i + S.Count;
            V v = S.Mul(S.Load(g + i), S.Load(gamma + i)), u = S.Mul(S.Load(g + j), S.Load(gamma + j));
            a = S.Add(a, v);
            b = S.Add(b, u);
            c = S.Fma(v, S.Mul(S.Sub(S.Load(x + i), m), s), c);
            d = S.Fma(u, S.Mul(S.Sub(S.Load(x + j), m), s), d);
        }
        for (; i < n; i += S.Count)
        {
            var rest = Math.Min(S.Count, n - i);
            var v = S.Mul(S.LoadPartial(g + i, rest, default), S.LoadPartial(gamma + i, rest, default));
            a = S.Add(a, v);
            c = S.Fma(v, S.Mul(S.Sub(S.LoadPartial(x + i, rest, default), m), s), c);
        }
        sum = S.Sum(S.Add(a, b));
        dot = S.Sum(S.Add(c, d));
    }

    // Both of the above in one pass, two vectors a turn.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void SumsAndParameters<S, V>(T* x, T* g, T mean, T rstd, T* partial, out T sum, out T dot)
        where S : ISimd<V, T> where V : unmanaged
    {
        int n = _width, i = 0;
        T* gamma = _gamma, dgamma = partial, dbeta = partial + n;
        V m = S.Set(mean), s = S.Set(rstd), a = default, b = default, c = default, d = default;
        for (; i <= n - 2 * S.Count; i += 2 * S.Count)
        {
            var j = i + S.Count;
            V v = S.Load(g + i), u = S.Load(g + j);
            V h = S.Mul(S.Sub(S.Load(x + i), m), s), k = S.Mul(S.Sub(S.Load(x + j), m), s);
            S.Store(S.Fma(v, h, S.Load(dgamma + i)), dgamma + i);
            S.Store(S.Fma(u, k, S.Load(dgamma + j)), dgamma + j);
            S.Store(S.Add(v, S.Load(dbeta + i)), dbeta + i);
            S.Store(S.Add(u, S.Load(dbeta + j)), dbeta + j);
            v = S.Mul(v, S.Load(gamma + i));
            u = S.Mul(u, S.Load(gamma + j));
            a = S.Add(a, v);
            b = S.Add(b, u);
            c = S.Fma(v, h, c);
            d = S.Fma(u, k, d);
        }
        for (; i < n; i += S.Count)
        {
            var rest = Math.Min(S.Count, n - i);
            V v = S.LoadPartial(g + i, rest, default), h = S.Mul(S.Sub(S.LoadPartial(x + i, rest, default), m), s);
            S.StorePartial(S.Fma(v, h, S.LoadPartial(dgamma + i, rest, default)), dgamma + i, rest);
            S.StorePartial(S.Add(v, S.LoadPartial(dbeta + i, rest, default)), dbeta + i, rest);
            v = S.Mul(v, S.LoadPartial(gamma + i, rest, default));
            a = S.Add(a, v);
            c = S.Fma(v, h, c);
        }
        sum = S.Sum(S.Add(a, b));
        dot = S.Sum(S.Add(c, d));
    }

    // dx = rstd·(g·gamma − mean(g·gamma) − x̂·mean(g·gamma·x̂)), in this order and each product rounded, as the other
    // back ends do it: where rows are of one or two elements almost nothing is left of the difference. Asks for the
    // next row.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Input<S, V, W>(T* x, T* g, T mean, T rstd, T meanW, T meanWX, T* dx)
        where S : ISimd<V, T> where V : unmanaged where W : struct, IWrite
    {
        var gamma = _gamma;
        int n = _width, i = 0;
        V m = S.Set(mean), s = S.Set(rstd), a = S.Set(meanW), b = S.Set(meanWX);
        for (; i <= n - S.Count; i += S.Count)
        {
            Prefetch.Nearest(x + i + n);
            Prefetch.Nearest(g + i + n);
            var w = S.Sub(S.Mul(S.Load(g + i), S.Load(gamma + i)), a);
            W.Write<S, V, T>(S.Mul(s, S.Sub(w, S.Mul(S.Mul(S.Sub(S.Load(x + i), m), s), b))), dx + i);
        }
        if (i == n) return;
        V h = S.Mul(S.Sub(S.LoadPartial(x + i, n - i, default), m), s),
            rest = S.Sub(S.Mul(S.LoadPartial(g + i, n - i, default), S.LoadPartial(gamma + i, n - i, default)), a);
        S.StorePartial(S.Mul(s, S.Sub(rest, S.Mul(h, b))), dx + i, n - i);
    }
}
