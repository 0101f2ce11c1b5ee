using AmcEngine.Autograd;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// Grounds by image-text contrast: the scaled cosine of picture and text, through the class row of a vision block's
/// attention. Nothing below that block lies between the map and the score, so nothing there is recorded.
/// </summary>
internal sealed class ItcGrounder : IGrounder
{
    private readonly IClassTokenEncoder _vision;
    private readonly Parts _parts;
    private readonly int _layer;

    /// <summary>A grounder.</summary>
    /// <param name="vision">Image encoder.</param>
    /// <param name="parts">The rest of the model.</param>
    /// <param name="layer">Block whose attention is the map; null takes the last.</param>
    /// <exception cref="ModelException">There is no such block.</exception>
    public ItcGrounder(IClassTokenEncoder vision, Parts parts, int? layer)
    {
        var last = vision.Depth - 1;
        if (layer is < 0 || layer > last)
            throw new ModelException($"explain: layer {layer} is no block of the image encoder; choose 0..{last}");
        (_vision, _parts, _layer) = (vision, parts, layer ?? last);
    }

    /// <summary>The hook that a training pass gives to the image encoder.</summary>
    public static AttentionHook Hook(int layer) => new(AttentionKind.Vision, layer) { FirstRowOnly = true };

    /// <inheritdoc/>
    public GroundingMode Mode => GroundingMode.Itc;

    /// <inheritdoc/>
    public int Layer => _layer;

    /// <inheritdoc/>
    public IReadOnlyList<int> Layers => [.. Enumerable.Range(0, _vision.Depth)];

    /// <inheritdoc/>
    public ImageEncoding EncodeImages(Tensor images)
    {
        using var noGrad = NoGrad.Begin();
        return new ImageEncoding(_vision.Below(images, _layer, ForwardContext.Evaluation));
    }

    /// <inheritdoc/>
    public TextEncoding EncodeTexts(TokenBatch texts)
    {
        using var noGrad = NoGrad.Begin();
        return new TextEncoding(_parts.TextFeature(texts), null);
    }

    /// <inheritdoc/>
    public Grounding Ground(ImageEncoding images, TextEncoding texts)
    {
        using var recorded = GradMode.Set(true);
        var hook = Hook(_layer);
        return From(images.Selected(), _layer, texts, new ForwardContext(null, hook), () => hook.Map!);
    }

    /// <inheritdoc/>
    public IReadOnlyList<Grounding> GroundLayers(
        ImageEncoding images, TextEncoding texts, IReadOnlyList<int> layers)
    {
        using var recorded = GradMode.Set(true);
        var maps = new AttentionMaps(AttentionKind.Vision, [.. layers], firstRowOnly: true);
        var context = new ForwardContext(null, maps);
        var first = From(images.Selected(), _layer, texts, context, () => maps[layers[0]]);
        return [.. layers.Select(layer => first with { Map = maps[layer] })];
    }

    /// <inheritdoc/>
    public RecordedGrounding Record(Tensor images, TokenBatch texts, IReadOnlyCollection<AttentionKind> kinds)
    {
        var recorder = new AttentionRecorder(kinds, AttentionKind.Vision, _layer);
        var context = new ForwardContext(null, recorder);
        var tokens = _vision.Below(images, 0, context);
        var whole = From(tokens, 0, EncodeTexts(texts), context, () => recorder.Single.Map);
        var grounding = whole with { QueryMask = ClassRowOnly(whole.Map) };
        return new RecordedGrounding(grounding, recorder.Single, recorder.Captures);
    }

    /// <summary>The grounding that a training pass's features of length 1 <c>[B, E]</c> and its hook are.</summary>
    public static Grounding? Of(AttentionHook? hook, Tensor image, Tensor text, Func<Tensor, Tensor> scale, int grid) =>
        hook is null ? null : new Grounding(scale(Cosine(image, text)), hook.Map!, null, grid);

    private Grounding From(Tensor tokens, int block, TextEncoding texts, ForwardContext context, Func<Tensor> map)
    {
        var image = _parts.ImageFeature(_vision.ClassRow(tokens, block, context));
        var cosine = Cosine(image, texts.Hidden);
        return new Grounding(_parts.Scale(cosine), map(), null, _vision.Grid) { Confidence = cosine.Detach() };
    }

    // Of a whole map the first row alone counts, as if it were the only one: √Q, as weights are squared and averaged.
    private static Tensor ClassRowOnly(Tensor map)
    {
        var (batch, rows) = (map.Shape[0], map.Shape[2]);
        var weights = new double[batch * rows];
        for (var i = 0; i < batch; i++) weights[i * rows] = Math.Sqrt(rows);
        return TensorValues.From(weights, [batch, rows], map.DType, map.Backend);
    }

    /// <summary>Cosines of features of length 1, row by row: <c>[B, E]</c> twice to <c>[B]</c>.</summary>
    public static Tensor Cosine(Tensor image, Tensor text) => image.Mul(text).Sum([1]);

    /// <summary>What a contrastive model has beside its image encoder.</summary>
    /// <param name="ImageFeature">Class row <c>[B, 1, D]</c> to a feature of length 1 <c>[B, E]</c>.</param>
    /// <param name="TextFeature">Texts to features of length 1 <c>[B, E]</c>, in evaluation mode.</param>
    /// <param name="Scale">Cosines <c>[B]</c> to logits <c>[B]</c>.</param>
    internal sealed record Parts(
        Func<Tensor, Tensor> ImageFeature, Func<TokenBatch, Tensor> TextFeature, Func<Tensor, Tensor> Scale);
}
