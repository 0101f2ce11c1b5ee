using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>
/// Scaled-dot-product attention (Vaswani et al. 2017, eq. 1), with gradients of second order. Queries, keys and values
/// are [B, L, H·D] with the heads side by side, as linear layers leave them, or [B, H, L, D]; nothing is transposed.
/// </summary>
[OpFamily]
public static class Attention
{
    /// <summary>
    /// dropout(softmax(scale·Q·Kᵀ + mask))·V in one fused pass that keeps no map.
    /// </summary>
    /// <param name="q">[B, Lq, H·D], or [B, H, Lq, D] when <paramref name="heads"/> is 0.</param>
    /// <param name="k">[B, Lk, H·D] or [B, H, Lk, D].</param>
    /// <param name="v">Like k.</param>
    /// <param name="mask">Additive, broadcastable to [B, H, Lq, Lk]; a constant; or null.</param>
    /// <param name="scale">Factor of the scores, usually 1/√D.</param>
    /// <param name="heads">H, or 0 for four-axis operands.</param>
    /// <param name="dropout">Dropout of the attention weights, or null.</param>
    /// <returns>The shape of q.</returns>
    /// <exception cref="ShapeException">The extents do not fit.</exception>
    /// <exception cref="AutogradException">The mask requires a gradient.</exception>
    [Op("scaled_dot_product_attention")]
    public static Tensor ScaledDotProduct(
        Tensor q, Tensor k, Tensor v, Tensor? mask, double scale, int heads = 0, DropoutSpec? dropout = null)
    {
        var args = AttentionShapes.Arguments(q, k, v, mask, scale, heads, dropout);
        var y = q.EmptyLike();
        using var lse = q.EmptyLike([args.B, args.H, args.Lq]);
        q.Backend.Run(new AttentionArgs(args, y, lse));
        if (!Graph.Records(q, k, v))
            return Graph.Record("scaled_dot_product_attention", [q, k, v], y, [], (_, _) => []);
        Tensor[] saved = mask is null ? [q, k, v, y, lse] : [q, k, v, y, lse, mask];
        return Graph.Record("scaled_dot_product_attention", [q, k, v], y, saved, (c, g) =>
        {
            var m = c.Saved.Length > 5 ? c.Saved[5] : null;
            return Backward(
                c.Saved[0], c.Saved[1], c.Saved[2], c.Saved[3], c.Saved[4], g[0]!, m, scale, heads, dropout);
        });
    }

    /// <summary>The fused gradient as an op of its own.</summary>
    private static Tensor[] Backward(Tensor q, Tensor k, Tensor v, Tensor y, Tensor lse, Tensor g, Tensor? mask,
        double scale, int heads, DropoutSpec? dropout)
    {
        var args = AttentionShapes.Arguments(q, k, v, mask, scale, heads, dropout);
        Tensor[] outputs = [q.EmptyLike(), k.EmptyLike(), v.EmptyLike()];
        q.Backend.Run(new AttentionBackwardArgs(args, y, lse, g, outputs[0], outputs[1], outputs[2]));
        Tensor[] saved = mask is null ? [q, k, v, g, y, lse] : [q, k, v, g, y, lse, mask];
        return Graph.Record("scaled_dot_product_attention_backward", [q, k, v, g], outputs, saved, (c, h) =>
        {
            var s = c.Saved;
            return DoubleBackward(
                s[0], s[1], s[2], s[3], s[4], s[5], h, s.Length > 6 ? s[6] : null, scale, heads, dropout);
        });
    }

    /// <summary>
    /// The fused gradient of the gradient (with respect to q, k, v and g) as an op of its own; the orders after it
    /// differentiate the decomposition. Output and lse are functions of q, k and v, and no inputs.
    /// </summary>
    private static Tensor[] DoubleBackward(
        Tensor q, Tensor k, Tensor v, Tensor g, Tensor y, Tensor lse, Tensor?[] cotangents, Tensor? mask, double scale,
        int heads, DropoutSpec? dropout)
    {
        var args = AttentionShapes.Arguments(q, k, v, mask, scale, heads, dropout);
        Tensor[] outputs = [q.EmptyLike(), k.EmptyLike(), v.EmptyLike(), g.EmptyLike()];
        q.Backend.Run(new AttentionDoubleBackwardArgs(args, y, lse, g, cotangents[0], cotangents[1], cotangents[2],
            outputs[3], outputs[0], outputs[1], outputs[2]));
        var given = cotangents.Select(t => t is not null).ToArray();
        Tensor[] inputs = [q, k, v, g, .. cotangents.OfType<Tensor>()];
        var saved = mask is null ? inputs : [.. inputs, mask];
        var count = inputs.Length;
        return Graph.Record("scaled_dot_product_attention_double_backward", inputs, outputs, saved, (c, h) =>
        {
            var m = c.Saved.Length > count ? c.Saved[^1] : null;
            return Decomposition.Gradients(c, h, count, t => Decomposition.GradientFunction(
                t[..4], Decomposition.Spread(t[4..], given), u =>
                    BackwardDecomposition(u[0], u[1], u[2], u[3], m, scale, heads, dropout)));
        });
    }

    /// <summary>
    /// The same attention by way of its map: the softmax output before dropout, [B, H, Lq, Lk], is a node of the graph
    /// and the output is computed from that very tensor, so that a gradient with respect to the map includes dropout.
    /// </summary>
    /// <returns>The output, shaped like q, and the map.</returns>
    public static (Tensor Output, Tensor Map) WithMap(
        Tensor q, Tensor k, Tensor v, Tensor? mask, double scale, int heads = 0, DropoutSpec? dropout = null)
    {
        _ = AttentionShapes.Arguments(q, k, v, mask, scale, heads, dropout);
        var map = MaskedSoftmax(HeadProduct.Scores(q, k, heads), mask, scale);
        return (HeadProduct.Mix(map.Dropout(dropout), v, heads), map);
    }

