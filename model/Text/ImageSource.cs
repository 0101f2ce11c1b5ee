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

    internal KeyValue For(int fusionIndex, BertAttention cross)
    {
        // Each image is projected once, however many of the texts attend to it.
        var all = _projected is null ? cross.Project(_tokens!) : _projected[fusionIndex];
        return _index is null ? all : all.Select(_index);
    }
}
