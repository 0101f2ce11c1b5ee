using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// What a model gives for pictures and texts so that it can be explained: a differentiable score, and the attention map
/// that the score depends on. GradCAM, the other explanation methods and the objectives need nothing else of a model.
/// </summary>
/// <param name="Score">
/// How well each text fits its picture <c>[B]</c>: a logit, on which the map's gradient is taken.
/// </param>
/// <param name="Map">
/// Attention over the picture <c>[B, H, Q, 1 + n²]</c>, a graph node through which the score was computed: softmax
/// before dropout; key 0 is the class token, then the patches row by row.
/// </param>
/// <param name="QueryMask">
/// Weight of each of the Q query rows <c>[B, Q]</c>, squared in the average over all Q: 1 where a row counts, 0 where
/// not; null counts all.
/// </param>
/// <param name="Grid">Patches along one side of the picture, n.</param>
public sealed record Grounding(Tensor Score, Tensor Map, Tensor? QueryMask, int Grid)
{
    /// <summary>
    /// The same with the words of a text alone, without start and end tokens, averaged by their number; null where
    /// there are none.
    /// </summary>
    public Tensor? WordMask { get; init; }

    /// <summary>
    /// How well text and picture belong together, for reports <c>[B]</c>, a constant: the probability of a match
    /// (image-text matching), or the cosine of their features (contrast). Null where nobody reports it, as in training.
    /// </summary>
    public Tensor? Confidence { get; init; }
}

/// <summary>Encoded pictures, as far as no text is involved.</summary>
/// <param name="Tokens">Whatever the model goes on from, one row a picture.</param>
public sealed record ImageEncoding(Tensor Tokens)
{
    /// <summary>
    /// Which pictures are meant (I32), in that order, also several times; null for all of them. What does not depend on
    /// a text is then still computed once a picture.
    /// </summary>
    public Tensor? Index { get; private init; }

    /// <summary>
    /// The pictures that <paramref name="index"/> (I32) names, in its order, also several times; not for a selection of
    /// a selection.
    /// </summary>
    public ImageEncoding Select(Tensor index) => this with { Index = index };

    /// <summary>The tokens of the pictures that are meant.</summary>
    internal Tensor Selected() => Index is null ? Tokens : Tokens.IndexSelect(0, Index);
}

/// <summary>Encoded texts, as far as no picture is involved.</summary>
/// <param name="Hidden">Whatever the model goes on from, one row a text.</param>
/// <param name="Mask">The texts' mask; null where the model goes on without.</param>
public sealed record TextEncoding(Tensor Hidden, Text.TextMask? Mask)
{
    /// <summary>Which rows count in an explanation (<see cref="Grounding.QueryMask"/>).</summary>
    public Tensor? QueryMask { get; init; }

    /// <summary>The texts that <paramref name="index"/> (I32) names, in its order, also several times.</summary>
    public TextEncoding Select(Tensor index) =>
        new(Hidden.IndexSelect(0, index), Mask?.Select(index)) { QueryMask = QueryMask?.IndexSelect(0, index) };
}

/// <summary>A grounding with all that its attentions have computed, from the picture's first layer up.</summary>
/// <param name="Grounding">The grounding; its map has all query rows.</param>
/// <param name="Explained">The attention that the map is of.</param>
/// <param name="Captures">All attentions asked for, and the explained one, in the order of computation.</param>
public sealed record RecordedGrounding(
    Grounding Grounding, Layers.AttentionCapture Explained, IReadOnlyList<Layers.AttentionCapture> Captures);

/// <summary>
/// A way to ground texts in pictures with a model, in evaluation mode. Encoding stands apart from grounding, so that a
/// picture is encoded once for all its phrases. Nothing below the map is recorded for gradients; from the map to the
/// score all is.
/// </summary>
public interface IGrounder
{
    /// <summary>Whose score is explained; never <see cref="GroundingMode.Default"/>.</summary>
    GroundingMode Mode { get; }

    /// <summary>The layer whose attention is the map, from 0.</summary>
    int Layer { get; }

    /// <summary>The layers that a grounder by this score can have.</summary>
    IReadOnlyList<int> Layers { get; }

    /// <summary>Encodes normalised pictures <c>[B, 3, S, S]</c>.</summary>
    ImageEncoding EncodeImages(Tensor images);

    /// <summary>Encodes texts.</summary>
    TextEncoding EncodeTexts(Tokenization.TokenBatch texts);

    /// <summary>Grounds each text in the picture of the same row. Tensors belong to the current scope.</summary>
    Grounding Ground(ImageEncoding images, TextEncoding texts);

    /// <summary>
    /// Grounds each text in the picture of the same row by several layers in one pass: a grounding a layer, all with
    /// the same score. Tensors belong to the current scope.
    /// </summary>
    /// <param name="images">The pictures.</param>
    /// <param name="texts">As many texts.</param>
    /// <param name="layers">Some of <see cref="Layers"/>, none below <see cref="Layer"/>.</param>
    IReadOnlyList<Grounding> GroundLayers(ImageEncoding images, TextEncoding texts, IReadOnlyList<int> layers);

    /// <summary>
    /// Grounds each text in the picture of the same row, with the attentions of every layer of some kinds. Where
    /// gradients are being recorded, the graph begins at the picture. Tensors belong to the current scope.
    /// </summary>
    /// <param name="images">Normalised pictures <c>[B, 3, S, S]</c>.</param>
    /// <param name="texts">As many texts.</param>
    /// <param name="kinds">Kinds of attention; those that the score does not depend on give nothing.</param>
    RecordedGrounding Record(
        Tensor images, Tokenization.TokenBatch texts, IReadOnlyCollection<Layers.AttentionKind> kinds);
}

/// <summary>Which map explains a model.</summary>
/// <param name="Mode">Whose score is explained.</param>
/// <param name="Layer">Which layer's attention (from 0); null takes the configured one.</param>
/// <param name="WordsOnly">
/// Where rows are words: whether only those of a text count, and not its start and end tokens; null counts all, as
/// training does.
/// </param>
public sealed record GroundingSettings(
    GroundingMode Mode = GroundingMode.Default, int? Layer = null, bool? WordsOnly = null);

/// <summary>Scores that can be explained.</summary>
public enum GroundingMode
{
    /// <summary>The model's own.</summary>
    Default,

    /// <summary>Image-text matching: the match logit, through cross attention of a fusion layer.</summary>
    Itm,

    /// <summary>Image-text contrast: the scaled similarity, through the class row of a vision block.</summary>
    Itc,
}
