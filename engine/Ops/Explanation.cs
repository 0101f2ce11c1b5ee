using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>
/// Gradient-based explanation and the two margin losses of Attention Mask Consistency (Yang et al., CVPR 2023).
/// </summary>
[OpFamily]
public static class Explanation
{
    /// <summary>
    /// GradCAM of an attention map: cam[b, j] = Σ over heads and tokens of a·max(g, 0)·m², divided by H·L; key 0 (the
    /// class token) is left out. Padded tokens add nothing and count in the divisor, as in the reference.
    /// </summary>
    /// <param name="a">Attention map [B, H, L, 1+P].</param>
    /// <param name="g">Gradient of the score with respect to the map, of its shape; differentiable as well.</param>
    /// <param name="m">Token mask [B, L], a constant.</param>
    /// <returns>[B, P]</returns>
    /// <exception cref="ShapeException">The shapes do not fit.</exception>
    /// <exception cref="AutogradException">The token mask requires a gradient.</exception>
    [Op("gradcam")]
    public static Tensor GradCam(Tensor a, Tensor g, Tensor m)
    {
        OpSupport.RequireSame("gradcam", a, g, m);
        if (a.Shape.Rank != 4 || a.Shape[3] < 2)
            throw new ShapeException("gradcam", $"the map is [B, H, L, 1+P], not {a.Shape}");
        OpSupport.RequireShape("gradcam", "the gradient", g, a.Shape);
        OpSupport.RequireShape("gradcam", "the token mask", m, [a.Shape[0], a.Shape[2]]);
        OpSupport.RequireConstant("gradcam", "the token mask", m);
        var cam = a.EmptyLike([a.Shape[0], a.Shape[3] - 1]);
        a.Backend.Run(new GradCamArgs(a, g, m, cam));
        return Graph.Record(
            "gradcam", [a, g], cam, [a, g, m], (c, h) => GradCamBackward(c.Saved[0], c.Saved[1], c.Saved[2], h[0]!));
    }

    private static Tensor[] GradCamBackward(Tensor a, Tensor g, Tensor m, Tensor cotangent)
    {
        Tensor[] d = [a.EmptyLike(), a.EmptyLike()];
        a.Backend.Run(new GradCamBackwardArgs(a, g, m, cotangent, d[0], d[1]));
        return Graph.Record("gradcam_backward", [a, g, cotangent], d, [a, g, cotangent, m], (c, h) =>
        {
            var mask = c.Saved[3];
            return Decomposition.Gradients(c, h, 3, t => BackwardDecomposition(t[0], t[1], t[2], mask));
        });
    }

    private static Tensor[] BackwardDecomposition(Tensor a, Tensor g, Tensor cotangent, Tensor m)
    {
        var s = a.Shape;
        var rows = m.Mul(m).Scale(1.0 / (s[1] * s[2])).Reshape(s[0], 1, s[2], 1);
        var weights = cotangent.Pad(1, 1, s[3]).Reshape(s[0], 1, 1, s[3]).Mul(rows);
        return [weights.Mul(g.Clamp(0, double.MaxValue)), weights.Mul(a).Mul(Gate(g))];
    }

    /// <summary>1 where g ≥ 0, else 0, a constant.</summary>
    private static Tensor Gate(Tensor g)
    {
        var gate = g.EmptyLike();
        g.Backend.Run(new UnaryArgs(UnaryKind.InRange, g, gate, 0, double.MaxValue));
        return gate;
    }

    private static Tensor GradCamDecomposition(Tensor a, Tensor g, Tensor m)
    {
        var s = a.Shape;
        var rows = m.Reshape(s[0], 1, s[2], 1);
        var cam = a.Mul(rows).Mul(g.Clamp(0, double.MaxValue).Mul(rows)).Slice(3, 1, s[3]);
        return cam.Mean([1]).Mean([1]);
    }

