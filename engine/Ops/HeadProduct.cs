using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>
/// The three matrix products of attention on heads where they lie. Each one's gradients are the other two, so they
/// close under differentiation. Maps are [B, H, Lq, Lk]; rows are [B, L, H·D] (heads &gt; 0) or [B, H, L, D] (heads =
/// 0).
/// </summary>
[OpFamily]
public static class HeadProduct
{
    /// <summary>Scores q·kᵀ a head → [B, H, Lq, Lk].</summary>
    [Op("head_scores")]
    public static Tensor Scores(Tensor q, Tensor k, int heads)
    {
        var (b, h, lq, d, ql) = AttentionShapes.Heads(q, heads);
        var (_, _, lk, _, kl) = AttentionShapes.Heads(k, heads);
        RequireMatch("head_scores", q, k, heads);
        var y = q.EmptyLike([b, h, lq, lk]);
        q.Backend.Run(new MatMulArgs
        {
            A = q,
            B = k,
            C = y,
            M = lq,
            N = lk,
            K = d,
            TransB = true,
            Lda = ql.Row,
            Ldb = kl.Row,
            Ldc = lk,
            Batch0 = b,
            Batch1 = h,
            A0 = ql.Batch,
            A1 = ql.Head,
            B0 = kl.Batch,
            B1 = kl.Head,
            C0 = (long)h * lq * lk,
            C1 = (long)lq * lk,
        });
        return Graph.Record("head_scores", [q, k], y, [q, k], (c, g) =>
        [
            c.Needs(0) ? Mix(g[0]!, c.Saved[1], heads) : null,
            c.Needs(1) ? MixTransposed(g[0]!, c.Saved[0], heads) : null,
        ]);
    }

    /// <summary>map·v a head: [B, H, Lq, Lk] and rows of length Lk → rows of length Lq.</summary>
    [Op("head_mix")]
    public static Tensor Mix(Tensor map, Tensor v, int heads) => Weighted("head_mix", map, v, heads, false);

    /// <summary>mapᵀ·u a head: [B, H, Lq, Lk] and rows of length Lq → rows of length Lk.</summary>
    [Op("head_mix_transposed")]
    public static Tensor MixTransposed(Tensor map, Tensor u, int heads) =>
        Weighted("head_mix_transposed", map, u, heads, true);

    private static Tensor Weighted(string op, Tensor map, Tensor rows, int heads, bool transposed)
    {
        var (b, h, l, d, rl) = AttentionShapes.Heads(rows, heads);
        var s = map.Shape;
        var (m, k) = s.Rank != 4 ? (-1, -1) : transposed ? (s[3], s[2]) : (s[2], s[3]);
        if (s.Rank != 4 || s[0] != b || s[1] != h || k != l)
            throw new ShapeException(op, $"map {s} does not fit rows {rows.Shape}");
        var y = rows.EmptyLike(heads == 0 ? [b, h, m, d] : [b, m, h * d]);
        var yl = heads == 0 ? HeadLayout.HeadsFirst(h, m, d) : HeadLayout.HeadsInRow(h, m, d);
        rows.Backend.Run(new MatMulArgs
        {
            A = map,
            B = rows,
            C = y,
            M = m,
            N = d,
            K = k,
            TransA = transposed,
            Lda = s[3],
            Ldb = rl.Row,
            Ldc = yl.Row,
            Batch0 = b,
            Batch1 = h,
            A0 = (long)h * s[2] * s[3],
            A1 = (long)s[2] * s[3],
            B0 = rl.Batch,
            B1 = rl.Head,
            C0 = yl.Batch,
            C1 = yl.Head,
        });
        return Graph.Record(op, [map, rows], y, [map, rows], (c, g) =>
        [
            c.Needs(0) ? transposed ? Scores(c.Saved[1], g[0]!, heads) : Scores(g[0]!, c.Saved[1], heads) : null,
            c.Needs(1) ? Weighted(
                transposed ? "head_mix" : "head_mix_transposed", c.Saved[0], g[0]!, heads, !transposed) : null,
        ]);
    }

    private static void RequireMatch(string op, Tensor a, Tensor b, int heads)
    {
        OpSupport.RequireSame(op, a, b);
        var (x, y) = (AttentionShapes.Heads(a, heads), AttentionShapes.Heads(b, heads));
        if (x.B != y.B || x.H != y.H || x.D != y.D) throw new ShapeException(op, $"{a.Shape} and {b.Shape} do not fit");
    }

    internal static readonly OpEntry[] Entries =
    [
        new("head_scores", (t, a) => Scores(t[0], t[1], a.Int("heads")),
            new OpCase([2, 3, 8], [OpInput.Uniform([2, 5, 8])], new() { ["heads"] = 2 })),
        new("head_mix", (t, a) => Mix(t[0], t[1], a.Int("heads")),
            new OpCase([2, 2, 3, 5], [OpInput.Uniform([2, 5, 8])], new() { ["heads"] = 2 })),
        new("head_mix_transposed", (t, a) => MixTransposed(t[0], t[1], a.Int("heads")),
            new OpCase([2, 2, 3, 5], [OpInput.Uniform([2, 3, 8])], new() { ["heads"] = 2 })),
    ];
}
