using System.Globalization;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>
/// The text encoder with its fusion layers (specification 2.4). Text mode runs the layers below the first fusion
/// layer, fusion mode the others on given hidden states, multi-modal mode all of them.
/// </summary>
public sealed class BertEncoder : Module
{
    private readonly AlbefConfig _config;
    private readonly BertLayer[] _layers;

    internal BertEncoder(AlbefConfig config)
    {
        _config = config;
        Embeddings = AddChild("embeddings", new BertEmbeddings(config));
        _layers = new BertLayer[config.TextLayers];
        for (var i = 0; i < _layers.Length; i++)
            _layers[i] = AddChild(string.Create(CultureInfo.InvariantCulture, $"encoder.layer.{i}"), new BertLayer(config, i));
    }

    /// <summary>All layers, the fusion layers last.</summary>
    internal IReadOnlyList<BertLayer> Layers => _layers;

    /// <summary>The embeddings.</summary>
    internal BertEmbeddings Embeddings { get; }

    /// <summary>Text mode: ids <c>[B, L]</c> to hidden states <c>[B, L, D]</c>.</summary>
    public Tensor Text(Tensor ids, TextMask mask, ForwardContext context) => AttentionHook.Run(context.Hook, () =>
    {
        var x = Embeddings.Forward(ids, context);
        foreach (var layer in _layers.AsSpan(0, _config.FusionLayer)) x = layer.Forward(x, mask, null, context, false);
        return x;
    });

    /// <summary>Fusion mode: text states <c>[B, L, D]</c> and images to <c>[B, L, D]</c>.</summary>
    /// <param name="hidden">Result of text mode.</param>
    /// <param name="mask">Mask of the text.</param>
    /// <param name="image">Images, one a text.</param>
    /// <param name="context">Dropout and hook.</param>
    /// <param name="firstRowOnly">Return the [CLS] row <c>[B, 1, D]</c> alone; its value is the same.</param>
    public Tensor Fusion(Tensor hidden, TextMask mask, ImageSource image, ForwardContext context, bool firstRowOnly = false) =>
        AttentionHook.Run(context.Hook, () =>
        {
            var x = hidden;
            for (var i = _config.FusionLayer; i < _layers.Length; i++)
            {
                // A hooked last layer must show the rows of all words, and count them in the average.
                var hooked = context.Hook is { Kind: not AttentionKind.Vision } hook && hook.Layer == i;
                x = _layers[i].Forward(x, mask, image, context, firstRowOnly && i == _layers.Length - 1 && !hooked);
            }
            return x;
        });

    /// <summary>Multi-modal mode: text mode, then fusion mode.</summary>
    public Tensor MultiModal(Tensor ids, TextMask mask, ImageSource image, ForwardContext context, bool firstRowOnly = false) =>
        AttentionHook.Run(context.Hook, () => Fusion(Text(ids, mask, context), mask, image, context, firstRowOnly));

    /// <summary>Keys and values of image tokens for every fusion layer.</summary>
    internal KeyValue[] ProjectImage(Tensor tokens) =>
        [.. _layers.Skip(_config.FusionLayer).Select(layer => layer.Cross.Project(tokens))];
}
