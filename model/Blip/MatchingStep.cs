using AmcEngine.Autograd;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Blip;

/// <summary>
/// One forward pass of BLIP's fine-tuning: contrast (ITA), then matching with hard negatives of the batch (ITM).
/// </summary>
internal sealed class MatchingStep
{
    private readonly BlipModel _model;
    private readonly BlipMomentum _momentum;
    private readonly PairBatch _batch;
    private readonly StepOptions _options;
    private readonly ForwardContext _context;
    private readonly TextMask _mask;
    private readonly Tensor _ids;
    private readonly int[] _pairIds;
    private readonly int _count;

    public MatchingStep(BlipModel model, PairBatch batch, StepOptions options)
    {
        _momentum = model.Copy ?? throw new ModelException(
            "BLIP: this model was made for evaluation; create it with momentum copies to train");
        (_model, _batch, _options, _count) = (model, batch, options, batch.Text.Count);
        if (_count < 2)
            throw new ModelException($"BLIP: a batch of {_count} has no negative pairs; use a batch of at least 2");
        if (batch.Image.Shape[0] != _count)
            throw new ModelException($"BLIP: {batch.Image.Shape[0]} images for {_count} texts");
        _context = options.Context;
        _mask = TextMask.Create(batch.Text, model.DType, model.Backend);
        _ids = Tensor.From(batch.Text.Ids, [_count, batch.Text.Length], model.Backend);
        _pairIds = model.WithEncoderToken(batch.Text).Ids;
    }

    /// <summary>The pass; its tensors belong to the current scope.</summary>
    public BlipOutput Run()
    {
        var contrast = _options.Ground && _model.Config.Mode == GroundingMode.Itc
            ? ItcGrounder.Hook(_model.Config.AmcLayer) : null;
        Tensor image, imageFeat, textFeat;
        using (Phase.Begin("forward/vision encoder"))
        {
            _model.ClampTemperature();
            image = _model.Vision.Forward(_batch.Image, _context with { Hook = contrast });
            imageFeat = MatchingModel.Feature(image, _model.VisionProjection);
        }
        using (Phase.Begin("forward/text encoder"))
            textFeat = MatchingModel.Feature(_model.Text.Text(_ids, _mask, _context), _model.TextProjection);
        var (simI2T, simT2I, lossIta) = Contrastive(imageFeat, textFeat);

        var hook =
            _options.Ground && contrast is null ? new AttentionHook(AttentionKind.Cross, _model.Config.AmcLayer) : null;
        Tensor fused, matchLogits, itmLogits;
        ImageSource keys;
        using (Phase.Begin("forward/fusion encoder"))
        {
            keys = ImageSource.Project(_model.Text, image);
            var ids = Tensor.From(_pairIds, [_count, _batch.Text.Length], _model.Backend);
            fused = _model.Text.MultiModal(ids, _mask, keys, _context with { Hook = hook }, !_options.FullOutputs);
            matchLogits = _model.ItmHead.Forward(VisionLanguageModel.ClassRow(fused));
        }
        using var phase = Phase.Begin("forward/fusion encoder, negatives");
        var (images, texts) = Negatives(imageFeat, textFeat);
        itmLogits = Movement.Concat([matchLogits, NegativeLogits(keys, images, texts)], 0);
        var labels = new int[3 * _count];
        labels.AsSpan(0, _count).Fill(1);
        return new BlipOutput
        {
            LossIta = lossIta,
            LossItm = itmLogits.CrossEntropy(labels),
            ImageEmbeds = image,
            ImageFeat = imageFeat,
            TextFeat = textFeat,
            SimI2T = simI2T,
            SimT2I = simT2I,
            FusionHidden = fused,
            ItmLogits = itmLogits,
            NegativeImages = images,
            NegativeTexts = texts,
            GroundTexts = _options.Ground ? other => GroundTexts(other, contrast, imageFeat, keys) : null,
            Grounding = hook is null
                ? ItcGrounder.Of(contrast, imageFeat, textFeat, _model.Scale, _model.Vision.Grid)
                : Matched(matchLogits, hook.Map!),
        };
    }

