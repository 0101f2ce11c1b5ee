using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;

namespace AmcEngine.Backends.Gpu.Kernels;

// Attention, gradient of the gradient. Layout: HeadLayout strides; tilings as in AttentionTiling.cs. With the
// cotangents X, Y, Z of dq, dk, dv, the names of AttentionBackwardKernels.cs, and T = scale·(X Kᵀ + Q Yᵀ), U = D∘(G
// Zᵀ), t = rowsum(P∘T):
//   W = P∘(T − t)∘D,  dg = W V + (P∘D) Z,  dv = Wᵀ G,
//   E = dP∘T − dP·t − δ·T + U,  e = rowsum(P∘E),  S' = P∘(E − e),
//   dq = scale·(dS Y + S' K),  dk = scale·(dSᵀ X + S'ᵀ Q).
// Three kernels, each of which recomputes its maps tile by tile; between them only δ, t and e, a number each a query
//   row: query blocks: t, e = Σ P∘(dP∘T + U) − 2·δ·t, and dg = Σ (P∘D∘T) V + Σ (P∘D) Z − t·O in one sweep; query
//   blocks: dq; key blocks: dk, dv. Sums go over ascending columns; no sum is shared between groups.
// Executes 7, 7 and 8 products with a map, since each kernel recomputes its own (less for absent cotangents), and an
// exp for each score in each. Traffic: own rows once, the others once a block.

/// <summary>The maps that all three kernels need.</summary>
internal struct AttentionMaps<T> where T : unmanaged
{
    /// <summary>P.</summary>
    public Tile4<T> P;

    /// <summary>D.</summary>
    public Tile4<T> Keep;

    /// <summary>dP.</summary>
    public Tile4<T> Dp;

    /// <summary>T.</summary>
    public Tile4<T> Tangent;

    /// <summary>U.</summary>
    public Tile4<T> U;
}

/// <summary>One head's operands, and its maps tile by tile.</summary>
internal struct AttentionDoubleBackwardMaps<T, R, TTiling, TVector, TKeyRows>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    where TTiling : struct, ITiling where TVector : struct, IFlag where TKeyRows : struct, IFlag
{
    public HeadRows<T> Q;
    public HeadRows<T> K;
    public HeadRows<T> V;
    public HeadRows<T> G;
    public HeadRows<T> X;
    public HeadRows<T> Y;
    public HeadRows<T> Z;

    public static AttentionDoubleBackwardMaps<T, R, TTiling, TVector, TKeyRows> Of(AttentionCall<T> a, int head)
    {
        AttentionDoubleBackwardMaps<T, R, TTiling, TVector, TKeyRows> o;
        o.Q = AttentionScores<T, R, TKeyRows>.Queries(a, a.Q, head);
        o.G = AttentionScores<T, R, TKeyRows>.Queries(a, a.G, head);
        o.X = AttentionScores<T, R, TKeyRows>.Queries(a, a.X, head);
        o.K = AttentionScores<T, R, TKeyRows>.Keys(a, a.K, head);
        o.V = AttentionScores<T, R, TKeyRows>.Keys(a, a.V, head);
        o.Y = AttentionScores<T, R, TKeyRows>.Keys(a, a.Y, head);
        o.Z = AttentionScores<T, R, TKeyRows>.Keys(a, a.Z, head);
        return o;
    }

    public static AttentionMaps<T> Maps(
        AttentionCall<T> a, AttentionDoubleBackwardMaps<T, R, TTiling, TVector, TKeyRows> o, TilingScratch<T> scratch,
        int head, int row0, int column0, Quad<T> lse)
    {
        int row = row0 + TTiling.Row, column = column0 + TTiling.Column;
        AttentionMaps<T> m;
        m.P = m.Dp = m.Tangent = m.U = Tiles<T, R>.SplatTile(T.Zero);
        // One body for all five products keeps the kernel short; T is the sum of two of them.
        var n = 0;
        do
        {
            var queries = n == 0 | n == 3 ? o.Q : n == 2 ? o.X : o.G;
            var keys = n == 0 | n == 2 ? o.K : n == 1 ? o.V : n == 3 ? o.Y : o.Z;
            var sum = Product(
                scratch, queries, row0, keys, column0, n == 3 ? m.Tangent : Tiles<T, R>.SplatTile(T.Zero));
            if (n == 0) m.P = sum;
            else if (n == 1) m.Dp = sum;
            else if (n == 4) m.U = sum;
            else m.Tangent = sum;
            n++;
            if (n == 2 & a.HasX == 0) n++;
            if (n == 3 & a.HasY == 0) n++;
            if (n == 4 & a.HasZ == 0) n++;
        }
        while (n < 5);
        m.P = AttentionScores<T, R, TKeyRows>.Probabilities(
            AttentionScores<T, R, TKeyRows>.Masked(a, head, m.P, row, column), lse);
        m.Keep = AttentionScores<T, R, TKeyRows>.Keep(a, head, row, column, a.KeepFactor);
        m.Dp = Tiles<T, R>.Mul(m.Keep, m.Dp);
        m.Tangent = Tiles<T, R>.Scale(m.Tangent, a.Scale);
        m.U = Tiles<T, R>.Mul(m.Keep, m.U);
        return m;
    }

