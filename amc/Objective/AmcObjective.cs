using AmcEngine.Autograd;
using AmcEngine.Diagnostics;
using AmcEngine.Model;
using AmcEngine.Model.Pretraining;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Objective;

/// <summary>Constants of the objective; the defaults are those of the reference code (specification 4.2).</summary>
/// <param name="MeanWeight">Weight of the mean term.</param>
/// <param name="MeanMargin">Margin of the mean term.</param>
/// <param name="MaxWeight">Weight of the max term.</param>
/// <param name="MaxMargin">Margin of the max term.</param>
/// <param name="Eps">Added to the maximum that normalises a map; maps are small, so that it matters.</param>
public sealed record AmcOptions(
    double MeanWeight = 0.2, double MeanMargin = 0.1, double MaxWeight = 0.8, double MaxMargin = 0.5, double Eps = 1e-7);

/// <summary>The objective's value and what it was computed from; tensors belong to the caller's scope.</summary>
/// <param name="MeanLoss">Mean margin loss, a scalar: one hinge for the whole batch.</param>
/// <param name="MaxLoss">Max margin loss, a scalar: a hinge for each sample.</param>
/// <param name="Loss">Weighted sum of both, a scalar.</param>
/// <param name="MapGradient">∂ Σ match logits / ∂ map <c>[B, H, L, N]</c>, differentiable.</param>
/// <param name="RawCam">GradCAM <c>[B, n, n]</c>.</param>
/// <param name="NormalizedCam">After min-max normalisation <c>[B, n, n]</c>.</param>
/// <param name="UpsampledCam">Resized to the region masks <c>[B, S, S]</c>.</param>
public sealed record AmcTerms(
    Tensor MeanLoss, Tensor MaxLoss, Tensor Loss, Tensor? MapGradient, Tensor? RawCam, Tensor? NormalizedCam, Tensor? UpsampledCam);

/// <summary>
/// Attention Mask Consistency (Yang et al., CVPR 2023; specification 4): the explanation of a match is itself trained to
/// lie inside the annotated region. The explanation contains a gradient, so the loss is of second order.
/// </summary>
public sealed class AmcObjective(AlbefConfig config, AmcOptions? options = null)
{
    private readonly AmcOptions _options = options ?? new AmcOptions();

    /// <summary>The two margin losses of a step.</summary>
    /// <param name="output">A step with a captured map.</param>
    /// <param name="regions">Region masks <c>[B, S, S]</c>: 1 inside, 0 outside.</param>
    /// <param name="hasRegion">Which samples have a region; the others do not enter. Without any, the losses are 0.</param>
    /// <exception cref="ModelException">The step captured no map, or the sizes do not fit.</exception>
    public AmcTerms Compute(AlbefOutput output, Tensor regions, IReadOnlyList<bool> hasRegion)
    {
        var map = output.CrossAttentionMap
            ?? throw new ModelException("AMC: the step captured no attention map; set StepOptions.CaptureMap");
        var count = map.Shape[0];
        if (regions.Shape.Rank != 3 || regions.Shape[0] != count || hasRegion.Count != count)
            throw new ModelException($"AMC: {regions.Shape} region masks and {hasRegion.Count} indicators for {count} samples; masks are [B, S, S]");
        int[] rows = [.. Enumerable.Range(0, count).Where(i => hasRegion[i])];
        if (rows.Length == 0)
        {
            var zero = Tensor.Zeros([], map.DType, map.Backend);
            return new AmcTerms(zero, zero, zero, null, null, null, null);
        }
        return Compute(output, map, regions, rows.Length == count ? null : Tensor.From(rows, [rows.Length], map.Backend));
    }

    private AmcTerms Compute(AlbefOutput output, Tensor map, Tensor regions, Tensor? rows)
    {
        var (count, grid, height, width) = (map.Shape[0], config.Grid, regions.Shape[1], regions.Shape[2]);
        var gradient = MatchGradient(output, map);
        using var phase = Phase.Begin("forward/AMC loss");
        var raw = Explanation.GradCam(map, gradient, output.TextMask.Keep);
        var normalized = raw.MinMaxNormalize(_options.Eps).Reshape(count, grid, grid);
        var upsampled = normalized.Interpolate(height, width, InterpolationMode.Bilinear);

        var (cam, region) = (upsampled.Reshape(count, -1), regions.Reshape(count, -1));
        if (rows is not null) (cam, region) = (cam.IndexSelect(0, rows), region.IndexSelect(0, rows));
        var mean = Explanation.MeanMarginLoss(cam, region, _options.MeanMargin);
        var max = Explanation.MaxMarginLoss(cam, region, _options.MaxMargin);
        var loss = mean.Scale(_options.MeanWeight).Add(max.Scale(_options.MaxWeight));
        return new AmcTerms(mean, max, loss, gradient, raw.Reshape(count, grid, grid), normalized, upsampled);
    }

    /// <summary>
    /// Gradient of the raw match logits with respect to the map, recorded. Samples do not interact, so that the sum's
    /// gradient is every sample's own.
    /// </summary>
    private static Tensor MatchGradient(AlbefOutput output, Tensor map)
    {
        using var phase = Phase.Begin("explanation gradient");
        var score = output.MatchLogits.Slice(1, 1, 2).Sum();
        return AutogradEngine.Grad([score], [map], createGraph: true)[0]
            ?? throw new ModelException("AMC: the match logits do not depend on the captured map; hook a fusion layer");
    }
}
