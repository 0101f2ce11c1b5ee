using AmcEngine.Amc.Explanation;
using AmcEngine.Diagnostics;
using AmcEngine.Model;
using AmcEngine.Model.DataParallel;
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
    double MeanWeight = 0.2, double MeanMargin = 0.1, double MaxWeight = 0.8, double MaxMargin = 0.5,
    double Eps = 1e-7);

/// <summary>
/// Attention Mask Consistency (Yang et al., CVPR 2023; specification 4): the explanation of a match is itself trained
/// to lie inside the annotated region. The explanation contains a gradient, so the loss is of second order. Of a model
/// it needs nothing but a <see cref="Grounding"/> to explain.
/// </summary>
public sealed class AmcObjective(AmcOptions? options = null) : IObjective
{
    private readonly AmcOptions _options = options ?? new AmcOptions();

    /// <inheritdoc/>
    ObjectiveTerms IObjective.Compute(ObjectiveInputs inputs) => Compute(inputs);

    /// <summary>
    /// The two margin losses of a step. Samples without a region do not enter; without any, the losses are 0. Where
    /// the samples of all ranks count together, all ranks call it.
    /// </summary>
    /// <exception cref="ModelException">The sizes do not fit.</exception>
    public AmcTerms Compute(ObjectiveInputs inputs)
    {
        var (count, regions, hasRegion) = (inputs.Explained.Count, inputs.Regions, inputs.HasRegion);
        if (regions.Shape.Rank != 3 || regions.Shape[0] != count || hasRegion.Count != count)
            throw new ModelException($"AMC: {regions.Shape} region masks and {hasRegion.Count} indicators for {count} "
                + "samples; masks are [B, S, S]");
        int[] rows = [.. Enumerable.Range(0, count).Where(i => hasRegion[i])];
        var pool = inputs.Pool;
        var total = pool.Count(rows.Length);
        if (total == 0)
        {
            var zero = Tensor.Zeros([], regions.DType, regions.Backend);
            return new AmcTerms { MeanLoss = zero, MaxLoss = zero, Loss = zero };
        }
        if (rows.Length == 0) return WithoutMaps(Margins(pool, total, null, null, regions.Shape[1] * regions.Shape[2]));
        return Compute(inputs, pool, total,
            rows.Length == count ? null : Tensor.From(rows, [rows.Length], regions.Backend));
    }

    private AmcTerms Compute(ObjectiveInputs inputs, SamplePool pool, long total, Tensor? rows)
    {
        var (explained, regions) = (inputs.Explained, inputs.Regions);
        var raw = explained.Cam;
        var (count, grid, height, width) = (explained.Count, explained.Grid, regions.Shape[1], regions.Shape[2]);
        using var phase = Phase.Begin("forward/AMC loss");
        var normalized = raw.MinMaxNormalize(_options.Eps).Reshape(count, grid, grid);
        var upsampled = normalized.Interpolate(height, width, InterpolationMode.Bilinear);

        var (cam, region) = (upsampled.Reshape(count, -1), regions.Reshape(count, -1));
        if (rows is not null) (cam, region) = (cam.IndexSelect(0, rows), region.IndexSelect(0, rows));
        return WithoutMaps(Margins(pool, total, cam, region, cam.Shape[1])) with
        {
            MapGradient = explained.MapGradient,
            RawCam = raw.Reshape(count, grid, grid),
            WordCam = WordCam(explained),
            NormalizedCam = normalized,
            UpsampledCam = upsampled,
        };
    }

    // Of this rank's maps, which may be none, and those of all ranks where these count together.
    private (Tensor Mean, Tensor Max) Margins(SamplePool pool, long total, Tensor? cam, Tensor? region, int pixels)
    {
        if (!pool.IsShared)
        {
            return (Ops.Explanation.MeanMarginLoss(cam!, region!, _options.MeanMargin),
                Ops.Explanation.MaxMarginLoss(cam!, region!, _options.MaxMargin));
        }
        var (sums, inside) = cam is null ? default : Ops.Explanation.RegionSums(cam, region!);
        var hinges = cam is null ? null : Ops.Explanation.MaxMarginHinges(cam, region!, _options.MaxMargin);
        return (Ops.Explanation.MeanMarginLoss(
            pool.Sum(sums, [2]), pool.Sum(inside, [1]), (double)total * pixels, _options.MeanMargin),
            pool.Mean(hinges, total));
    }

    private AmcTerms WithoutMaps((Tensor Mean, Tensor Max) margins) => new()
    {
        MeanLoss = margins.Mean,
        MaxLoss = margins.Max,
        Loss = margins.Mean.Scale(_options.MeanWeight).Add(margins.Max.Scale(_options.MaxWeight)),
    };

    private static Tensor? WordCam(Explained explained) =>
        explained is { Grounding: { WordMask: { } words } grounding, MapGradient: { } gradient }
            ? GradCam.Of(grounding.Map.Detach(), gradient.Detach(), words)
                .Reshape(explained.Count, explained.Grid, explained.Grid)
            : null;
}
