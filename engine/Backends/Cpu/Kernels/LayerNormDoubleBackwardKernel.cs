using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu.Kernels;

// Gradient of the gradient of layer norm. With n = (x − mean)·rstd, w = gamma∘g and J(u) = rstd·(u − mean u −
// n·mean(n∘u)), the Jacobian of n in x (symmetric), the backward pass is dx = J(w), dgamma = Σ g∘n, dbeta = Σ g. From
// the cotangents X, a and b of these, with N = J(X):
//   dg = gamma∘N + a∘n + b;  dgamma = Σ g∘N;
//   dx = J(a∘g − rstd·(mean(n∘X)·w + mean(w∘n)·X)) − rstd·mean(w∘N)·n.
// Layout: rows [rows, D]; a row stays in L1 between the three passes: the sums, dg and dgamma, dx.
// Accumulated: dgamma into a partial a block of rows, combined later in order.
// Traffic: x, g and X are read from memory once, dx and dg written once.

/// <summary>
/// Double backward pass of layer norm; an index is a block of rows, whose dgamma goes to partials [blocks, D].
/// </summary>
internal readonly unsafe struct LayerNormDoubleBackwardKernel<T> : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T>
{
    public required T* X { get; init; }
    public required T* Gamma { get; init; }
    public required T* Mean { get; init; }
    public required T* Rstd { get; init; }
    public required T* G { get; init; }
    public required T* Ddx { get; init; }

    /// <summary>Elements from row to row of ddx: D, or 0 where one row of zeros stands for all.</summary>
    public required int DdxStride { get; init; }
    public required T* Ddgamma { get; init; }
    public required T* Ddbeta { get; init; }
    public required int Rows { get; init; }
    public required int Width { get; init; }
    public required int Block { get; init; }
    public required T* Dx { get; init; }
    public required T* Dg { get; init; }
    public required T* Partials { get; init; }

    /// <summary>Means over a row.</summary>
    private struct Means
    {
        public T X;
        public T XN;
        public T W;
        public T WN;
        public T AG;
        public T AGN;
    }

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        for (var b = from; b < to; b++)
        {
            var partial = Partials + (long)b * Width;
            new Span<T>(partial, Width).Clear();
            var end = (int)Math.Min(Rows, ((long)b + 1) * Block);
            for (var r = b * Block; r < end; r++)
            {
                var at = (long)r * Width;
                T* x = X + at, g = G + at, ddx = Ddx + (long)r * DdxStride;
                Sums<S, V>(x, g, ddx, Mean[r], Rstd[r], out var means);
                var dot = Cotangent<S, V>(x, g, ddx, Mean[r], Rstd[r], means, partial, Dg + at);
                Input<S, V>(x, g, ddx, Mean[r], Rstd[r], means, dot, Dx + at);
            }
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Load<S, V>(T* p, int i, int n) where S : ISimd<V, T> where V : unmanaged =>
        i <= n - S.Count ? S.Load(p + i) : S.LoadPartial(p + i, n - i, default);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Store<S, V>(V v, T* p, int i, int n) where S : ISimd<V, T> where V : unmanaged
    {
        if (i <= n - S.Count) S.Store(v, p + i);
        else S.StorePartial(v, p + i, n - i);
    }

    // Lanes beyond the row are 0 in g and ddx, so that they add nothing.
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Sums<S, V>(T* x, T* g, T* ddx, T mean, T rstd, out Means means)
        where S : ISimd<V, T> where V : unmanaged
    {
        T* gamma = Gamma, a = Ddgamma;
        var n = Width;
        V m = S.Set(mean), s = S.Set(rstd), sumX = default, dotX = default, sumW = default, dotW = default,
            sumA = default, dotA = default;
        for (var i = 0; i < n; i += S.Count)
        {
            V h = S.Mul(S.Sub(Load<S, V>(x, i, n), m), s), v = Load<S, V>(g, i, n), y = Load<S, V>(ddx, i, n);
            V w = S.Mul(v, Load<S, V>(gamma, i, n)), u = S.Mul(v, Load<S, V>(a, i, n));
            sumX = S.Add(sumX, y);
            dotX = S.MulAdd(y, h, dotX);
            sumW = S.Add(sumW, w);
            dotW = S.MulAdd(w, h, dotW);
            sumA = S.Add(sumA, u);
            dotA = S.MulAdd(u, h, dotA);
        }
        var count = T.CreateTruncating(n);
        means.X = S.Sum(sumX) / count;
        means.XN = S.Sum(dotX) / count;
        means.W = S.Sum(sumW) / count;
        means.WN = S.Sum(dotW) / count;
        means.AG = S.Sum(sumA) / count;
        means.AGN = S.Sum(dotA) / count;
    }

    // dg and the row's share of dgamma; returns mean(w∘N).
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private T Cotangent<S, V>(T* x, T* g, T* ddx, T mean, T rstd, in Means means, T* dgamma, T* dg)
        where S : ISimd<V, T> where V : unmanaged
    {
        T* gamma = Gamma, a = Ddgamma, b = Ddbeta;
        var n = Width;
        V m = S.Set(mean), s = S.Set(rstd), mx = S.Set(means.X), mxn = S.Set(means.XN), dot = default;
        for (var i = 0; i < n; i += S.Count)
        {
            V h = S.Mul(S.Sub(Load<S, V>(x, i, n), m), s), v = Load<S, V>(g, i, n), c = Load<S, V>(gamma, i, n);
            var t = S.Mul(s, S.Sub(S.Sub(Load<S, V>(ddx, i, n), mx), S.Mul(h, mxn)));
            dot = S.MulAdd(S.Mul(v, c), t, dot);
            Store<S, V>(S.MulAdd(v, t, Load<S, V>(dgamma, i, n)), dgamma, i, n);
            Store<S, V>(S.MulAdd(c, t, S.MulAdd(Load<S, V>(a, i, n), h, Load<S, V>(b, i, n))), dg, i, n);
        }
        return S.Sum(dot) / T.CreateTruncating(n);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Input<S, V>(T* x, T* g, T* ddx, T mean, T rstd, in Means means, T dot, T* dx)
        where S : ISimd<V, T> where V : unmanaged
    {
        T* gamma = Gamma, a = Ddgamma;
        var n = Width;
        T byW = rstd * means.XN, byX = rstd * means.WN;
        // Mean of u, and the factor of n: mean(n∘u) + mean(w∘N).
        var centre = means.AG - byW * means.W - byX * means.X;
        var along = means.AGN - (byW * means.WN + byX * means.XN) + dot;
        V m = S.Set(mean), s = S.Set(rstd), cw = S.Set(byW), cx = S.Set(byX), mu = S.Set(centre), mn = S.Set(along);
        for (var i = 0; i < n; i += S.Count)
        {
            // The next row.
            Prefetch.Nearest(x + i + n);
            Prefetch.Nearest(g + i + n);
            Prefetch.Nearest(ddx + i + n);
            V h = S.Mul(S.Sub(Load<S, V>(x, i, n), m), s), v = Load<S, V>(g, i, n);
            var factor = S.Sub(Load<S, V>(a, i, n), S.Mul(cw, Load<S, V>(gamma, i, n)));
            var u = S.Sub(S.Mul(v, factor), S.Mul(cx, Load<S, V>(ddx, i, n)));
            Store<S, V>(S.Mul(s, S.Sub(S.Sub(u, mu), S.Mul(h, mn))), dx, i, n);
        }
    }
}
