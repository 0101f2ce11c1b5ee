using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu.Kernels;

/// <summary>
/// Row kernels of attention beside those of <see cref="SoftmaxRows"/>, on score rows in thread-local scratch that has
/// room for whole vectors: one pass over a row each, n elements read and written. Sums are kept in the lanes of a
/// vector and added up at the end, so their order depends on the vector width only.
/// </summary>
internal static unsafe partial class AttentionRows<T, V, S>
    where T : unmanaged, IFloatingPointIeee754<T>
    where V : unmanaged
    where S : ISimd<V, T>
{
    /// <summary>
    /// Elements from row to row of a map: room for whole vectors, and an odd number of lines, so that rows do not drive
    /// each other out of the cache.
    /// </summary>
    public static int Pitch(int n) => (((n * sizeof(T) + 63) / 64) | 1) * (64 / sizeof(T));

    /// <summary>s ← s + mask (null: s); returns the largest of its elements and of <paramref name="least"/>.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T MaskAndMax(T* s, T* mask, int n, T least)
    {
        V none = S.Set(T.NegativeInfinity), a = S.Set(least), b = none, tail = S.Mask(n % S.Count);
        var whole = n - n % S.Count;
        if (mask is not null)
        {
            for (var j = 0; j < whole; j += S.Count)
            {
                var v = S.Add(S.Load(s + j), S.Load(mask + j));
                S.Store(v, s + j);
                a = S.MaxFast(v, a);
            }
            if (whole < n)
                S.Store(S.Add(S.Load(s + whole), S.LoadPartial(mask + whole, n - whole, default)), s + whole);
        }
        else
        {
            var j = 0;
            for (; j <= whole - 2 * S.Count; j += 2 * S.Count)
            {
                a = S.MaxFast(S.Load(s + j), a);
                b = S.MaxFast(S.Load(s + j + S.Count), b);
            }
            if (j < whole) a = S.MaxFast(S.Load(s + j), a);
        }
        if (whole < n) b = S.MaxFast(S.Select(tail, S.Load(s + whole), none), b);
        return S.MaxLane(S.MaxFast(a, b));
    }

    /// <summary>
    /// s ← keep∘exp(s − max) with zeros in the padding; returns the sum of all exponentials, also of those dropped.
    /// Words null: everything is kept.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static T SumExp(T* s, T max, uint* words, uint threshold, int n)
    {
        // Nothing but −∞ so far: any finite shift gives zeros.
        V shift = S.Set(T.IsNegativeInfinity(max) ? T.Zero : max), sum = S.Set(T.Zero),
            none = S.Set(T.NegativeInfinity), tail = S.Mask(n % S.Count);
        var whole = n - n % S.Count;
        for (var j = 0; j < n; j += S.Count)
        {
            var x = S.Load(s + j);
            if (j == whole) x = S.Select(tail, x, none);
            var e = VectorMath.ExpBelow<S, V, T>(S.Sub(x, shift));
            sum = S.Add(sum, e);
            S.Store(words is null ? e : S.Keep(e, words + j, threshold), s + j);
        }
        return S.Sum(sum);
    }

    /// <summary>
    /// y[i] = factor/sum[i]·y[i] (0 where the sum is 0) and lse[i] = max[i] + ln sum[i]; rows of n elements at a pitch.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Normalize(T* y, nint pitch, int n, T* max, T* sum, T factor, int rows, T* lse)
    {
        int whole = n - n % S.Count, i;
        var tail = S.Mask(n - whole);
        var row = y;
        for (i = 0; i < rows; i++, row += pitch)
        {
            var f = S.Set(sum[i] == T.Zero ? T.Zero : factor / sum[i]);
            for (var d = 0; d < whole; d += S.Count) S.Store(S.Mul(S.Load(row + d), f), row + d);
            if (whole < n) S.StoreMasked(S.Mul(S.LoadMasked(row + whole, tail), f), row + whole, tail);
        }
        // The logarithm of an empty row's sum is −∞, as it should be.
        for (i = 0; i <= rows - S.Count; i += S.Count)
            S.Store(S.Add(S.Load(max + i), VectorMath.Log<S, V, T>(S.Load(sum + i))), lse + i);
        if (i < rows) S.StorePartial(S.Add(S.LoadPartial(max + i, rows - i, default),
            VectorMath.Log<S, V, T>(S.LoadPartial(sum + i, rows - i, default))), lse + i, rows - i);
    }

    /// <summary>to[i] = Σ x[i]·y[i] of rows of n elements at a pitch.</summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Dots(T* x, T* y, nint pitch, int n, int rows, T* to)
    {
        var whole = n - n % S.Count;
        var tail = S.Mask(n - whole);
        for (var i = 0; i < rows; i++, x += pitch, y += pitch)
        {
            var sum = S.Set(T.Zero);
            for (var d = 0; d < whole; d += S.Count) sum = S.MulAdd(S.Load(x + d), S.Load(y + d), sum);
            if (whole < n) sum = S.MulAdd(S.LoadMasked(x + whole, tail), S.LoadMasked(y + whole, tail), sum);
            to[i] = S.Sum(sum);
        }
    }

    /// <summary>
    /// The middle of the backward pass of a row: p = exp(s + mask − lse), dp the cotangents of the dropped-out
    /// probabilities; dp ← p·(keep·dp/(1 − rate) − d), s ← keep·p. Words null: everything is kept.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void Backward(T* s, T* dp, T* mask, T lse, T d, uint* words, uint threshold, T factor, int n)
    {
        V shift = S.Set(lse), dv = S.Set(d), f = S.Set(factor), tail = S.Mask(n % S.Count);
        var whole = n - n % S.Count;
        for (var j = 0; j < n; j += S.Count)
        {
            V x = S.Load(s + j), g = S.Load(dp + j);
            if (mask is not null) x = S.Add(x, j < whole ? S.Load(mask + j) : S.LoadPartial(mask + j, n - j, default));
            // The scratch has rubbish in the padding, perhaps NaN; scalar stores there would stall the loads of whole
            // vectors.
            if (j == whole)
            {
                x = S.Select(tail, x, S.Set(T.NegativeInfinity));
                g = S.And(g, tail);
            }
            var p = VectorMath.ExpBelow<S, V, T>(S.Sub(x, shift));
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
