using System.Numerics;
using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// Row kernels of attention, on score rows in thread-local scratch whose length is padded to whole vectors with −∞
/// (which exp turns into 0): one pass over a row each, n elements read and written. Sums are kept in the lanes of a
/// vector and added up at the end, so their order depends on the vector width only.
/// </summary>
internal static unsafe class AttentionRows<T, V, S>
    where T : unmanaged, IFloatingPointIeee754<T>
    where V : unmanaged
    where S : struct, IRowVector<V, T>
{
    /// <summary>Row length in whole vectors.</summary>
    public static int Padded(int n) => (n + S.Count - 1) / S.Count * S.Count;

    /// <summary>s ← s + mask (null: s), with the padding set; returns the largest element.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T MaskAndMax(T* s, T* mask, int n)
    {
        for (var i = n; i < Padded(n); i++) s[i] = T.NegativeInfinity;
        var max = S.Set(T.NegativeInfinity);
        var j = 0;
        if (mask is null)
        {
            for (; j < n; j += S.Count) max = S.Max(S.Load(s + j), max);
            return S.Largest(max);
        }
        for (; j <= n - S.Count; j += S.Count)
        {
            var v = S.Add(S.Load(s + j), S.Load(mask + j));
            S.Store(s + j, v);
            max = S.Max(v, max);
        }
        if (j < n)
        {
            var v = S.Add(S.Load(s + j), S.LoadMasked(mask + j, S.Mask(n - j)));
            S.Store(s + j, v);
            max = S.Max(v, max);
        }
        return S.Largest(max);
    }

    /// <summary>s ← exp(s − shift), padding included; returns the sum.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T ExpAndSum(T* s, T shift, int n)
    {
        var sum = S.Set(T.Zero);
        var m = S.Set(shift);
        for (var j = 0; j < n; j += S.Count)
        {
            var e = S.Exp(S.Sub(S.Load(s + j), m));
            S.Store(s + j, e);
            sum = S.Add(sum, e);
        }
        return S.Sum(sum);
    }

    /// <summary>s ← 0 where the word is below the threshold.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Drop(T* s, uint* words, uint threshold, int n)
    {
        for (var j = 0; j < n; j += S.Count) S.Store(s + j, S.Keep(S.Load(s + j), words + j, threshold));
    }

    /// <summary>y ← x·factor, n elements, nothing touched beyond.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Scale(T* x, T factor, T* y, int n)
    {
        var f = S.Set(factor);
        var j = 0;
        for (; j <= n - S.Count; j += S.Count) S.Store(y + j, S.Mul(S.Load(x + j), f));
        if (j == n) return;
        var mask = S.Mask(n - j);
        S.StoreMasked(y + j, mask, S.Mul(S.LoadMasked(x + j, mask), f));
    }

    /// <summary>Σ x·y.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static T Dot(T* x, T* y, int n)
    {
        var sum = S.Set(T.Zero);
        var j = 0;
        for (; j <= n - S.Count; j += S.Count) sum = S.Fma(S.Load(x + j), S.Load(y + j), sum);
        if (j < n)
        {
            var mask = S.Mask(n - j);
            sum = S.Fma(S.LoadMasked(x + j, mask), S.LoadMasked(y + j, mask), sum);
        }
        return S.Sum(sum);
    }

    /// <summary>
    /// The middle of the backward pass of a row: p = exp(s + mask − lse), dp the cotangents of the dropped-out
    /// probabilities; dp ← p·(keep·dp/(1 − rate) − d), s ← keep·p. Words null: everything is kept.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
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
            if (mask is not null) x = S.Add(x, j <= n - S.Count ? S.Load(mask + j) : S.LoadMasked(mask + j, S.Mask(n - j)));
            var p = S.Exp(S.Sub(x, shift));
            var g = S.Load(dp + j);
            if (words is not null)
            {
                g = S.Keep(S.Mul(g, f), words + j, threshold);
                S.Store(s + j, S.Keep(p, words + j, threshold));
            }
            else
            {
                S.Store(s + j, p);
            }
            S.Store(dp + j, S.Mul(p, S.Sub(g, dv)));
        }
    }
}
