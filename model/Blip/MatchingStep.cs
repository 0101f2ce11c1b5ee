using AmcEngine.Autograd;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Blip;

/// <summary>
/// One forward pass of BLIP's fine-tuning: contrast (ITA), then matching with hard negatives of the batch (ITM).
/// </summary>
/// <param name="model">The model.</param>
/// <param name="batch">The batch.</param>
/// <param name="options">What the step is to do.</param>
internal sealed class MatchingStep(BlipModel model, PairBatch batch, StepOptions options)
    : MatchingPass("BLIP", model, model.Text, model.Config.Mode, model.Config.AmcLayer, batch, options)
{
    private readonly BlipModel _model = model;
    private readonly BlipMomentum _momentum = model.Copy ?? throw new ModelException(
        "BLIP: this model was made for evaluation; create it with momentum copies to train");

    /// <inheritdoc/>
    protected override bool FusesStates => false;

    /// <inheritdoc/>
    protected override int[] FusionIds { get; } = model.WithEncoderToken(batch.Text).Ids;

    /// <summary>The pass; its tensors belong to the current scope.</summary>
    public BlipOutput Run()
    {
        var pairs = Encode();
        var teacher = Teach(
            _momentum.Vision, _momentum.VisionProjection, _momentum.Text, _momentum.TextProjection, withTokens: false);
        var (simI2T, simT2I, lossIta) = Contrast(pairs, teacher, 1 - Options.Alpha);
        var matched = Match(pairs);
        using var phase = Phase.Begin("forward/fusion encoder, negatives");
        var (images, texts) = Negatives(pairs.ImageFeature, pairs.TextFeature);
        var (itmLogits, lossItm) = Judge(pairs, matched, images, texts);
        return new BlipOutput
        {
            LossIta = lossIta,
            LossItm = lossItm,
            ImageEmbeds = pairs.Image,
            ImageFeat = pairs.ImageFeature,
            TextFeat = pairs.TextFeature,
            SimI2T = simI2T,
            SimT2I = simT2I,
            FusionHidden = matched.Fused,
            ItmLogits = itmLogits,
            NegativeImages = images,
            NegativeTexts = texts,
            Stages = Stages,
            GroundTexts = TextGrounder(pairs),
            ExplainTexts = TextExplainer(pairs),
            Grounding = Ground(pairs, matched) is not { } grounding ? null
                : matched.Hook is null ? grounding : grounding with { WordMask = WordMask() },
            Explanation = matched.Explanation,
        };
    }

    /// <inheritdoc/>
    protected override Tensor Fuse(BatchPart part, FusionTexts texts, int[]? rows, ImageSource keys,
        ForwardContext context, bool firstRowOnly)
    {
        var (length, all) = (texts.Length, texts.Ids);
        var ids = rows is null ? part.Of(all, length)
            : [.. part.Of(rows, 1).SelectMany(r => all.AsSpan(r * length, length).ToArray())];
        return _model.Text.MultiModal(Tensor.From(ids, [part.Count, length], _model.Backend),
            part.Of(texts.Mask, rows), keys, context, firstRowOnly);
    }

    private Tensor? WordMask() =>
        Options.FullOutputs ? TextMask.Words(Batch.Text, hasEnd: true, _model.DType, _model.Backend) : null;

    /// <summary>Drawn by the similarities of the batch's own features.</summary>
    private (int[] Images, int[] Texts) Negatives(Tensor imageFeat, Tensor textFeat)
    {
        var overAll = Share.Scopes.Negatives;
        double[] byText, byImage;
        using (NoGrad.Begin())
        using (MemoryScope.Begin())
        {
            var temperature = _model.Temperature.Value;
            var (allImages, allTexts) = overAll
                ? (Share.GatherConstant(imageFeat), Share.GatherConstant(textFeat)) : (imageFeat, textFeat);
            byText = textFeat.Div(temperature).MatMul(allImages, transposeB: true).ToDoubles();
            byImage = imageFeat.Div(temperature).MatMul(allTexts, transposeB: true).ToDoubles();
        }
        return DrawNegatives(byText, byImage);
    }
}
