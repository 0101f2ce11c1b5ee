using AmcEngine.Autograd;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Albef;

/// <summary>
/// One forward pass of the pre-training objective; the methods stand in the order of specification 3.
/// </summary>
internal sealed class PretrainingStep
{
    private readonly AlbefModel _model;
    private readonly AlbefConfig _config;
    private readonly MomentumCopy _momentum;
    private readonly PairBatch _batch;
    private readonly StepOptions _options;
    private readonly ForwardContext _context;
    private readonly TextMask _mask;
    private readonly Tensor _ids;
    private readonly int _count;

    public PretrainingStep(AlbefModel model, PairBatch batch, StepOptions options)
    {
        _momentum = model.Copy ?? throw new ModelException(
            "ALBEF: this model was made for evaluation; create it with momentum copies to train");
        (_model, _config, _batch, _options, _count) = (model, model.Config, batch, options, batch.Text.Count);
        if (_count < 2)
            throw new ModelException($"ALBEF: a batch of {_count} has no negative pairs; use a batch of at least 2");
        if (batch.Image.Shape[0] != _count)
            throw new ModelException($"ALBEF: {batch.Image.Shape[0]} images for {_count} texts");
        _context = options.Context;
        _mask = TextMask.Create(batch.Text, model.DType, model.Backend);
        _ids = Tensor.From(batch.Text.Ids, [_count, batch.Text.Length], model.Backend);
    }

    /// <summary>The pass; its tensors belong to the current scope.</summary>
    public AlbefOutput Run()
    {
        var contrast = _options.Ground && _config.Mode == GroundingMode.Itc ? ItcGrounder.Hook(_config.AmcLayer) : null;
        Tensor image, text, imageFeat, textFeat;
        using (Phase.Begin("forward/vision encoder"))
        {
            _model.ClampTemperature();
            image = _model.Vision.Forward(_batch.Image, _context with { Hook = contrast });
            imageFeat = MatchingModel.Feature(image, _model.VisionProjection);
        }
        using (Phase.Begin("forward/text encoder"))
        {
            text = _model.Text.Bert.Text(_ids, _mask, _context);
            textFeat = MatchingModel.Feature(text, _model.TextProjection);
        }

        var teacher = MomentumFeatures();
        var (simI2T, simT2I, lossIta) = Contrastive(imageFeat, textFeat, teacher);

        var hook =
            _options.Ground && contrast is null ? new AttentionHook(AttentionKind.Cross, _config.AmcLayer) : null;
        ImageSource keys;
        Tensor fused, matchLogits, itmLogits, lossItm;
        int[] negativeImages, negativeTexts;
        using (Phase.Begin("forward/fusion encoder"))
        {
            keys = ImageSource.Project(_model.Text.Bert, image);
            fused = _model.Text.Bert.Fusion(text, _mask, keys, _context with { Hook = hook }, !_options.FullOutputs);
            matchLogits = _model.ItmHead.Forward(VisionLanguageModel.ClassRow(fused));
        }
        using (Phase.Begin("forward/fusion encoder, negatives"))
        {
            (negativeImages, negativeTexts) = Negatives(simI2T, simT2I);
            itmLogits = Movement.Concat([matchLogits, NegativeLogits(text, keys, negativeImages, negativeTexts)], 0);
            lossItm = itmLogits.CrossEntropy(MatchLabels());
        }
        var (mlmLogits, lossMlm) = MaskedLanguage(keys, teacher.Image);
        return new AlbefOutput
        {
            LossIta = lossIta,
            LossItm = lossItm,
            LossMlm = lossMlm,
            ImageEmbeds = image,
            TextEmbeds = text,
            ImageFeat = imageFeat,
            TextFeat = textFeat,
            SimI2T = simI2T,
            SimT2I = simT2I,
            FusionHidden = fused,
            GroundTexts = _options.Ground ? other => GroundTexts(other, contrast, imageFeat, keys) : null,
            Grounding = hook is null
                ? ItcGrounder.Of(contrast, imageFeat, textFeat, _model.Scale, _config.Vision.Grid)
                : ItmGrounder.Of(matchLogits, hook.Map!, _mask.Keep, _config.Vision.Grid),
            MatchLogits = matchLogits,
            ItmLogits = itmLogits,
            MlmLogits = mlmLogits,
            NegativeImages = negativeImages,
            NegativeTexts = negativeTexts,
        };
    }

    private Grounding GroundTexts(TokenBatch texts, AttentionHook? contrast, Tensor imageFeat, ImageSource keys)
    {
        var mask = TextMask.Create(texts, _model.DType, _model.Backend);
        var hidden = _model.Text.Bert.Text(
            Tensor.From(texts.Ids, [texts.Count, texts.Length], _model.Backend), mask, _context);
        if (contrast is not null)
            return ItcGrounder.Of(contrast, imageFeat, MatchingModel.Feature(hidden, _model.TextProjection),
                _model.Scale, _config.Vision.Grid)!;
        var hook = new AttentionHook(AttentionKind.Cross, _config.AmcLayer);
        var fused = _model.Text.Bert.Fusion(hidden, mask, keys, _context with { Hook = hook }, firstRowOnly: true);
        return ItmGrounder.Of(
            _model.ItmHead.Forward(VisionLanguageModel.ClassRow(fused)), hook.Map!, mask.Keep, _config.Vision.Grid);
    }