    /// <summary>softmax(scale·scores + mask) over the last axis of [B, H, Lq, Lk]; the mask is a constant.</summary>
    /// <exception cref="ShapeException">
    /// The scores have no four axes, or the mask does not broadcast to them.
    /// </exception>
    /// <exception cref="AutogradException">The mask requires a gradient.</exception>
    [Op("masked_softmax")]
    public static Tensor MaskedSoftmax(Tensor scores, Tensor? mask, double scale)
    {
        if (scores.Shape.Rank != 4)
            throw new ShapeException("masked_softmax", $"scores are [B, H, Lq, Lk], not {scores.Shape}");
        OpSupport.RequireFloating("masked_softmax", scores);
        if (mask is not null) OpSupport.RequireSame("masked_softmax", scores, mask);
        var (b, h, r) = AttentionShapes.MaskStrides("masked_softmax", mask, scores.Shape);
        var y = scores.EmptyLike();
        scores.Backend.Run(new MaskedSoftmaxArgs(scores, scale, mask, b, h, r, y));
        return Graph.Record(
            "masked_softmax", [scores], y, [y], (c, g) => [SoftmaxOps.Backward(c.Saved[0], g[0]!, 3).Scale(scale)]);
    }

    private static Tensor[] BackwardDecomposition(
        Tensor q, Tensor k, Tensor v, Tensor g, Tensor? mask, double scale, int heads, DropoutSpec? dropout)
    {
        var p = MaskedSoftmax(HeadProduct.Scores(q, k, heads), mask, scale);
        var dv = HeadProduct.MixTransposed(p.Dropout(dropout), g, heads);
        var ds = SoftmaxOps.Backward(p, HeadProduct.Scores(g, v, heads).Dropout(dropout), 3).Scale(scale);
        return [HeadProduct.Mix(ds, k, heads), HeadProduct.MixTransposed(ds, q, heads), dv];
    }

    internal static readonly OpEntry[] Entries =
    [
        new("scaled_dot_product_attention", (t, a) => ScaledDotProduct(
            t[0], t[1], t[2], t.Length > 3 ? t[3] : null, a.Double("scale"), a.Int("heads", 0),
            Dropout(a)), Case([2, 3, 5, 8], [2, 3, 17, 8], [2, 1, 1, 17], new() { ["scale"] = 0.35 }),
            Case([1, 2, 7, 4], [1, 2, 3, 4], null, new() { ["scale"] = 0.5 }),
            Case([2, 5, 12], [2, 7, 12], [2, 1, 1, 7], new() { ["scale"] = 0.5, ["heads"] = 3 }),
            Case([1, 4, 6], [1, 4, 6], [1, 1, 4, 4], new() { ["scale"] = 0.6, ["heads"] = 2, ["p"] = 0.25 }),
            Case([2, 9, 10], [2, 5, 10], [2, 1, 9, 5], new() { ["scale"] = 0.45, ["heads"] = 2, ["p"] = 0.3 }),
            Case([1, 2, 3, 5], [1, 2, 19, 5], [1, 2, 1, 19], new() { ["scale"] = 0.4, ["p"] = 0.1 }),
            // Masks with a head axis: of each sample's own, row by row; of all samples; the same for all rows.
            Case([2, 3, 8], [2, 5, 8], [2, 2, 3, 5], new() { ["scale"] = 0.5, ["heads"] = 2 }),
            Case([2, 3, 8], [2, 5, 8], [1, 2, 3, 5], new() { ["scale"] = 0.5, ["heads"] = 2, ["p"] = 0.2 }),
            Case([2, 2, 3, 4], [2, 2, 5, 4], [2, 2, 1, 5], new() { ["scale"] = 0.5 }))
        {
            Decomposition = (t, a) => WithMap(
                t[0], t[1], t[2], t.Length > 3 ? t[3] : null, a.Double("scale"), a.Int("heads", 0), Dropout(a)).Output,
            Benchmark = Case([2, 257, 768], [2, 257, 768], null, new() { ["scale"] = 0.125, ["heads"] = 12 }),
        },
        new("attention_with_map",
            (t, a) => WithMap(t[0], t[1], t[2], null, a.Double("scale"), a.Int("heads"), Dropout(a)).Output,
            Case([2, 3, 8], [2, 5, 8], null, new() { ["scale"] = 0.5, ["heads"] = 2, ["p"] = 0.2 })),
        new("masked_softmax", (t, a) => MaskedSoftmax(t[0], t[1], a.Double("scale")),
            new OpCase([2, 2, 3, 5], [OpInput.Constant([2, 1, 1, 5])], new() { ["scale"] = 0.7 }),
            new OpCase([2, 2, 3, 5], [OpInput.Constant([2, 2, 3, 5])], new() { ["scale"] = 0.7 }),
            new OpCase([2, 2, 3, 5], [OpInput.Constant([1, 2, 1, 5])], new() { ["scale"] = 0.7 })),
    ];

    private static OpCase Case(int[] q, int[] k, int[]? mask, OpAttributes attributes) =>
        new(q, [OpInput.Uniform(k), OpInput.Uniform(k), .. mask is null ? [] : new[] { OpInput.Constant(mask) }],
            attributes);

    private static DropoutSpec? Dropout(OpAttributes a) =>
        a.ContainsKey("p") ? new DropoutSpec(a.Double("p"), new RandomKey(9, 1, 2)) : null;
}
