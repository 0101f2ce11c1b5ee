using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Contrastive;
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
            (negativeImages, negativeTexts) = Negatives(pairs, teacher, simI2T, simT2I);
            (itmLogits, lossItm) = Judge(pairs, matched, negativeImages, negativeTexts);
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
    protected override Tensor Fuse(BatchPart part, FusionTexts texts, int[]? rows, ImageSource keys,
        ForwardContext context, bool firstRowOnly) =>
        _model.Text.Bert.Fusion(part.Input(1), part.Of(texts.Mask, rows), keys, context, firstRowOnly);

    /// <summary>Step 8: the only values of a step that have to reach the host.</summary>
    private (int[] Images, int[] Texts) Negatives(
        EncodedPairs pairs, TeacherFeatures teacher, Tensor simI2T, Tensor simT2I)
    {
        var byText = InBatch(simT2I, pairs.TextFeature, teacher.All.Image);
        return DrawNegatives(byText, InBatch(simI2T, pairs.ImageFeature, teacher.All.Text));
    }

    // Similarities with the pairs that negatives are drawn from: columns of those that the contrast has computed,
    // unless it has seen this rank's pairs alone.
    private double[] InBatch(Tensor similarity, Tensor features, Tensor teacher)
    {
        using var noGrad = NoGrad.Begin();
        using var scope = MemoryScope.Begin();
        var columns = (Share.Scopes.Contrastive, Share.Scopes.Negatives) switch
        {
            (false, true) => features.Div(_model.Temperature.Value).MatMul(teacher, transposeB: true),
            (true, true) => similarity.Slice(1, 0, Share.Ranks.Size * Count),
            (true, false) => similarity.Slice(1, Share.Rows(Count).First, Share.Rows(Count).First + Count),
            _ => similarity.Slice(1, 0, Count),
        };
        return columns.ToDoubles();
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
        // How many texts and words each rank has: what all ranks do next hangs on all of them.
        int[] texts = Share.Numbers(selection.Rows.Length), words = Share.Numbers(selection.Positions.Length);
        var result = selection.Rows.Length > 0
            ? MaskedLanguage(selection, Place(texts), Divisor(words), image, teacherImage)
            : (null, Tensor.Zeros([], _model.DType, _model.Backend));
        // A rank without such a text goes on with the random numbers of those that have one.
        if (texts.Contains(0) && texts.Any(t => t > 0))
            Options.Random.SkipTo((uint)Share.Numbers((int)Options.Random.Stream).Max());
        return result;
    }

    private RowRange[]? Place(int[] texts) => Share.IsWhole
        ? null : [new RowRange(texts[..Share.Ranks.Rank].Sum(), texts[Share.Ranks.Rank])];

    // What the sum over this rank's words is divided by: their number, or the mean of all ranks' numbers, since losses
    // are averaged over ranks.
    private double Divisor(int[] words) => Math.Max(
        Share.Scopes.MaskedWords ? words.Average() : words[Share.Ranks.Rank], double.Epsilon);

    private (Tensor? Logits, Tensor Loss) MaskedLanguage(
        MlmSelection selection, RowRange[]? place, double divisor, Tensor image, Tensor teacherImage)
    {
        var rows = selection.Rows.Length == Count ? null : selection.Rows;
        var output = Stages.Run(selection.Rows.Length, [new StageInput(image, rows)],
            part => MaskedLanguage(part, selection, rows, divisor, image, teacherImage), endsInLoss: true,
            places: place).Tensors;
        return Stages.ByParts ? (null, output[0].Sum()) : (output[1], output[0]);
    }

    // The loss and the logits of all rows, or a part's share of the loss.
    private Tensor[] MaskedLanguage(
        BatchPart part, MlmSelection whole, int[]? rows, double divisor, Tensor image, Tensor teacherImage)
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
        // The mean over these words, as a part of the mean over more.
        var share = masked.Positions.Length / divisor;
        if (part.IsAtOnce) return [scope.Keep(share is 0 or 1 ? loss : loss.Scale(share)), scope.Keep(logits)];
        return [scope.Keep(loss.Reshape(1).Scale(share))];
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
