using System.Numerics;
using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// Row kernels of attention beside those of <see cref="SoftmaxRows"/>, on score rows in thread-local scratch that has room
/// for whole vectors: one pass over a row each, n elements read and written. Sums are kept in the lanes of a vector and
/// added up at the end, so their order depends on the vector width only.
/// </summary>
internal static unsafe partial class AttentionRows<T, V, S>
    where T : unmanaged, IFloatingPointIeee754<T>
    where V : unmanaged
    where S : ISimd<V, T>
{
    /// <summary>Row length in whole vectors.</summary>
    public static int Padded(int n) => (n + S.Count - 1) / S.Count * S.Count;

    /// <summary>s ← s + mask (null: s); returns the largest element.</summary>
    public static T MaskAndMax(T* s, T* mask, int n) =>
        mask is null ? Rows.Reduce<S, V, T, FastMaxOp>(s, n) : AddAndMax(s, mask, n);

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static T AddAndMax(T* s, T* mask, int n)
    {
        V none = S.Set(T.NegativeInfinity), max = none;
        var j = 0;
        for (; j <= n - S.Count; j += S.Count)
        {
            var v = S.Add(S.Load(s + j), S.Load(mask + j));
            S.Store(v, s + j);
            max = S.MaxFast(v, max);
        }
        if (j < n)
        {
            var v = S.Add(S.LoadPartial(s + j, n - j, none), S.LoadPartial(mask + j, n - j, default));
            S.StorePartial(v, s + j, n - j);
            max = S.MaxFast(v, max);
        }
        return S.MaxLane(max);
    }

    /// <summary>s ← 0 where the word is below the threshold.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Drop(T* s, uint* words, uint threshold, int n)
    {
        for (var j = 0; j < n; j += S.Count) S.Store(S.Keep(S.Load(s + j), words + j, threshold), s + j);
    }

    /// <summary>Σ x·y.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T Dot(T* x, T* y, int n)
    {
        var sum = S.Set(T.Zero);
        var j = 0;
        for (; j <= n - S.Count; j += S.Count) sum = S.MulAdd(S.Load(x + j), S.Load(y + j), sum);
        if (j < n) sum = S.MulAdd(S.LoadPartial(x + j, n - j, default), S.LoadPartial(y + j, n - j, default), sum);
        return S.Sum(sum);
    }

    /// <summary>
    /// The middle of the backward pass of a row: p = exp(s + mask − lse), dp the cotangents of the dropped-out
    /// probabilities; dp ← p·(keep·dp/(1 − rate) − d), s ← keep·p. Words null: everything is kept.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Backward(T* s, T* dp, T* mask, T lse, T d, uint* words, uint threshold, T factor, int n)
    {
        // The scratch has rubbish in the padding, perhaps NaN.
        for (var i = n; i < Padded(n); i++)
        {
            s[i] = T.NegativeInfinity;
            dp[i] = T.Zero;
        }
        V shift = S.Set(lse), dv = S.Set(d), f = S.Set(factor);
        for (var j = 0; j < n; j += S.Count)
        {
            var x = S.Load(s + j);
            if (mask is not null) x = S.Add(x, j <= n - S.Count ? S.Load(mask + j) : S.LoadPartial(mask + j, n - j, default));
            var p = VectorMath.Exp<S, V, T>(S.Sub(x, shift));
            var g = S.Load(dp + j);
            if (words is not null)
            {
                g = S.Keep(S.Mul(g, f), words + j, threshold);
                S.Store(S.Keep(p, words + j, threshold), s + j);
            }
            else
            {
                S.Store(p, s + j);
            }
            S.Store(S.Mul(p, S.Sub(g, dv)), dp + j);
        }
    }
}