    /// <summary>
    /// Momentum update first (where the optimizer has not done it), then features of the updated copies, dropout active
    /// (steps 3a and 3b).
    /// </summary>
    private TeacherFeatures MomentumFeatures()
    {
        using var noGrad = NoGrad.Begin();
        using var scope = MemoryScope.Begin();
        _model.MoveCopies();
        using var phase = Phase.Begin("forward/momentum encoders");
        var image = _momentum.Vision.Forward(_batch.Image, _context);
        var text = _momentum.Text.Bert.Text(_ids, _mask, _context);
        return new TeacherFeatures(
            scope.Keep(image),
            scope.Keep(MatchingModel.Feature(image, _momentum.VisionProjection)),
            scope.Keep(MatchingModel.Feature(text, _momentum.TextProjection)));
    }

    /// <summary>Steps 3c to 6.</summary>
    private (Tensor I2T, Tensor T2I, Tensor Loss) Contrastive(
        Tensor imageFeat, Tensor textFeat, TeacherFeatures teacher)
    {
        using var phase = Phase.Begin("forward/contrastive loss");
        return new MomentumContrast(_model.ImageQueue!, _model.TextQueue!, _model.Temperature.Value, _options.Alpha)
        {
            PositiveWeight = (float)(1 - _options.Alpha),
        }.Run(imageFeat, textFeat, teacher.ImageFeat, teacher.TextFeat);
    }

    /// <summary>Step 8: the only values of a step that have to reach the host.</summary>
    private (int[] Images, int[] Texts) Negatives(Tensor simI2T, Tensor simT2I)
    {
        var images = _options.Negatives.Sample(HardNegatives.Weights(InBatch(simT2I), _count), _count, _options.Random);
        var texts = _options.Negatives.Sample(HardNegatives.Weights(InBatch(simI2T), _count), _count, _options.Random);
        return (images, texts);
    }

    private double[] InBatch(Tensor similarity)
    {
        using var noGrad = NoGrad.Begin();
        using var inBatch = similarity.Slice(1, 0, _count);
        return inBatch.ToDoubles();
    }

    /// <summary>
    /// Step 9: own text with a wrong image, then a wrong text with the own image; logits <c>[2B, 2]</c>.
    /// </summary>
    private Tensor NegativeLogits(Tensor text, ImageSource keys, int[] negativeImages, int[] negativeTexts) =>
        MemoryScope.Run(() =>
        {
            int[] own = [.. Enumerable.Range(0, _count)];
            var texts = Tensor.From([.. own, .. negativeTexts], [2 * _count], _model.Backend);
            var images = Tensor.From([.. negativeImages, .. own], [2 * _count], _model.Backend);
            var fused = _model.Text.Bert.Fusion(
                text.IndexSelect(0, texts), _mask.Select(texts), keys.Select(images), _context, firstRowOnly: true);
            return _model.ItmHead.Forward(VisionLanguageModel.ClassRow(fused));
        });

    private int[] MatchLabels()
    {
        var labels = new int[3 * _count];
        labels.AsSpan(0, _count).Fill(1);
        return labels;
    }

    /// <summary>
    /// Step 12. Samples do not interact here, so texts without a masked token are left out of both passes; the
    /// momentum head runs on the masked positions alone.
    /// </summary>
    private (Tensor? Logits, Tensor Loss) MaskedLanguage(ImageSource keys, Tensor teacherImage)
    {
        var selection = MlmSelection.Of(_batch.Text,
            _options.Masked ?? MlmMasking.Sample(_batch.Text, _config.Text, _config.MlmProbability, _options.Random),
            _options.FullOutputs);
        using var phase = Phase.Begin("forward/masked language model");
        if (selection.Rows.Length == 0) return (null, Tensor.Zeros([], _model.DType, _model.Backend));
        using var scope = MemoryScope.Begin();
        var backend = _model.Backend;
        var ids = Tensor.From(selection.Ids, [selection.Rows.Length, _batch.Text.Length], backend);
        var rows =
            selection.Rows.Length == _count ? null : Tensor.From(selection.Rows, [selection.Rows.Length], backend);
        var mask = rows is null ? _mask : _mask.Select(rows);
        var hidden = _model.Text.Bert.MultiModal(ids, mask, rows is null ? keys : keys.Select(rows), _context);
        var logits = scope.Keep(_model.Text.Head.Forward(hidden));
        if (selection.Positions.Length == 0) return (logits, scope.Keep(Tensor.Zeros([], _model.DType, backend)));
        var positions = Tensor.From(selection.Positions, [selection.Positions.Length], backend);
        var teacher = MomentumLogits(
            ids, mask, rows is null ? teacherImage : teacherImage.IndexSelect(0, rows), positions);
        return (logits, scope.Keep(
            MlmLoss.Compute(logits, positions, selection.Labels, teacher, _options.Alpha, _config.MlmDistillAxis)));
    }

    private Tensor MomentumLogits(Tensor ids, TextMask mask, Tensor image, Tensor positions)
    {
        using var phase = Phase.Begin("forward/momentum encoders, masked language model");
        using var noGrad = NoGrad.Begin();
        return MemoryScope.Run(() =>
        {
            var hidden = _momentum.Text.Bert.MultiModal(ids, mask, ImageSource.FromTokens(image), _context);
            return _momentum.Text.Head.Forward(hidden.Reshape(-1, _config.Text.Hidden).IndexSelect(0, positions));
        });
    }

    private sealed record TeacherFeatures(Tensor Image, Tensor ImageFeat, Tensor TextFeat);
}
