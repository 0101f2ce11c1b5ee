using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;

namespace AmcEngine.Backends.Gpu.Kernels;

// Attention backward. Layout: HeadLayout strides; tilings as in AttentionTiling.cs. Probabilities are recomputed from
//   lse: P = exp(scale·QKᵀ + mask − lse), dP = D∘(G Vᵀ), δ = rowsum(G∘O), dS = P∘(dP − δ), D the dropout factor.
// Two kernels: query blocks give δ and dq = scale·dS K over ascending keys; then key blocks give dk = scale·dSᵀQ and
//   dv = (P∘D)ᵀG over ascending queries. No sum is shared between groups.
// Executes 3 and 4 products with a map, since each kernel recomputes its own, and an exp for each score in each.
// Traffic: own rows once, the others once a block. A row with lse −∞ has P = 0 and no gradient.

/// <summary>δ and dq.</summary>
internal readonly struct AttentionQueryGradientKernel<T, R, TTiling, TVector>
    : IDeviceKernel<AttentionCall<T>>, ITwoGroups
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
{
    public static void Run(AttentionCall<T> a)
    {
        var block = TTiling.Block;
        if (TTiling.Alone & block >= a.Heads * a.Blocks.Value) return;
        var scratch = TTiling.Allocate<T>();
        int head = Divisor.Quotient(block, a.Blocks), row0 = (block - head * a.Blocks.Value) * TTiling.Extent;
        var q = AttentionScores<T, R, No>.Queries(a, a.Q, head);
        var g = AttentionScores<T, R, No>.Queries(a, a.G, head);
        var dq = AttentionScores<T, R, No>.Queries(a, a.Dq, head);
        var k = AttentionScores<T, R, No>.Keys(a, a.K, head);
        var v = AttentionScores<T, R, No>.Keys(a, a.V, head);
        var row = row0 + TTiling.Row;
        var lse = AttentionScores<T, R, No>.Statistic(a, a.Lse, head, row);
        var delta = AttentionResult<T, R, TTiling, TVector>.RowDots(
            scratch, g, AttentionScores<T, R, No>.Queries(a, a.Output, head), row0);
        AttentionResult<T, R, TTiling, TVector>.StoreStatistic(a, a.Delta, head, row0, delta);
        var kept = Tiles<T, R>.SplatTile(T.Zero);
        var column0 = 0;
        do
        {
            var column = column0 + TTiling.Column;
            var p = TTiling.AddScores<T, R, TVector>(scratch, q, row0, k, column0, Tiles<T, R>.SplatTile(T.Zero));
            var dp = TTiling.AddScores<T, R, TVector>(scratch, g, row0, v, column0, Tiles<T, R>.SplatTile(T.Zero));
            p = AttentionScores<T, R, No>.Probabilities(AttentionScores<T, R, No>.Masked(a, head, p, row, column), lse);
            dp = Tiles<T, R>.Mul(dp, AttentionScores<T, R, No>.Keep(a, head, row, column, a.KeepFactor));
            var ds = Tiles<T, R>.Mul(p, Tiles<T, R>.Sub(dp, AttentionScores<T, R, No>.Spread(delta)));
            kept = AttentionResult<T, R, TTiling, TVector>.Add(scratch, ds, k, column0, dq, row0, column0 == 0, kept);
            column0 += TTiling.Extent;
        }
        while (column0 < a.Lk);
        AttentionResult<T, R, TTiling, TVector>.Finish(dq, row0, Tiles<T, R>.Splat(a.Scale), kept);
    }
}

/// <summary>dk and dv, from δ.</summary>
internal readonly struct AttentionKeyGradientKernel<T, R, TTiling, TVector> : IDeviceKernel<AttentionCall<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
{
    public static void Run(AttentionCall<T> a)
    {
        var block = TTiling.Block;
        if (TTiling.Alone & block >= a.Heads * a.Blocks.Value) return;
        var scratch = TTiling.Allocate<T>();
        int head = Divisor.Quotient(block, a.Blocks), row0 = (block - head * a.Blocks.Value) * TTiling.Extent;
        var q = AttentionScores<T, R, Yes>.Queries(a, a.Q, head);
        var g = AttentionScores<T, R, Yes>.Queries(a, a.G, head);
        var k = AttentionScores<T, R, Yes>.Keys(a, a.K, head);
        var v = AttentionScores<T, R, Yes>.Keys(a, a.V, head);
        var dk = AttentionScores<T, R, Yes>.Keys(a, a.Dk, head);
        var dv = AttentionScores<T, R, Yes>.Keys(a, a.Dv, head);
        var row = row0 + TTiling.Row;
        var keptKeys = Tiles<T, R>.SplatTile(T.Zero);
        var keptValues = Tiles<T, R>.SplatTile(T.Zero);
        var column0 = 0;
        do
        {
            var column = column0 + TTiling.Column;
            var lse = AttentionScores<T, R, Yes>.Statistic(a, a.Lse, head, column);
            var delta = AttentionScores<T, R, Yes>.Statistic(a, a.Delta, head, column);
            var p = TTiling.AddScores<T, R, TVector>(scratch, k, row0, q, column0, Tiles<T, R>.SplatTile(T.Zero));
            var dp = TTiling.AddScores<T, R, TVector>(scratch, v, row0, g, column0, Tiles<T, R>.SplatTile(T.Zero));
            p = AttentionScores<T, R, Yes>.Probabilities(
                AttentionScores<T, R, Yes>.Masked(a, head, p, row, column), lse);
            var keep = AttentionScores<T, R, Yes>.Keep(a, head, row, column, a.KeepFactor);
            var ds = Tiles<T, R>.Mul(
                p, Tiles<T, R>.Sub(Tiles<T, R>.Mul(dp, keep), AttentionScores<T, R, Yes>.Spread(delta)));
            keptKeys = AttentionResult<T, R, TTiling, TVector>.Add(
                scratch, ds, q, column0, dk, row0, column0 == 0, keptKeys);
            keptValues = AttentionResult<T, R, TTiling, TVector>.Add(
                scratch, Tiles<T, R>.Mul(p, keep), g, column0, dv, row0, column0 == 0, keptValues);
            column0 += TTiling.Extent;
        }
        while (column0 < a.Lq);
        AttentionResult<T, R, TTiling, TVector>.Finish(dk, row0, Tiles<T, R>.Splat(a.Scale), keptKeys);
        AttentionResult<T, R, TTiling, TVector>.Finish(dv, row0, Tiles<T, R>.Splat(T.One), keptValues);
    }
}
