using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.DataParallel;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// The stages that the training passes of ALBEF and BLIP have in common: encoders of student and teacher, matching of
/// pairs and of negatives, groundings. Each stage says what it does for some rows; <see cref="BatchStages"/> decides
/// how many these are.
/// </summary>
internal abstract class MatchingPass
{
    private readonly MatchingModel _model;
    private readonly BertEncoder _encoder;
    private readonly bool _byContrast;
    private readonly int _layer;
    private readonly Tensor _ids;

    // Which picture each pair is about, of this rank's and of all ranks'. Null where that does not matter; where it
    // does, pairs of one picture are right for one another, and no negatives.
    private readonly long[]? _pictures, _allPictures;

    // Of a batch that is computed at once: what explains it by contrast, and keys and values that all passes share.
    private AttentionHook? _contrast;
    private ImageSource? _keys;

    /// <summary>A pass over a batch.</summary>
    /// <param name="name">The model's name, for errors.</param>
    /// <param name="model">The model.</param>
    /// <param name="encoder">Its text and fusion encoder.</param>
    /// <param name="mode">Whose score is explained in training.</param>
    /// <param name="layer">The layer that is explained.</param>
    /// <param name="batch">The batch.</param>
    /// <param name="options">What the step is to do.</param>
    /// <exception cref="ModelException">The batch is too small or does not fit.</exception>
    protected MatchingPass(string name, MatchingModel model, BertEncoder encoder, GroundingMode mode, int layer,
        PairBatch batch, StepOptions options)
    {
        (_model, _encoder, _layer, Batch, Options, Count) = (model, encoder, layer, batch, options, batch.Text.Count);
        BatchRules.RequireNegatives(name, Count, options.Share, options.Share.Scopes.Negatives, "negatives");
        if (batch.Image.Shape[0] != Count)
            throw new ModelException($"{name}: {batch.Image.Shape[0]} images for {Count} texts");
        _byContrast = options.Ground && mode == GroundingMode.Itc;
        _pictures = model.SamePicture == SamePicture.Positive ? batch.Pictures : null;
        if (model.SamePicture == SamePicture.Positive) _allPictures = options.Share.Gather(_pictures);
        Stages = new BatchStages(options);
        Mask = TextMask.Create(batch.Text, model.DType, model.Backend);
        _ids = Tensor.From(batch.Text.Ids, [Count, batch.Text.Length], model.Backend);
    }

    /// <summary>The batch.</summary>
    protected PairBatch Batch { get; }

    /// <summary>What the step is to do.</summary>
    protected StepOptions Options { get; }

    /// <summary>Which part of the batch this is.</summary>
    protected BatchShare Share => Options.Share;

    /// <summary>The stages of the pass.</summary>
    protected BatchStages Stages { get; }

    /// <summary>Mask of the batch's texts.</summary>
    protected TextMask Mask { get; }

    /// <summary>Pairs of the batch, B; of this rank, b, where several share it.</summary>
    protected int Count { get; }

    /// <summary>The batch's own texts.</summary>
    protected FusionTexts Texts => field ??= new FusionTexts(Mask, FusionIds, Batch.Text.Length);

    /// <summary>Whether the fusion layers go on from the states of the text encoder, and not from token ids.</summary>
    protected virtual bool FusesStates => true;

    /// <summary>Token ids as the fusion layers read them.</summary>
    protected virtual int[] FusionIds => Batch.Text.Ids;

    /// <summary>Fuses texts with their pictures, to <c>[b, L, D]</c> or the first row alone.</summary>
    /// <param name="part">
    /// The rows; its first input are their image tokens, its second their text states where these are fused.
    /// </param>
    /// <param name="texts">The texts.</param>
    /// <param name="rows">Which of them each row of the stage has; null for its own.</param>
    /// <param name="keys">The pictures.</param>
    /// <param name="context">Dropout and hook.</param>
    /// <param name="firstRowOnly">Compute the first row alone, where nothing reads the others.</param>
    protected abstract Tensor Fuse(BatchPart part, FusionTexts texts, int[]? rows, ImageSource keys,
        ForwardContext context, bool firstRowOnly);

