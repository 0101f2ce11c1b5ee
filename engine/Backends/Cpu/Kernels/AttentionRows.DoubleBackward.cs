using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu.Kernels;

/// <summary>
/// One row of the four tiles of the double backward pass, n elements each with room for whole vectors; words null:
/// everything is kept.
/// </summary>
internal readonly unsafe struct DoubleBackwardRow<T>(
    T* p, T* dp, T* t, T* u, int n, uint* words, uint threshold, T factor) where T : unmanaged
{
    public readonly T* P = p;
    public readonly T* Dp = dp;
    public readonly T* Tangent = t;
    public readonly T* U = u;
    public readonly int N = n;
    public readonly uint* Words = words;
    public readonly uint Threshold = threshold;
    public readonly T Factor = factor;
}

internal static unsafe partial class AttentionRows<T, V, S>
{
    /// <summary>
    /// First pass over a row: p ← exp(p + mask − lse), dp ← m·dp − d, u ← m·u with the dropout factors m.
    /// Returns Σ p·t and Σ p·(dp·t + u).
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static (T Mean, T Correction) DoubleBackwardSums(in DoubleBackwardRow<T> row, T* mask, T lse, T d)
    {
        T* p = row.P, dp = row.Dp, t = row.Tangent, u = row.U;
        var words = row.Words;
        var n = row.N;
        V shift = S.Set(lse), dv = S.Set(d), f = S.Set(row.Factor), sumT = S.Set(T.Zero), sumA = sumT,
            tail = S.Mask(n % S.Count);
        var whole = n - n % S.Count;
        for (var j = 0; j < n; j += S.Count)
        {
            var x = S.Load(p + j);
            if (mask is not null) x = S.Add(x, j < whole ? S.Load(mask + j) : S.LoadPartial(mask + j, n - j, default));
            V g = S.Load(dp + j), v = S.Load(u + j), s = S.Load(t + j);
            // The scratch has rubbish in the padding, perhaps NaN; scalar stores there would stall the loads of whole
            // vectors.
            if (j == whole)
            {
                x = S.Select(tail, x, S.Set(T.NegativeInfinity));
                g = S.And(g, tail);
                v = S.And(v, tail);
                s = S.And(s, tail);
                S.Store(s, t + j);
                S.Store(v, u + j);
            }
            var e = VectorMath.ExpBelow<S, V, T>(S.Sub(x, shift));
            if (words is not null)
            {
                g = S.Keep(S.Mul(g, f), words + j, row.Threshold);
                v = S.Keep(S.Mul(v, f), words + j, row.Threshold);
                S.Store(v, u + j);
            }
            g = S.Sub(g, dv);
            S.Store(e, p + j);
            S.Store(g, dp + j);
            sumT = S.MulAdd(e, s, sumT);
            sumA = S.MulAdd(e, S.MulAdd(g, s, v), sumA);
        }
        return (S.Sum(sumT), S.Sum(sumA));
    }

    /// <summary>
    /// Second pass: with t' = t − mean, u ← p·(dp·t' + u − correction), t ← m·p·t', dp ← p·dp, p ← m·p.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public static void DoubleBackward(in DoubleBackwardRow<T> row, T mean, T correction)
    {
        T* p = row.P, dp = row.Dp, t = row.Tangent, u = row.U;
        var words = row.Words;
        V m = S.Set(mean), c = S.Set(correction), f = S.Set(row.Factor);
        for (var j = 0; j < row.N; j += S.Count)
        {
            V e = S.Load(p + j), g = S.Load(dp + j), s = S.Sub(S.Load(t + j), m);
            S.Store(S.Mul(e, S.MulAdd(g, s, S.Sub(S.Load(u + j), c))), u + j);
            S.Store(S.Mul(e, g), dp + j);
            if (words is not null)
            {
                e = S.Keep(S.Mul(e, f), words + j, row.Threshold);
                S.Store(e, p + j);
            }
            S.Store(S.Mul(e, s), t + j);
        }
    }
}
