using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>
/// A post-norm layer: self-attention, in fusion layers cross attention, feed-forward (specification 2.3).
/// </summary>
public sealed class BertLayer : Module
{
    private readonly int _layer;
    private readonly int _fusionIndex;
    private readonly BertAttention _attention;
    private readonly BertAttention? _cross;
    private readonly Intermediate _intermediate;
    private readonly DenseResidual _output;

    internal BertLayer(TextConfig config, int layer, int imageWidth)
    {
        (_layer, _fusionIndex) = (layer, layer - config.FirstCrossLayer);
        _attention = AddChild("attention", new BertAttention(config, AttentionKind.TextSelf, layer, config.Hidden));
        if (_fusionIndex >= 0)
            _cross = AddChild("crossattention", new BertAttention(config, AttentionKind.Cross, layer, imageWidth));
        _intermediate = AddChild("intermediate", new Intermediate(config));
        _output = AddChild("output", new DenseResidual(config.Intermediate, config));
    }

    /// <summary>The weights that the layer uses without an image.</summary>
    internal IEnumerable<Parameter> TextParameters =>
        [.. _attention.Parameters, .. _intermediate.Parameters, .. _output.Parameters];

    /// <summary>The layer's cross attention; only fusion layers have one.</summary>
    internal BertAttention Cross =>
        _cross ?? throw new ModelException("text encoder: this layer has no cross attention");

    /// <summary>
    /// Hidden states <c>[B, L, D]</c> to the same shape, or to <c>[B, 1, D]</c> for the first row alone.
    /// </summary>
    /// <param name="hidden">Hidden states.</param>
    /// <param name="mask">Mask of the text.</param>
    /// <param name="image">The image side; null in text mode.</param>
    /// <param name="context">Dropout and hook.</param>
    /// <param name="firstRowOnly">Compute the [CLS] row only: all the ITM head reads of the last layer.</param>
    internal Tensor Forward(
        Tensor hidden, TextMask mask, ImageSource? image, ForwardContext context, bool firstRowOnly)
    {
        Tensor[] text = mask.Additive is { } additive ? [hidden, additive] : [hidden];
        var first = text.Length;
        return context.Block(
            _layer, image is null ? [AttentionKind.TextSelf] : [AttentionKind.TextSelf, AttentionKind.Cross],
            image is null ? text : [.. text, .. image.Tensors(_fusionIndex)],
            (t, c) => Compute(t[0], first > 1 ? t[1] : null, t[first..], c, firstRowOnly));
    }

    private Tensor Compute(
        Tensor hidden, Tensor? mask, Tensor[] image, ForwardContext context, bool firstRowOnly)
    {
        var rows = firstRowOnly ? hidden.Slice(1, 0, 1) : hidden;
        var x = _attention.Forward(rows, _attention.Project(hidden), mask, context);
        if (image.Length > 0) x = Cross.Forward(x, ImageSource.Of(image, Cross), null, context);
        return _output.Forward(_intermediate.Dense.ForwardGelu(x), x, context);
    }

    private sealed class Intermediate : Module
    {
        public Intermediate(TextConfig config) =>
            Dense = AddChild("dense", Linear.Encoder(config.Hidden, config.Intermediate));

        public Linear Dense { get; }
    }
}