    /// <summary>Pictures and texts through the student's encoders.</summary>
    protected EncodedPairs Encode()
    {
        // By parts, pictures that are explained by contrast ask for the features of their texts.
        (Tensor States, Tensor Feature)? early = _byContrast && Stages.ByParts ? EncodeTexts() : null;
        var images = EncodeImages(early?.Feature);
        var (states, feature) = early ?? EncodeTexts();
        return new EncodedPairs(images.Tensors[0], images.Tensors[1], states, feature, images.Explanation);
    }

    private StageOutput EncodeImages(Tensor? textFeature)
    {
        using var phase = Phase.Begin("forward/vision encoder");
        _model.ClampTemperature();
        return Stages.Run(Count, textFeature is null ? [] : [new StageInput(textFeature)], part =>
        {
            var (image, feature, hook) = EncodeImages(part);
            if (part.IsAtOnce) _contrast = hook;
            else if (hook is not null)
                part.Explain(() => ItcGrounder.Of(hook, feature, part.Input(0), _model.Scale, _model.Vision.Grid)!);
            return [image, feature];
        }, explained: _byContrast);
    }

    private (Tensor Image, Tensor Feature, AttentionHook? Hook) EncodeImages(BatchPart part)
    {
        var hook = _byContrast ? ItcGrounder.Hook(_layer) : null;
        var image = _model.Vision.Forward(part.Of(Batch.Image), part.Context with { Hook = hook });
        return (image, MatchingModel.Feature(image, _model.VisionProjection), hook);
    }

    private (Tensor States, Tensor Feature) EncodeTexts()
    {
        using var phase = Phase.Begin("forward/text encoder");
        var output = Stages.Run(Count, [], part =>
        {
            var states = _encoder.Text(part.Of(_ids), part.Of(Mask), part.Context);
            return [states, MatchingModel.Feature(states, _model.TextProjection)];
        }).Tensors;
        return (output[0], output[1]);
    }

    /// <summary>
    /// Moves the momentum copies (where the optimizer has not done it), then features of the updated copies, dropout
    /// active; constants.
    /// </summary>
    /// <param name="vision">Momentum image encoder.</param>
    /// <param name="visionProjection">Its projection.</param>
    /// <param name="text">Momentum text encoder.</param>
    /// <param name="textProjection">Its projection.</param>
    /// <param name="withTokens">Whether the image tokens are read as well.</param>
    protected TeacherFeatures Teach(
        VisionTransformer vision, Linear visionProjection, BertEncoder text, Linear textProjection, bool withTokens)
    {
        using var noGrad = NoGrad.Begin();
        using var scope = MemoryScope.Begin();
        _model.MoveCopies();
        using var phase = Phase.Begin("forward/momentum encoders");
        var output = Stages.Run(Count, [], part =>
        {
            var image = vision.Forward(part.Of(Batch.Image), part.Context);
            var states = text.Text(part.Of(_ids), part.Of(Mask), part.Context);
            Tensor[] features =
                [MatchingModel.Feature(image, visionProjection), MatchingModel.Feature(states, textProjection)];
            return withTokens ? [.. features, image] : features;
        }).Tensors;
        foreach (var tensor in output) scope.Keep(tensor);
        var own = new PairFeatures(output[0], output[1]);
        var all = Share.IsWhole ? own : new PairFeatures(
            scope.Keep(Share.GatherConstant(own.Image)), scope.Keep(Share.GatherConstant(own.Text)));
        return new TeacherFeatures(own, all, withTokens ? output[2] : null);
    }

