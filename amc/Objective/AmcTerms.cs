using AmcEngine.Model;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Objective;

/// <summary>
/// The value of Attention Mask Consistency and what it was computed from; tensors belong to the caller's scope.
/// </summary>
public sealed record AmcTerms : ObjectiveTerms
{
    /// <summary>Mean margin loss, a scalar: one hinge for the whole batch.</summary>
    public required Tensor MeanLoss { get; init; }

    /// <summary>Max margin loss, a scalar: a hinge for each sample.</summary>
    public required Tensor MaxLoss { get; init; }

    /// <summary>
    /// ∂ Σ scores / ∂ map <c>[B, H, Q, N]</c>, differentiable; null where no sample has a region, as all that follows.
    /// </summary>
    public Tensor? MapGradient { get; init; }

    /// <summary>GradCAM <c>[B, n, n]</c>.</summary>
    public Tensor? RawCam { get; init; }

    /// <summary>
    /// GradCAM by the words alone <c>[B, n, n]</c>, a constant; null where the grounding does not tell words.
    /// </summary>
    public Tensor? WordCam { get; init; }

    /// <summary>After min-max normalisation <c>[B, n, n]</c>.</summary>
    public Tensor? NormalizedCam { get; init; }

    /// <summary>Resized to the region masks <c>[B, S, S]</c>.</summary>
    public Tensor? UpsampledCam { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NamedLoss> Losses => [new("amc_mean", MeanLoss), new("amc_max", MaxLoss)];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor?> Intermediate => new Dictionary<string, Tensor?>
    {
        ["cross_attention_grad"] = MapGradient,
        ["attention_grad"] = MapGradient,
        ["gradcam_raw"] = RawCam,
        ["gradcam_words"] = WordCam,
        ["gradcam_normalized"] = NormalizedCam,
        ["gradcam_upsampled"] = UpsampledCam,
    };
}
