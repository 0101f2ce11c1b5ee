using AmcEngine.Model.Layers;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>
/// The image side of cross attention. One training step runs three fusion passes over the same images (positive pairs,
/// negative pairs, masked text); their keys and values are equal, so they are projected once and only selected by
/// sample.
/// </summary>
public sealed class ImageSource
{
    private readonly Tensor? _tokens;
    private readonly KeyValue[]? _projected;
    private readonly Tensor? _index;

    private ImageSource(Tensor? tokens, KeyValue[]? projected, Tensor? index)
    {
        (_tokens, _projected, _index) = (tokens, projected, index);
    }

    /// <summary>Tokens <c>[B, N, D]</c> that each layer projects when its turn comes: for a single pass.</summary>
    public static ImageSource FromTokens(Tensor tokens) => new(tokens, null, null);

    /// <summary>Keys and values of every fusion layer, made now and shared by several passes.</summary>
    public static ImageSource Project(BertEncoder encoder, Tensor tokens) =>
        new(null, encoder.ProjectImage(tokens), null);

    /// <summary>The samples that <paramref name="index"/> (I32) names; not for a selection of a selection.</summary>
    public ImageSource Select(Tensor index) => new(_tokens, _projected, index);

    /// <summary>
    /// All that a fusion layer needs of it: tokens, or keys and values; and which samples of them, if not all.
    /// </summary>
    internal Tensor[] Tensors(int fusionIndex)
    {
        if (_projected is null) return _index is null ? [_tokens!] : [_tokens!, _index];
        var (key, value) = _projected[fusionIndex];
        return _index is null ? [key, value] : [key, value, _index];
    }

    /// <summary>Keys and values of a layer by its <see cref="Tensors"/>.</summary>
    internal static KeyValue Of(Tensor[] tensors, BertAttention cross) => tensors switch
    {
        [var tokens] => cross.Project(tokens),
        // Each image is projected once, however many texts attend to it.
        [var tokens, { DType: DType.I32 } index] => cross.Project(tokens).Select(index),
        [var key, var value] => new KeyValue(key, value),
        [var key, var value, var index] => new KeyValue(key, value).Select(index),
        _ => throw new ArgumentException("Tensors of an image source are one, two or three.", nameof(tensors)),
    };
}