    /// <summary>
    /// Similarities over batch and queues <c>[b, n + Q]</c> both ways and their loss; then the batch of all ranks
    /// enters the queues.
    /// </summary>
    /// <param name="pairs">The student's features.</param>
    /// <param name="teacher">The momentum copies' features.</param>
    /// <param name="positiveWeight">As of <see cref="MomentumContrast.PositiveWeight"/>.</param>
    protected (Tensor I2T, Tensor T2I, Tensor Loss) Contrast(
        EncodedPairs pairs, TeacherFeatures teacher, double positiveWeight)
    {
        using var phase = Phase.Begin("forward/contrastive loss");
        return new MomentumContrast(_model.ImageQueue!, _model.TextQueue!, _model.Temperature.Value, Options.Alpha)
        {
            Pictures = _pictures,
            AllPictures = _allPictures,
            PositiveWeight = positiveWeight,
            OverAll = Share.Scopes.Contrastive,
            First = Share.Scopes.Contrastive ? Share.Rows(Count).First : 0,
        }.Run(pairs.ImageFeature, pairs.TextFeature, teacher);
    }

    /// <summary>Draws an image for each text, then a text for each image.</summary>
    /// <param name="byText">Similarities with the images that are drawn from <c>[b, n]</c>, a row a text.</param>
    /// <param name="byImage">Similarities with the texts that are drawn from <c>[b, n]</c>, a row an image.</param>
    protected (int[] Images, int[] Texts) DrawNegatives(double[] byText, double[] byImage)
    {
        var (first, pictures) = Share.Scopes.Negatives ? (Share.Rows(Count).First, _allPictures) : (0, _pictures);
        int[] Draw(double[] similarities) => Options.Negatives.Sample(
            HardNegatives.Weights(similarities, Count, first, pictures), Count, Options.Random);
        var images = Draw(byText);
        return (images, Draw(byImage));
    }

    /// <summary>Fuses the pairs of the batch, and judges whether they match.</summary>
    protected MatchedPairs Match(EncodedPairs pairs)
    {
        using var phase = Phase.Begin("forward/fusion encoder");
        AttentionHook? whole = null;
        var explained = Options.Ground && !_byContrast;
        var output = Stages.Run(Count, Inputs(pairs), part =>
        {
            var hook = explained ? new AttentionHook(AttentionKind.Cross, _layer) : null;
            var fused = Fuse(part, Texts, null, Keys(part, pairs.Image, null), part.Context with { Hook = hook },
                !Options.FullOutputs);
            var logits = _model.ItmHead.Forward(VisionLanguageModel.ClassRow(fused));
            if (part.IsAtOnce) whole = hook;
            else if (hook is not null)
                part.Explain(() => ItmGrounder.Of(logits, hook.Map!, part.Of(Mask).Keep, _model.Vision.Grid));
            return part.IsAtOnce ? [fused, logits] : [fused, logits, MatchShare(logits, 1)];
        }, explained, endsInLoss: true);
        return new MatchedPairs(output.Tensors[0], output.Tensors[1], whole, output.Explanation ?? pairs.Explanation)
        {
            Loss = Stages.ByParts ? output.Tensors[2].Sum() : null,
        };
    }

    /// <summary>Judges all pairs: those of the batch, wrong images, wrong texts.</summary>
    /// <param name="pairs">Encoded pairs.</param>
    /// <param name="matched">The pairs of the batch.</param>
    /// <param name="negativeImages">As of <see cref="NegativeLogits"/>.</param>
    /// <param name="negativeTexts">As of <see cref="NegativeLogits"/>.</param>
    /// <returns>Logits <c>[3B, 2]</c> and the mean of their cross-entropies.</returns>
    protected (Tensor Logits, Tensor Loss) Judge(
        EncodedPairs pairs, MatchedPairs matched, int[] negativeImages, int[] negativeTexts)
    {
        var negatives = NegativeLogits(pairs, negativeImages, negativeTexts);
        var logits = Movement.Concat([matched.Logits, negatives[0]], 0);
        return (logits, Stages.ByParts ? matched.Loss!.Add(negatives[1].Sum()) : MatchLoss(logits));
    }