    private Grounding GroundTexts(TokenBatch texts, AttentionHook? contrast, Tensor imageFeat, ImageSource keys)
    {
        var mask = TextMask.Create(texts, _model.DType, _model.Backend);
        Tensor Ids(TokenBatch t) => Tensor.From(t.Ids, [t.Count, t.Length], _model.Backend);
        if (contrast is not null)
        {
            var feature = MatchingModel.Feature(_model.Text.Text(Ids(texts), mask, _context), _model.TextProjection);
            return ItcGrounder.Of(contrast, imageFeat, feature, _model.Scale, _model.Vision.Grid)!;
        }
        var hook = new AttentionHook(AttentionKind.Cross, _model.Config.AmcLayer);
        var fused = _model.Text.MultiModal(
            Ids(_model.WithEncoderToken(texts)), mask, keys, _context with { Hook = hook }, firstRowOnly: true);
        return ItmGrounder.Of(
            _model.ItmHead.Forward(VisionLanguageModel.ClassRow(fused)), hook.Map!, mask.Keep, _model.Vision.Grid);
    }

    private Grounding Matched(Tensor logits, Tensor map) =>
        ItmGrounder.Of(logits, map, _mask.Keep, _model.Vision.Grid) with
        {
            WordMask =
                _options.FullOutputs ? TextMask.Words(_batch.Text, hasEnd: true, _model.DType, _model.Backend) : null,
        };

    private (Tensor I2T, Tensor T2I, Tensor Loss) Contrastive(Tensor imageFeat, Tensor textFeat)
    {
        var (teacherImage, teacherText) = Teacher();
        using var phase = Phase.Begin("forward/contrastive loss");
        var queue = _model.TextQueue!;
        queue.Batch = _batch.Pictures;
        return new MomentumContrast(_model.ImageQueue!, queue, _model.Temperature.Value, _options.Alpha)
        {
            Positives = queue.Positives(_batch.Pictures, _model.DType, _model.Backend),
        }.Run(imageFeat, textFeat, teacherImage, teacherText);
    }

    /// <summary>
    /// Momentum update first (where the optimizer has not done it), then features of the updated copies.
    /// </summary>
    private (Tensor Image, Tensor Text) Teacher()
    {
        using var noGrad = NoGrad.Begin();
        using var scope = MemoryScope.Begin();
        _model.MoveCopies();
        using var phase = Phase.Begin("forward/momentum encoders");
        return (
            scope.Keep(
                MatchingModel.Feature(_momentum.Vision.Forward(_batch.Image, _context), _momentum.VisionProjection)),
            scope.Keep(MatchingModel.Feature(_momentum.Text.Text(_ids, _mask, _context), _momentum.TextProjection)));
    }

    /// <summary>Drawn by the similarities of the batch's own features; pairs of one picture are no negatives.</summary>
    private (int[] Images, int[] Texts) Negatives(Tensor imageFeat, Tensor textFeat)
    {
        double[] byText, byImage;
        using (NoGrad.Begin())
        using (MemoryScope.Begin())
        {
            var temperature = _model.Temperature.Value;
            byText = textFeat.Div(temperature).MatMul(imageFeat, transposeB: true).ToDoubles();
            byImage = imageFeat.Div(temperature).MatMul(textFeat, transposeB: true).ToDoubles();
        }
        var images = _options.Negatives.Sample(
            HardNegatives.Weights(byText, _count, _batch.Pictures), _count, _options.Random);
        var texts = _options.Negatives.Sample(
            HardNegatives.Weights(byImage, _count, _batch.Pictures), _count, _options.Random);
        return (images, texts);
    }

    /// <summary>Own text with a wrong image, then a wrong text with the own image; logits <c>[2B, 2]</c>.</summary>
    private Tensor NegativeLogits(ImageSource keys, int[] negativeImages, int[] negativeTexts) => MemoryScope.Run(() =>
    {
        int[] own = [.. Enumerable.Range(0, _count)], rows = [.. own, .. negativeTexts];
        var texts = Tensor.From(rows, [2 * _count], _model.Backend);
        var images = Tensor.From([.. negativeImages, .. own], [2 * _count], _model.Backend);
        var length = _batch.Text.Length;
        var ids = Tensor.From([.. rows.SelectMany(r => _pairIds.AsSpan(r * length, length).ToArray())],
            [2 * _count, length], _model.Backend);
        var fused = _model.Text.MultiModal(ids, _mask.Select(texts), keys.Select(images), _context, firstRowOnly: true);
        return _model.ItmHead.Forward(VisionLanguageModel.ClassRow(fused));
    });
}