    /// <summary>P∘(E − e).</summary>
    public static Tile4<T> ScoreCotangent(AttentionMaps<T> m, Quad<T> delta, Quad<T> mean, Quad<T> center)
    {
        // E − e = dP∘(T − t) − δ·T + U − e.
        var e = Tiles<T, R>.Mul(m.Dp, Tiles<T, R>.Sub(m.Tangent, AttentionScores<T, R, TKeyRows>.Spread(mean)));
        e = Tiles<T, R>.Sub(e, Tiles<T, R>.Mul(m.Tangent, AttentionScores<T, R, TKeyRows>.Spread(delta)));
        return Tiles<T, R>.Mul(
            m.P, Tiles<T, R>.Sub(Tiles<T, R>.Add(e, m.U), AttentionScores<T, R, TKeyRows>.Spread(center)));
    }

    /// <summary>P∘(dP − δ).</summary>
    public static Tile4<T> ScoreGradient(AttentionMaps<T> m, Quad<T> delta) =>
        Tiles<T, R>.Mul(m.P, Tiles<T, R>.Sub(m.Dp, AttentionScores<T, R, TKeyRows>.Spread(delta)));

    // Of queries with keys, whichever are the rows.
    private static Tile4<T> Product(TilingScratch<T> scratch, HeadRows<T> queries, int row0, HeadRows<T> keys,
        int column0, Tile4<T> sum) => TKeyRows.Value
            ? TTiling.AddScores<T, R, TVector>(scratch, keys, row0, queries, column0, sum)
            : TTiling.AddScores<T, R, TVector>(scratch, queries, row0, keys, column0, sum);
}

/// <summary>δ, t, e and dg.</summary>
internal readonly struct AttentionDoubleBackwardOutputKernel<T, R, TTiling, TVector> : IDeviceKernel<AttentionCall<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
{
    public static void Run(AttentionCall<T> a)
    {
        var block = TTiling.Block;
        if (TTiling.Alone & block >= a.Heads * a.Blocks.Value) return;
        var scratch = TTiling.Allocate<T>();
        int head = Divisor.Quotient(block, a.Blocks), row0 = (block - head * a.Blocks.Value) * TTiling.Extent;
        var o = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, No>.Of(a, head);
        var output = AttentionScores<T, R, No>.Queries(a, a.Output, head);
        var dg = AttentionScores<T, R, No>.Queries(a, a.Dg, head);
        var lse = AttentionScores<T, R, No>.Statistic(a, a.Lse, head, row0 + TTiling.Row);
        var delta = AttentionResult<T, R, TTiling, TVector>.RowDots(scratch, o.G, output, row0);
        var mean = Tiles<T, R>.Splat(T.Zero);
        var center = Tiles<T, R>.Splat(T.Zero);
        var kept = Tiles<T, R>.SplatTile(T.Zero);
        var column0 = 0;
        do
        {
            var m = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, No>.Maps(
                a, o, scratch, head, row0, column0, lse);
            mean = Tiles<T, R>.Add(mean, Tiles<T, R>.SumRows(Tiles<T, R>.Mul(m.P, m.Tangent)));
            var e = Tiles<T, R>.Add(Tiles<T, R>.Mul(m.Dp, m.Tangent), m.U);
            center = Tiles<T, R>.Add(center, Tiles<T, R>.SumRows(Tiles<T, R>.Mul(m.P, e)));
            var weights = Tiles<T, R>.Mul(m.P, m.Keep);
            kept = AttentionResult<T, R, TTiling, TVector>.AddTwo(
                scratch, Tiles<T, R>.Mul(weights, m.Tangent), o.V, weights, o.Z, a.HasZ, column0, dg, row0, kept);
            column0 += TTiling.Extent;
        }
        while (column0 < a.Lk);
        mean = TTiling.SumOfLanes<T, R>(scratch, mean);
        center = TTiling.SumOfLanes<T, R>(scratch, center);
        center = Tiles<T, R>.Sub(center, Tiles<T, R>.Scale(Tiles<T, R>.Mul(delta, mean), T.One + T.One));
        AttentionResult<T, R, TTiling, TVector>.FinishWithout(dg, row0, mean, output, kept);
        AttentionResult<T, R, TTiling, TVector>.StoreStatistic(a, a.Delta, head, row0, delta);
        AttentionResult<T, R, TTiling, TVector>.StoreStatistic(a, a.Mean, head, row0, mean);
        AttentionResult<T, R, TTiling, TVector>.StoreStatistic(a, a.Center, head, row0, center);
    }
}