    /// <summary>
    /// Own text with a wrong image, then a wrong text with the own image; logits <c>[2B, 2]</c>, and by parts each
    /// part's share of the loss. Negatives are numbers of the pairs that they were drawn from: this rank's, or all
    /// ranks'.
    /// </summary>
    private Tensor[] NegativeLogits(EncodedPairs pairs, int[] negativeImages, int[] negativeTexts)
    {
        var overAll = Share.Scopes.Negatives;
        var texts = overAll ? AllTexts() : Texts;
        int[] own = [.. Enumerable.Range(overAll ? Share.Rows(Count).First : 0, Count)],
            textRows = [.. own, .. negativeTexts], imageRows = [.. negativeImages, .. own];
        // Of all ranks' pictures and states those travel that were drawn.
        StageInput Rows(Tensor all, int[] rows) =>
            overAll ? new(Stages.Pick(all, Share.Plan(rows, Count))) : new(all, rows);
        List<StageInput> inputs = [Rows(pairs.Image, imageRows)];
        if (FusesStates) inputs.Add(Rows(pairs.Text, textRows));
        return Stages.Run(2 * Count, inputs, part =>
        {
            var logits = MemoryScope.Run(() =>
            {
                var keys = overAll ? ImageSource.FromTokens(part.Input(0)) : Keys(part, pairs.Image, imageRows);
                var fused = Fuse(part, texts, textRows, keys, part.Context, firstRowOnly: true);
                return _model.ItmHead.Forward(VisionLanguageModel.ClassRow(fused));
            });
            return part.IsAtOnce ? [logits] : [logits, MatchShare(logits, 0)];
        }, endsInLoss: true, places: NegativePlaces()).Tensors;
    }

    // In the whole batch all wrong images come before all wrong texts.
    private RowRange[]? NegativePlaces()
    {
        if (Share.IsWhole) return null;
        var images = Share.Rows(Count);
        return [images, images with { First = images.First + Share.Ranks.Size * Count }];
    }

    private FusionTexts AllTexts()
    {
        var length = Batch.Text.Length;
        int[] ids = Share.Gather(Batch.Text.Ids), mask = Share.Gather(Batch.Text.Mask);
        if (ids.Length != Share.Ranks.Size * Count * length)
            throw new ModelException($"{ids.Length} tokens of all ranks, {Count} texts of {length} here; pad all texts "
                + "to the longest one of the whole batch");
        var all = new TokenBatch(ids, mask, ids.Length / length, length);
        return new FusionTexts(MaskOf(all), Share.Gather(FusionIds), length);
    }

    // What some rows of one label add to the mean over 3B.
    private Tensor MatchShare(Tensor logits, int label)
    {
        int[] labels = [.. Enumerable.Repeat(label, logits.Shape[0])];
        return logits.CrossEntropy(labels).Scale(labels.Length / (3.0 * Count)).Reshape(1);
    }

    // Mean cross-entropy of [3B, 2] logits, of which the first third are matches.
    private Tensor MatchLoss(Tensor logits)
    {
        var labels = new int[3 * Count];
        labels.AsSpan(0, Count).Fill(1);
        return logits.CrossEntropy(labels);
    }

    /// <summary>Keys and values of the rows' pictures: projected once where the batch is computed at once.</summary>
    /// <param name="part">The rows; its first input are their image tokens.</param>
    /// <param name="image">Image tokens of the batch.</param>
    /// <param name="rows">Which picture each row of the stage has; null for its own.</param>
    protected ImageSource Keys(BatchPart part, Tensor image, int[]? rows) => part.IsAtOnce
        ? part.Of(_keys ??= ImageSource.Project(_encoder, image), image, rows)
        : ImageSource.FromTokens(part.Input(0));

    /// <summary>The grounding of a batch that was computed at once; null where none was asked for.</summary>
    protected Grounding? Ground(EncodedPairs pairs, MatchedPairs matched) => matched.Hook is { } hook
        ? ItmGrounder.Of(matched.Logits, hook.Map!, Mask.Keep, _model.Vision.Grid)
        : ItcGrounder.Of(_contrast, pairs.ImageFeature, pairs.TextFeature, _model.Scale, _model.Vision.Grid);

