using AmcEngine.Diagnostics;
using AmcEngine.Model.DataParallel;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Tokenization;
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

    /// <summary>
    /// Scaled similarities <c>[B, B]</c>, a row an image; <c>[b, B]</c> where b of the pairs are this rank's.
    /// </summary>
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
internal sealed class ContrastiveStep
{
    private readonly ClipModel _model;
    private readonly PairBatch _batch;
    private readonly StepOptions _options;
    private readonly BatchStages _stages;

    // Of a batch that is computed at once: what explains it.
    private AttentionHook? _hook;

    public ContrastiveStep(ClipModel model, PairBatch batch, StepOptions options)
    {
        var count = batch.Text.Count;
        BatchRules.RequireNegatives("CLIP", count, options.Share, options.Share.Scopes.Contrastive, "contrastive");
        if (batch.Image.Shape[0] != count)
            throw new ModelException($"CLIP: {batch.Image.Shape[0]} images for {count} texts");
        (_model, _batch, _options, _stages) = (model, batch, options, new BatchStages(options));
    }

    /// <summary>The pass; its tensors belong to the current scope.</summary>
    public ClipOutput Run()
    {
        // By parts, pictures that are explained ask for the features of their texts.
        var byParts = _options.Ground && _stages.ByParts;
        var early = byParts ? Texts() : null;
        var (image, explanation) = Images(early);
        var text = early ?? Texts();
        using var phase = Phase.Begin("forward/contrastive loss");
        var scale = _model.Scale();
        Tensor Scaled(Tensor cosine) => cosine.Mul(scale);
        var (loss, logits) = Contrast(image, text, scale);
        return new ClipOutput
        {
            Contrastive = loss,
            ImageFeatures = image,
            TextFeatures = text,
            LogitsPerImage = logits,
            Stages = _stages,
            GroundTexts = _hook is null ? null : other => ItcGrounder.Of(
                _hook, image, _model.TextFeature(other, _options.Context), Scaled, _model.Vision.Grid)!,
            ExplainTexts = byParts ? ExplainTexts : null,
            Grounding = ItcGrounder.Of(_hook, image, text, Scaled, _model.Vision.Grid),
            Explanation = explanation,
        };
    }

    // Each picture among all texts, and each text among all pictures: of this rank, or of all ranks.
    private (Tensor Loss, Tensor PerImage) Contrast(Tensor image, Tensor text, Tensor scale)
    {
        var share = _options.Share;
        if (!share.Scopes.Contrastive)
        {
            var all = image.Mul(scale).MatMul(text, transposeB: true);
            int[] diagonal = [.. Enumerable.Range(0, _batch.Text.Count)];
            return (all.CrossEntropy(diagonal).Add(all.Permute(1, 0).CrossEntropy(diagonal)).Scale(0.5), all);
        }
        var (images, texts) = (share.Gather(image), share.Gather(text));
        int[] own = [.. Enumerable.Range(share.Rows(_batch.Text.Count).First, _batch.Text.Count)];
        var perImage = image.Mul(scale).MatMul(texts, transposeB: true);
        var perText = text.Mul(scale).MatMul(images, transposeB: true);
        return (perImage.CrossEntropy(own).Add(perText.CrossEntropy(own)).Scale(0.5), perImage);
    }

    private (Tensor Feature, Tensor? Explanation) Images(Tensor? text)
    {
        using var phase = Phase.Begin("forward/vision encoder");
        var output = _stages.Run(_batch.Text.Count, text is null ? [] : [new StageInput(text)], part =>
        {
            var (feature, hook) = Images(part);
            if (part.IsAtOnce) _hook = hook;
            else if (hook is not null) part.Explain(() => Ground(hook, feature, part.Input(0)));
            return [feature];
        }, explained: _options.Ground);
        return (output.Tensors[0], output.Explanation);
    }

    private (Tensor Feature, AttentionHook? Hook) Images(BatchPart part)
    {
        var hook = _options.Ground ? ItcGrounder.Hook(_model.Config.AmcLayer ?? _model.Vision.Depth - 1) : null;
        return (_model.Vision.Forward(part.Of(_batch.Image), part.Context with { Hook = hook }), hook);
    }

    private Tensor Texts()
    {
        using var phase = Phase.Begin("forward/text encoder");
        return _stages.Run(_batch.Text.Count, [], part => [Texts(part, _batch.Text)]).Tensors[0];
    }

    private Tensor Texts(BatchPart part, TokenBatch texts) => _model.TextFeature(new TokenBatch(
        part.Of(texts.Ids, texts.Length), part.Of(texts.Mask, texts.Length), part.Count, texts.Length), part.Context);

    private Grounding Ground(AttentionHook hook, Tensor image, Tensor text) =>
        ItcGrounder.Of(hook, image, text, cosine => cosine.Mul(_model.Scale()), _model.Vision.Grid)!;

    // The map is gone with its part: the pictures are encoded once more.
    private Tensor ExplainTexts(TokenBatch texts) => _stages.Run(_batch.Text.Count, [], part =>
    {
        part.Explain(() =>
        {
            var (feature, hook) = Images(part);
            return Ground(hook!, feature, Texts(part, texts));
        });
        return [];
    }, explained: true).Explanation!;
}
