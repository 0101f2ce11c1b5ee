using System.Globalization;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>
/// The text encoder with its fusion layers, which attend to an image (specification 2.4). Text mode runs without an
/// image: the layers below the first fusion layer, or more of them without their cross attention where the
/// configuration says so. Fusion mode runs the fusion layers on given hidden states, multi-modal mode all layers.
/// </summary>
public sealed class BertEncoder : Module
{
    private readonly TextConfig _config;
    private readonly BertLayer[] _layers;

    /// <summary>An encoder of the configured size.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="imageWidth">Width of the image tokens that it attends to.</param>
    public BertEncoder(TextConfig config, int imageWidth)
    {
        _config = config;
        Embeddings = AddChild("embeddings", new BertEmbeddings(config));
        _layers = new BertLayer[config.Layers];
        for (var i = 0; i < _layers.Length; i++)
            _layers[i] = AddChild(string.Create(CultureInfo.InvariantCulture, $"encoder.layer.{i}"),
                new BertLayer(config, i, imageWidth));
    }

    /// <summary>The weights that text mode uses.</summary>
    internal IEnumerable<Parameter> TextParameters =>
        [.. Embeddings.Parameters,
            .. _layers.Take(_config.TextModeLayers ?? _config.FirstCrossLayer).SelectMany(l => l.TextParameters)];

    /// <summary>Longest text in word pieces.</summary>
    public int MaxPositions => _config.MaxPositions;

    /// <summary>First layer with cross attention.</summary>
    public int FirstCrossLayer => _config.FirstCrossLayer;

    /// <summary>All layers, the fusion layers last.</summary>
    internal IReadOnlyList<BertLayer> Layers => _layers;

    /// <summary>The embeddings.</summary>
    internal BertEmbeddings Embeddings { get; }

    /// <summary>Text mode: ids <c>[B, L]</c> to hidden states <c>[B, L, D]</c>.</summary>
    public Tensor Text(Tensor ids, TextMask mask, ForwardContext context) =>
        WithoutImage(ids, mask, context, _config.TextModeLayers ?? _config.FirstCrossLayer);

    /// <summary>Ids <c>[B, L]</c> to what fusion mode goes on from <c>[B, L, D]</c>.</summary>
    public Tensor BelowFusion(Tensor ids, TextMask mask, ForwardContext context) =>
        WithoutImage(ids, mask, context, _config.FirstCrossLayer);

    /// <summary>Fusion mode: text states <c>[B, L, D]</c> and images to <c>[B, L, D]</c>.</summary>
    /// <param name="hidden">Result of text mode.</param>
    /// <param name="mask">Mask of the text.</param>
    /// <param name="image">Images, one a text.</param>
    /// <param name="context">Dropout and hook.</param>
    /// <param name="firstRowOnly">Return the [CLS] row <c>[B, 1, D]</c> alone; its value is the same.</param>
    public Tensor Fusion(
        Tensor hidden, TextMask mask, ImageSource image, ForwardContext context, bool firstRowOnly = false) =>
        AttentionHook.Run(context.Hook, () =>
        {
            var x = hidden;
            for (var i = _config.FirstCrossLayer; i < _layers.Length; i++)
            {
                // A hooked last layer must show the rows of all words, and count them in the average.
                var hooked = context.Hook is { } hook
                    && (hook.Asks(AttentionKind.TextSelf, i) || hook.Asks(AttentionKind.Cross, i));
                x = _layers[i].Forward(x, mask, image, context, firstRowOnly && i == _layers.Length - 1 && !hooked);
            }
            return x;
        });

    /// <summary>Multi-modal mode: the layers below the first with cross attention, then fusion mode.</summary>
    public Tensor MultiModal(
        Tensor ids, TextMask mask, ImageSource image, ForwardContext context, bool firstRowOnly = false) =>
        AttentionHook.Run(
            context.Hook, () => Fusion(BelowFusion(ids, mask, context), mask, image, context, firstRowOnly));

    private Tensor WithoutImage(Tensor ids, TextMask mask, ForwardContext context, int layers) =>
        AttentionHook.Run(context.Hook, () =>
        {
            var x = Embeddings.Forward(ids, context);
            foreach (var layer in _layers.AsSpan(0, layers)) x = layer.Forward(x, mask, null, context, false);
            return x;
        });

    /// <summary>Keys and values of image tokens for every fusion layer.</summary>
    internal KeyValue[] ProjectImage(Tensor tokens) =>
        [.. _layers.Skip(_config.FirstCrossLayer).Select(layer => layer.Cross.Project(tokens))];
}