    /// <summary>Grounds other texts in the pictures of a batch that was computed at once; null as above.</summary>
    protected Func<TokenBatch, Grounding>? TextGrounder(EncodedPairs pairs) => !Options.Ground || Stages.ByParts
        ? null : texts => Ground(new BatchPart(Options.Context, Count, []), texts, MaskOf(texts), pairs);

    /// <summary>Reads the groundings of other texts by parts; null as above.</summary>
    protected Func<TokenBatch, Tensor>? TextExplainer(EncodedPairs pairs)
    {
        if (!Options.Ground || !Stages.ByParts) return null;
        return texts =>
        {
            var mask = MaskOf(texts);
            return Stages.Run(Count, _byContrast ? [] : [new StageInput(pairs.Image)], part =>
            {
                part.Explain(() => Ground(part, texts, mask, pairs));
                return [];
            }, explained: true).Explanation!;
        };
    }

    private TextMask MaskOf(TokenBatch texts) => TextMask.Create(texts, _model.DType, _model.Backend);

    private Grounding Ground(BatchPart part, TokenBatch texts, TextMask mask, EncodedPairs pairs)
    {
        var own = part.Of(mask);
        Tensor Ids(TokenBatch t) => Tensor.From(part.Of(t.Ids, t.Length), [part.Count, t.Length], _model.Backend);
        if (_byContrast)
        {
            // By parts, the map is gone with its part: the pictures are encoded once more.
            var (image, hook) = (pairs.ImageFeature, _contrast);
            if (!part.IsAtOnce) (_, image, hook) = EncodeImages(part);
            var text = MatchingModel.Feature(_encoder.Text(Ids(texts), own, part.Context), _model.TextProjection);
            return ItcGrounder.Of(hook, image, text, _model.Scale, _model.Vision.Grid)!;
        }
        var asked = new AttentionHook(AttentionKind.Cross, _layer);
        var fused = _encoder.MultiModal(Ids(_model.PrepareForFusion(texts)), own, Keys(part, pairs.Image, null),
            part.Context with { Hook = asked }, firstRowOnly: true);
        return ItmGrounder.Of(_model.ItmHead.Forward(
            VisionLanguageModel.ClassRow(fused)), asked.Map!, own.Keep, _model.Vision.Grid);
    }

    private StageInput[] Inputs(EncodedPairs pairs) =>
        FusesStates ? [new(pairs.Image), new(pairs.Text)] : [new(pairs.Image)];
}

/// <summary>Encoded pictures and texts of a batch.</summary>
/// <param name="Image">Image tokens <c>[B, N, D]</c>.</param>
/// <param name="ImageFeature">Contrastive features of length 1 <c>[B, E]</c>.</param>
/// <param name="Text">Text-mode hidden states <c>[B, L, D]</c>.</param>
/// <param name="TextFeature">Contrastive features of length 1 <c>[B, E]</c>.</param>
/// <param name="Explanation">What was read of groundings by contrast, by parts.</param>
internal sealed record EncodedPairs(
    Tensor Image, Tensor ImageFeature, Tensor Text, Tensor TextFeature, Tensor? Explanation);

/// <summary>Fused pairs of a batch.</summary>
/// <param name="Fused">Fusion states <c>[B, L, D]</c> or <c>[B, 1, D]</c>.</param>
/// <param name="Logits">Matching logits <c>[B, 2]</c>.</param>
/// <param name="Hook">What holds the map of a batch that was computed at once.</param>
/// <param name="Explanation">What was read of groundings, by parts.</param>
internal sealed record MatchedPairs(Tensor Fused, Tensor Logits, AttentionHook? Hook, Tensor? Explanation)
{
    /// <summary>By parts, what they add to the matching loss; null at once.</summary>
    public Tensor? Loss { get; init; }
}

/// <summary>Texts that the fusion layers read.</summary>
/// <param name="Mask">Their mask.</param>
/// <param name="Ids">Token ids, so many a text.</param>
/// <param name="Length">How many.</param>
internal sealed record FusionTexts(TextMask Mask, int[] Ids, int Length);