    /// <summary>
    /// For each row (last axis): x ← max(x, 0), minus its smallest value, divided by its largest plus eps. Minimum and
    /// maximum are differentiable (first index that has them).
    /// </summary>
    [Op("minmax_normalize")]
    public static Tensor MinMaxNormalize(this Tensor x, double eps = 1e-7)
    {
        var r = x.Relu();
        var shifted = r.Sub(r.Min(-1, true));
        return shifted.Div(shifted.Max(-1, true).AddScalar(eps));
    }

    /// <summary>
    /// max(0, mean of the map outside − mean inside + margin), the means pooled over the whole batch (one hinge a
    /// batch), as the reference code has it. An empty or full mask makes one mean 0 instead of NaN.
    /// </summary>
    /// <param name="map">[B, P]</param>
    /// <param name="mask">[B, P], 1 inside, 0 outside; a constant.</param>
    /// <param name="margin">Margin of the hinge (reference: 0.1).</param>
    /// <exception cref="AutogradException">The mask requires a gradient.</exception>
    [Op("mean_margin_loss")]
    public static Tensor MeanMarginLoss(Tensor map, Tensor mask, double margin)
    {
        var (sums, inside) = RegionSums(map, mask);
        return MeanMarginLoss(sums, inside, mask.Count, margin);
    }

    /// <summary>
    /// What <see cref="MeanMarginLoss(Tensor, Tensor, double)"/> is computed from: sums of the map inside and outside
    /// <c>[2]</c>, and how many elements are inside <c>[1]</c>, a constant.
    /// </summary>
    /// <param name="map">[B, P]</param>
    /// <param name="mask">[B, P], 1 inside, 0 outside; a constant.</param>
    /// <exception cref="AutogradException">The mask requires a gradient.</exception>
    public static (Tensor Sums, Tensor Inside) RegionSums(Tensor map, Tensor mask)
    {
        var stats = RegionStats("mean_margin_loss", map, mask);
        var inside = mask.Detach().Sum();
        return (stats.Slice(1, 0, 2).Sum([0]), inside.Reshape(1));
    }

    /// <summary>The mean margin loss of sums that may be those of several batches.</summary>
    /// <param name="sums">As of <see cref="RegionSums"/>.</param>
    /// <param name="inside">Likewise.</param>
    /// <param name="count">Elements of all maps.</param>
    /// <param name="margin">Margin of the hinge.</param>
    public static Tensor MeanMarginLoss(Tensor sums, Tensor inside, double count, double margin)
    {
        var meanIn = sums.Slice(0, 0, 1).Div(inside.Clamp(1, double.MaxValue));
        var meanOut = sums.Slice(0, 1, 2).Div(inside.Affine(-1, count).Clamp(1, double.MaxValue));
        return meanOut.Sub(meanIn).AddScalar(margin).Relu().Reshape();
    }

    /// <summary>Mean over the samples of max(0, max outside − max inside + margin).</summary>
    /// <param name="map">[B, P]</param>
    /// <param name="mask">[B, P], 1 inside, 0 outside; a constant.</param>
    /// <param name="margin">Margin of the hinge (reference: 0.5).</param>
    /// <exception cref="AutogradException">The mask requires a gradient.</exception>
    [Op("max_margin_loss")]
    public static Tensor MaxMarginLoss(Tensor map, Tensor mask, double margin) =>
        MaxMarginHinges(map, mask, margin).Mean();

    /// <summary>The samples' hinges <c>[B, 1]</c>, whose mean is the max margin loss.</summary>
    /// <param name="map">[B, P]</param>
    /// <param name="mask">[B, P], 1 inside, 0 outside; a constant.</param>
    /// <param name="margin">Margin of the hinge.</param>
    /// <exception cref="AutogradException">The mask requires a gradient.</exception>
    public static Tensor MaxMarginHinges(Tensor map, Tensor mask, double margin)
    {
        var stats = RegionStats("max_margin_loss", map, mask);
        return stats.Slice(1, 3, 4).Sub(stats.Slice(1, 2, 3)).AddScalar(margin).Relu();
    }

