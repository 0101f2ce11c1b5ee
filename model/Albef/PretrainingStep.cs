using AmcEngine.Autograd;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Albef;

/// <summary>
/// One forward pass of the pre-training objective; the methods stand in the order of specification 3.
/// </summary>
/// <param name="model">The model.</param>
/// <param name="batch">The batch.</param>
/// <param name="options">What the step is to do.</param>
internal sealed class PretrainingStep(AlbefModel model, PairBatch batch, StepOptions options)
    : MatchingPass("ALBEF", model, model.Text.Bert, model.Config.Mode, model.Config.AmcLayer, batch, options)
{
    private readonly AlbefModel _model = model;
    private readonly AlbefConfig _config = model.Config;
    private readonly MomentumCopy _momentum = model.Copy ?? throw new ModelException(
        "ALBEF: this model was made for evaluation; create it with momentum copies to train");

    /// <summary>The pass; its tensors belong to the current scope.</summary>
    public AlbefOutput Run()
    {
        var pairs = Encode();
        // Steps 3a and 3b.
        var teacher = Teach(_momentum.Vision, _momentum.VisionProjection, _momentum.Text.Bert, _momentum.TextProjection,
            withTokens: true);
        // Steps 3c to 6. The reference builds its one-hot targets in single precision whatever the model computes in,
        // so that their weight is rounded to it: visible (4e-8) in a replay in double precision, and nowhere else.
        var (simI2T, simT2I, lossIta) = Contrast(pairs, teacher, positiveWeight: (float)(1 - Options.Alpha));
        var matched = Match(pairs);
        Tensor itmLogits, lossItm;
        int[] negativeImages, negativeTexts;
        using (Phase.Begin("forward/fusion encoder, negatives"))
        {
            // Step 8: the only values of a step that have to reach the host.
            (negativeImages, negativeTexts) = DrawNegatives(InBatch(simT2I), InBatch(simI2T));
            itmLogits = Movement.Concat([matched.Logits, NegativeLogits(pairs, negativeImages, negativeTexts)], 0);
            lossItm = MatchLoss(itmLogits);
        }
        var (mlmLogits, lossMlm) = MaskedLanguage(pairs.Image, teacher.Image!);
        return new AlbefOutput
        {
            LossIta = lossIta,
            LossItm = lossItm,
            LossMlm = lossMlm,
            ImageEmbeds = pairs.Image,
            TextEmbeds = pairs.Text,
            ImageFeat = pairs.ImageFeature,
            TextFeat = pairs.TextFeature,
            SimI2T = simI2T,
            SimT2I = simT2I,
            FusionHidden = matched.Fused,
            Stages = Stages,
            GroundTexts = TextGrounder(pairs),
            ExplainTexts = TextExplainer(pairs),
            Grounding = Ground(pairs, matched),
            Explanation = matched.Explanation,
            MatchLogits = matched.Logits,
            ItmLogits = itmLogits,
            MlmLogits = mlmLogits,
            NegativeImages = negativeImages,
            NegativeTexts = negativeTexts,
        };
    }

    /// <inheritdoc/>
    protected override Tensor Fuse(
        BatchPart part, int[]? texts, ImageSource keys, ForwardContext context, bool firstRowOnly) =>
        _model.Text.Bert.Fusion(part.Input(1), part.Of(Mask, texts), keys, context, firstRowOnly);

    private double[] InBatch(Tensor similarity)
    {
        using var noGrad = NoGrad.Begin();
        using var inBatch = similarity.Slice(1, 0, Count);
        return inBatch.ToDoubles();
    }

    /// <summary>
    /// Step 12. Samples do not interact here, so texts without a masked token are left out of both passes; the
    /// momentum head runs on the masked positions alone.
    /// </summary>
    private (Tensor? Logits, Tensor Loss) MaskedLanguage(Tensor image, Tensor teacherImage)
    {
        var selection = MlmSelection.Of(Batch.Text,
            Options.Masked ?? MlmMasking.Sample(Batch.Text, _config.Text, _config.MlmProbability, Options.Random),
            Options.FullOutputs);
        using var phase = Phase.Begin("forward/masked language model");
        if (selection.Rows.Length == 0) return (null, Tensor.Zeros([], _model.DType, _model.Backend));
        var rows = selection.Rows.Length == Count ? null : selection.Rows;
        var output = Stages.Run(selection.Rows.Length, [new StageInput(image, rows)],
            part => MaskedLanguage(part, selection, rows, image, teacherImage)).Tensors;
        return Stages.ByParts ? (null, output[0].Sum()) : (output[1], output[0]);
    }

    // The loss and the logits of all rows, or a part's share of the loss.
    private Tensor[] MaskedLanguage(
        BatchPart part, MlmSelection whole, int[]? rows, Tensor image, Tensor teacherImage)
    {
        using var scope = MemoryScope.Begin();
        var (backend, length, masked) = (_model.Backend, Batch.Text.Length, whole.Part(part.First, part.Count));
        var ids = Tensor.From(masked.Ids, [part.Count, length], backend);
        var mask = part.Of(Mask, rows);
        var hidden = _model.Text.Bert.MultiModal(ids, mask, Keys(part, image, rows), part.Context);
        var logits = _model.Text.Head.Forward(hidden);
        var loss = Tensor.Zeros([], _model.DType, backend);
        if (masked.Positions.Length > 0)
        {
            var positions = Tensor.From(masked.Positions, [masked.Positions.Length], backend);
            var teacher = MomentumLogits(part, ids, mask, part.Of(teacherImage, rows), positions);
            loss = MlmLoss.Compute(
                logits, positions, masked.Labels, teacher, Options.Alpha, _config.MlmDistillAxis);
        }
        return part.IsWhole
            ? [scope.Keep(loss), scope.Keep(logits)]
            : [scope.Keep(
                loss.Reshape(1).Scale((double)masked.Positions.Length / Math.Max(whole.Positions.Length, 1)))];
    }

    private Tensor MomentumLogits(BatchPart part, Tensor ids, TextMask mask, Tensor image, Tensor positions)
    {
        using var phase = Phase.Begin("forward/momentum encoders, masked language model");
        using var noGrad = NoGrad.Begin();
        return MemoryScope.Run(() =>
        {
            var hidden = _momentum.Text.Bert.MultiModal(ids, mask, ImageSource.FromTokens(image), part.Context);
            return _momentum.Text.Head.Forward(hidden.Reshape(-1, _config.Text.Hidden).IndexSelect(0, positions));
        });
    }
}
