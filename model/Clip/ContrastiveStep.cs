using AmcEngine.Diagnostics;
using AmcEngine.Model.Layers;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Clip;

/// <summary>Loss and intermediate results of a contrastive step; all tensors belong to the caller's scope.</summary>
public sealed record ClipOutput : TrainingOutput
{
    /// <summary>Mean of the two cross-entropies against the diagonal, a scalar.</summary>
    public required Tensor Contrastive { get; init; }

    /// <summary>Image features of length 1 <c>[B, E]</c>.</summary>
    public required Tensor ImageFeatures { get; init; }

    /// <summary>Text features of length 1 <c>[B, E]</c>.</summary>
    public required Tensor TextFeatures { get; init; }

    /// <summary>Scaled similarities <c>[B, B]</c>, a row an image.</summary>
    public required Tensor LogitsPerImage { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<NamedLoss> Losses => [new("contrastive", Contrastive)];

    /// <inheritdoc/>
    public override Tensor Total() => Contrastive;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, Tensor?> Intermediate => new Dictionary<string, Tensor?>
    {
        ["image_features"] = ImageFeatures,
        ["text_features"] = TextFeatures,
        ["logits_per_image"] = LogitsPerImage,
        ["attention_map"] = Grounding?.Map,
    };
}

/// <summary>
/// One forward pass of CLIP's training: the pairs of a batch against one another (Radford et al. 2021, figure 3).
/// </summary>
internal static class ContrastiveStep
{
    public static ClipOutput Run(ClipModel model, PairBatch batch, StepOptions options)
    {
        var count = batch.Text.Count;
        if (count < 2)
            throw new ModelException($"CLIP: a batch of {count} has no negative pairs; use a batch of at least 2");
        if (batch.Image.Shape[0] != count)
            throw new ModelException($"CLIP: {batch.Image.Shape[0]} images for {count} texts");
        var hook = options.Ground ? ItcGrounder.Hook(model.Config.AmcLayer ?? model.Vision.Depth - 1) : null;
        Tensor image, text;
        using (Phase.Begin("forward/vision encoder"))
            image = model.Vision.Forward(batch.Image, options.Context with { Hook = hook });
        using (Phase.Begin("forward/text encoder"))
            text = model.TextFeature(batch.Text, options.Context);
        using var phase = Phase.Begin("forward/contrastive loss");
        var scale = model.Scale();
        var logits = image.Mul(scale).MatMul(text, transposeB: true);
        int[] own = [.. Enumerable.Range(0, count)];
        return new ClipOutput
        {
            Contrastive = logits.CrossEntropy(own).Add(logits.Permute(1, 0).CrossEntropy(own)).Scale(0.5),
            ImageFeatures = image,
            TextFeatures = text,
            LogitsPerImage = logits,
            GroundTexts = hook is null ? null : other => ItcGrounder.Of(
                hook, image, model.TextFeature(
                    other, options.Context), c => c.Mul(scale), model.Vision.Grid)!,
            Grounding = ItcGrounder.Of(hook, image, text, c => c.Mul(scale), model.Vision.Grid),
        };
    }
}
