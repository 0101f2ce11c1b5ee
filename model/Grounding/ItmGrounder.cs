using AmcEngine.Autograd;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// Grounds by image-text matching (specification 7): the match logit, through the cross-attention map of a fusion
/// layer. Nothing below the fusion layers lies between the map and the logit, so nothing there is recorded.
/// </summary>
internal sealed class ItmGrounder : IGrounder
{
    private readonly VisionTransformer _vision;
    private readonly BertEncoder _text;
    private readonly Linear _head;
    private readonly int _layer;
    private readonly bool _wordsOnly;
    private readonly VisionLanguageModel _model;

    /// <summary>A grounder.</summary>
    /// <param name="vision">Image encoder.</param>
    /// <param name="text">Text encoder with its fusion layers.</param>
    /// <param name="head">Matching head; logit 1 means "match".</param>
    /// <param name="layer">Layer whose cross attention is the map.</param>
    /// <param name="wordsOnly">Whether only words count.</param>
    /// <param name="model">The model of these parts.</param>
    /// <exception cref="ModelException">The layer has no cross attention.</exception>
    public ItmGrounder(
        VisionTransformer vision, BertEncoder text, Linear head, int layer, bool wordsOnly, VisionLanguageModel model)
    {
        var (first, count) = (text.FirstCrossLayer, text.Layers.Count);
        if (layer < first || layer >= count)
            throw new ModelException($"explain: layer {layer} has no cross attention; choose {first}..{count - 1}");
        (_vision, _text, _head, _layer, _wordsOnly, _model) = (vision, text, head, layer, wordsOnly, model);
    }

    /// <summary>Texts as the fusion layers read them; as they are by default.</summary>
    public Func<TokenBatch, TokenBatch> Prepare { get; init; } = text => text;

    /// <summary>Whether each text ends with an end token.</summary>
    public bool HasEnd { get; init; }

    /// <inheritdoc/>
    public GroundingMode Mode => GroundingMode.Itm;

    /// <inheritdoc/>
    public int Layer => _layer;

    /// <inheritdoc/>
    public IReadOnlyList<int> Layers =>
        [.. Enumerable.Range(_text.FirstCrossLayer, _text.Layers.Count - _text.FirstCrossLayer)];

    /// <inheritdoc/>
    public ImageEncoding EncodeImages(Tensor images)
    {
        using var noGrad = NoGrad.Begin();
        return new ImageEncoding(_vision.Forward(images, ForwardContext.Evaluation));
    }

    /// <inheritdoc/>
    public TextEncoding EncodeTexts(TokenBatch texts)
    {
        using var noGrad = NoGrad.Begin();
        return BelowFusion(texts, ForwardContext.Evaluation);
    }

    /// <inheritdoc/>
    public Grounding Ground(ImageEncoding images, TextEncoding texts)
    {
        using var recorded = GradMode.Set(true);
        var hook = new AttentionHook(AttentionKind.Cross, _layer);
        return Fuse(Source(images), texts, new ForwardContext(null, hook), () => hook.Map!);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Grounding> GroundLayers(
        ImageEncoding images, TextEncoding texts, IReadOnlyList<int> layers)
    {
        using var recorded = GradMode.Set(true);
        var maps = new AttentionMaps(AttentionKind.Cross, [.. layers], firstRowOnly: false);
        var first = Fuse(Source(images), texts, new ForwardContext(null, maps), () => maps[layers[0]]);
        return [.. layers.Select(layer => first with { Map = maps[layer] })];
    }

    /// <inheritdoc/>
    public RecordedGrounding Record(Tensor images, TokenBatch texts, IReadOnlyCollection<AttentionKind> kinds)
    {
        var recorder = new AttentionRecorder(kinds, AttentionKind.Cross, _layer);
        var context = new ForwardContext(null, recorder);
        var tokens = _vision.Forward(images, context);
        var source = ImageSource.FromTokens(tokens);
        var grounding = Fuse(source, BelowFusion(texts, context), context, () => recorder.Single.Map);
        return new RecordedGrounding(grounding, recorder.Single, recorder.Captures);
    }

    /// <summary>The grounding that match logits <c>[B, 2]</c> and a cross-attention map are.</summary>
    public static Grounding Of(Tensor logits, Tensor map, Tensor queryMask, int grid) =>
        new(MatchColumn(logits), map, queryMask, grid);

    private TextEncoding BelowFusion(TokenBatch texts, ForwardContext context)
    {
        var mask = TextMask.Create(texts, _model.DType, _model.Backend);
        var ids = Tensor.From(Prepare(texts).Ids, [texts.Count, texts.Length], _model.Backend);
        return new TextEncoding(_text.BelowFusion(ids, mask, context), mask)
        {
            QueryMask = _wordsOnly ? TextMask.Words(texts, HasEnd, _model.DType, _model.Backend) : mask.Keep,
        };
    }

    private static ImageSource Source(ImageEncoding images)
    {
        var all = ImageSource.FromTokens(images.Tokens);
        return images.Index is { } index ? all.Select(index) : all;
    }

    private Grounding Fuse(ImageSource image, TextEncoding texts, ForwardContext context, Func<Tensor> map)
    {
        var fused = _text.Fusion(texts.Hidden, texts.Mask!, image, context, firstRowOnly: true);
        var logits = _head.Forward(VisionLanguageModel.ClassRow(fused));
        var confidence = MatchColumn(logits.Detach().Softmax(-1));
        return Of(logits, map(), texts.QueryMask!, _vision.Grid) with { Confidence = confidence };
    }

    /// <summary>The column of "match".</summary>
    private static Tensor MatchColumn(Tensor logits) => logits.Slice(1, 1, 2).Reshape(logits.Shape[0]);
}