    /// <summary>Σ map·mask, Σ map·(1 − mask), max map·mask, max map·(1 − mask) for each row → [B, 4].</summary>
    private static Tensor RegionStats(string op, Tensor map, Tensor mask)
    {
        OpSupport.RequireSame(op, map, mask);
        if (map.Shape.Rank != 2 || map.Count == 0) throw new ShapeException(op, $"the map is [B, P], not {map.Shape}");
        OpSupport.RequireShape(op, "the mask", mask, map.Shape);
        OpSupport.RequireConstant(op, "the mask", mask);
        var stats = map.EmptyLike([map.Shape[0], 4]);
        using var where = Tensor.Empty([map.Shape[0], 2], DType.I32, map.Backend);
        map.Backend.Run(new RegionStatsArgs(map, mask, stats, where));
        return Graph.Record("region_stats", [map], stats, [mask, where],
            (c, g) => [RegionStatsBackward(c.Saved[0], c.Saved[1], g[0]!)]);
    }

    /// <summary>Linear in g; its own gradient gathers what it scattered.</summary>
    private static Tensor RegionStatsBackward(Tensor mask, Tensor where, Tensor g)
    {
        var dmap = mask.EmptyLike();
        mask.Backend.Run(new RegionStatsBackwardArgs(mask, where, g, dmap));
        return Graph.Record("region_stats_backward", [g], dmap, [mask, where], (c, h) =>
        {
            var (m, w, u) = (c.Saved[0], c.Saved[1], h[0]!);
            var (inside, outside) = (u.Mul(m), u.Mul(m.Affine(-1, 1)));
            return [Movement.Concat(
            [
                inside.Sum([1], true), outside.Sum([1], true),
                inside.Gather(1, w.Slice(1, 0, 1)), outside.Gather(1, w.Slice(1, 1, 2)),
            ], 1)];
        });
    }

    internal static readonly OpEntry[] Entries =
    [
        new("gradcam", (t, _) => GradCam(t[0], t[1], t[2]),
            new OpCase([2, 3, 5, 17], [OpInput.Away([2, 3, 5, 17]), OpInput.Constant([2, 5], 0, 1)]))
        {
            Decomposition = (t, _) => GradCamDecomposition(t[0], t[1], t[2]),
            Benchmark = new OpCase([32, 4, 5, 65], [OpInput.Uniform([32, 4, 5, 65]), OpInput.Constant([32, 5], 0, 1)]),
        },
        new("minmax_normalize", (t, a) => t[0].MinMaxNormalize(a.Double("eps", 1e-7)),
            OpCase.Of(new(), OpInput.Away([3, 16]))),
        Margin("mean_margin_loss", MeanMarginLoss), Margin("max_margin_loss", MaxMarginLoss),
        // The reference's composite on a normalised map: upsample, both margins with their weights.
        new("amc_loss", (t, a) => AmcLoss(t[0], t[1], a), OpCase.Of(
            new()
            {
                ["size"] = 8,
                ["margin_mean"] = 0.1,
                ["margin_max"] = 0.5,
                ["weight_mean"] = 0.2,
                ["weight_max"] = 0.8
            }, OpInput.Positive([2, 4, 4]), OpInput.Index([2, 8, 8], 2) with { Floating = true })),
    ];

    private static OpEntry Margin(string name, Func<Tensor, Tensor, double, Tensor> loss) =>
        new(name, (t, a) => loss(t[0], t[1], a.Double("margin")), OpCase.Of(
            new() { ["margin"] = 2.5 }, OpInput.Positive([3, 20]), OpInput.Index([3, 20], 2) with { Floating = true }));

    private static Tensor AmcLoss(Tensor cam, Tensor mask, OpAttributes a)
    {
        var (b, n, size) = (cam.Shape[0], cam.Shape[1], a.Int("size"));
        var map = cam.Reshape(b, n, -1).Interpolate(size, size, InterpolationMode.Bilinear).Reshape(b, -1);
        var region = mask.Reshape(b, -1);
        return MeanMarginLoss(map, region, a.Double("margin_mean")).Scale(a.Double("weight_mean"))
            .Add(MaxMarginLoss(map, region, a.Double("margin_max")).Scale(a.Double("weight_max")));
    }
}