/// <summary>dq, from δ, t and e.</summary>
internal readonly struct AttentionDoubleBackwardQueryKernel<T, R, TTiling, TVector> : IDeviceKernel<AttentionCall<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
{
    public static void Run(AttentionCall<T> a)
    {
        var block = TTiling.Block;
        if (TTiling.Alone & block >= a.Heads * a.Blocks.Value) return;
        var scratch = TTiling.Allocate<T>();
        int head = Divisor.Quotient(block, a.Blocks), row0 = (block - head * a.Blocks.Value) * TTiling.Extent,
            row = row0 + TTiling.Row;
        var o = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, No>.Of(a, head);
        var dq = AttentionScores<T, R, No>.Queries(a, a.Dq, head);
        var lse = AttentionScores<T, R, No>.Statistic(a, a.Lse, head, row);
        var delta = AttentionScores<T, R, No>.Statistic(a, a.Delta, head, row);
        var mean = AttentionScores<T, R, No>.Statistic(a, a.Mean, head, row);
        var center = AttentionScores<T, R, No>.Statistic(a, a.Center, head, row);
        var kept = Tiles<T, R>.SplatTile(T.Zero);
        var column0 = 0;
        do
        {
            var m = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, No>.Maps(
                a, o, scratch, head, row0, column0, lse);
            var e = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, No>.ScoreCotangent(m, delta, mean, center);
            var ds = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, No>.ScoreGradient(m, delta);
            kept = AttentionResult<T, R, TTiling, TVector>.AddTwo(
                scratch, e, o.K, ds, o.Y, a.HasY, column0, dq, row0, kept);
            column0 += TTiling.Extent;
        }
        while (column0 < a.Lk);
        AttentionResult<T, R, TTiling, TVector>.Finish(dq, row0, Tiles<T, R>.Splat(a.Scale), kept);
    }
}

/// <summary>dk and dv, from δ, t and e.</summary>
internal readonly struct AttentionDoubleBackwardKeyKernel<T, R, TTiling, TVector> : IDeviceKernel<AttentionCall<T>>
    where T : unmanaged, IFloatingPointIeee754<T>
    where R : struct, IReal<T> where TTiling : struct, ITiling where TVector : struct, IFlag
{
    public static void Run(AttentionCall<T> a)
    {
        var block = TTiling.Block;
        if (TTiling.Alone & block >= a.Heads * a.Blocks.Value) return;
        var scratch = TTiling.Allocate<T>();
        int head = Divisor.Quotient(block, a.Blocks), row0 = (block - head * a.Blocks.Value) * TTiling.Extent;
        var o = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, Yes>.Of(a, head);
        var dk = AttentionScores<T, R, Yes>.Keys(a, a.Dk, head);
        var dv = AttentionScores<T, R, Yes>.Keys(a, a.Dv, head);
        var keptKeys = Tiles<T, R>.SplatTile(T.Zero);
        var keptValues = Tiles<T, R>.SplatTile(T.Zero);
        var column0 = 0;
        do
        {
            var column = column0 + TTiling.Column;
            var lse = AttentionScores<T, R, Yes>.Statistic(a, a.Lse, head, column);
            var delta = AttentionScores<T, R, Yes>.Statistic(a, a.Delta, head, column);
            var mean = AttentionScores<T, R, Yes>.Statistic(a, a.Mean, head, column);
            var center = AttentionScores<T, R, Yes>.Statistic(a, a.Center, head, column);
            var m = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, Yes>.Maps(
                a, o, scratch, head, row0, column0, lse);
            var weights = Tiles<T, R>.Mul(
                Tiles<T, R>.Mul(m.P, m.Keep), Tiles<T, R>.Sub(m.Tangent, AttentionScores<T, R, Yes>.Spread(mean)));
            keptValues = AttentionResult<T, R, TTiling, TVector>.Add(
                scratch, weights, o.G, column0, dv, row0, column0 == 0, keptValues);
            var e = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, Yes>.ScoreCotangent(m, delta, mean, center);
            var ds = AttentionDoubleBackwardMaps<T, R, TTiling, TVector, Yes>.ScoreGradient(m, delta);
            keptKeys = AttentionResult<T, R, TTiling, TVector>.AddTwo(
                scratch, e, o.Q, ds, o.X, a.HasX, column0, dk, row0, keptKeys);
            column0 += TTiling.Extent;
        }
        while (column0 < a.Lq);
        AttentionResult<T, R, TTiling, TVector>.Finish(dk, row0, Tiles<T, R>.Splat(a.Scale), keptKeys);
        AttentionResult<T, R, TTiling, TVector>.Finish(dv, row0, Tiles<T, R>.Splat(T.One), keptValues);
    }
}
