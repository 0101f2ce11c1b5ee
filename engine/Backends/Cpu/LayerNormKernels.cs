using System.Numerics;
using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu;

// Layer norm of rows [rows, D]. Forward: mean, then the variance about it (two passes over a row in L1), then the affine
// map. Backward: per row the two inner products and dx; dgamma and dbeta into a partial a block of rows, combined later in
// order. Cost: 8 FLOP an element forward, 16 backward; x (and g) are read from memory once, y (dx) written once.

/// <summary>y = (x − mean)·rstd·gamma + beta.</summary>
internal readonly unsafe struct LayerNormKernel<T>(T* x, T* gamma, T* beta, T eps, int width, T* y, T* mean, T* rstd) : IKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    private readonly T* _x = x;
    private readonly T* _gamma = gamma;
    private readonly T* _beta = beta;
    private readonly T* _y = y;
    private readonly T* _mean = mean;
    private readonly T* _rstd = rstd;
    private readonly T _eps = eps;
    private readonly int _width = width;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var n = T.CreateTruncating(_width);
        for (var r = from; r < to; r++)
        {
            T* x = _x + (long)r * _width, y = _y + (long)r * _width;
            var mean = Rows.Reduce<S, V, T, SumOp>(x, _width) / n;
            var rstd = T.One / T.Sqrt(Squares<S, V>(x, mean, _width) / n + _eps);
            _mean[r] = mean;
            _rstd[r] = rstd;
            Affine<S, V>(x, mean, rstd, y);
        }
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

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Affine<S, V>(T* x, T mean, T rstd, T* y) where S : ISimd<V, T> where V : unmanaged
    {
        T* gamma = _gamma, beta = _beta;
        V m = S.Set(mean), s = S.Set(rstd);
        int n = _width, i = 0;
        for (; i <= n - S.Count; i += S.Count)
            S.Store(S.Fma(S.Mul(S.Sub(S.Load(x + i), m), s), S.Load(gamma + i), S.Load(beta + i)), y + i);
        if (i == n) return;
        var v = S.Mul(S.Sub(S.LoadPartial(x + i, n - i, default), m), s);
        S.StorePartial(S.Fma(v, S.LoadPartial(gamma + i, n - i, default), S.LoadPartial(beta + i, n - i, default)), y + i, n - i);
    }
}

/// <summary>Gradients of layer norm; an index is a block of rows, whose dgamma and dbeta go to partials [blocks, 2, D].</summary>
internal readonly unsafe struct LayerNormBackwardKernel<T>(T* x, T* gamma, T* mean, T* rstd, T* g, int rows, int width, int block, T* dx, T* partials) : IKernel<T>
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

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var b = from; b < to; b++)
        {
            var partial = _partials is null ? null : _partials + (long)b * 2 * _width;
            if (partial is not null) new Span<T>(partial, 2 * _width).Clear();
            var end = (int)Math.Min(_rows, ((long)b + 1) * _block);
            for (var r = b * _block; r < end; r++)
            {
                T* x = _x + (long)r * _width, g = _g + (long)r * _width;
                if (partial is not null) Parameters<S, V>(x, g, _mean[r], _rstd[r], partial);
                if (_dx is not null) Input<S, V>(x, g, _mean[r], _rstd[r], _dx + (long)r * _width);
            }
        }
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

    // dx = rstd·(g·gamma − mean(g·gamma) − x̂·mean(g·gamma·x̂))
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Input<S, V>(T* x, T* g, T mean, T rstd, T* dx) where S : ISimd<V, T> where V : unmanaged
    {
        var gamma = _gamma;
        int n = _width, i = 0;
        V m = S.Set(mean), s = S.Set(rstd), sum = default, dot = default;
        for (; i <= n - S.Count; i += S.Count)
        {
            var w = S.Mul(S.Load(g + i), S.Load(gamma + i));
            sum = S.Add(sum, w);
            dot = S.Fma(w, S.Mul(S.Sub(S.Load(x + i), m), s), dot);
        }
        if (i < n)
        {
            var w = S.Mul(S.LoadPartial(g + i, n - i, default), S.LoadPartial(gamma + i, n - i, default));
            sum = S.Add(sum, w);
            dot = S.Fma(w, S.Mul(S.Sub(S.LoadPartial(x + i, n - i, default), m), s), dot);
        }
        var count = T.CreateTruncating(n);
        V a = S.Set(S.Sum(sum) / count), b = S.Set(S.Sum(dot) / count);
        for (i = 0; i <= n - S.Count; i += S.Count)
        {
            var h = S.Mul(S.Sub(S.Load(x + i), m), s);
            S.Store(S.Mul(s, S.Sub(S.Sub(S.Mul(S.Load(g + i), S.Load(gamma + i)), a), S.Mul(h, b))), dx + i);
        }
        if (i == n) return;
        var rest = S.Mul(S.Sub(S.LoadPartial(x + i, n - i, default), m), s);
        var weighted = S.Mul(S.LoadPartial(g + i, n - i, default), S.LoadPartial(gamma + i, n - i, default));
        S.StorePartial(S.Mul(s, S.Sub(S.Sub(weighted, a), S.Mul(rest, b))), dx + i, n - i);
    }
}
