using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>BERT with its masked-language head, as checkpoints group them.</summary>
public sealed class TextEncoder : Module
{
    /// <summary>An encoder of the configured size.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="imageWidth">Width of the image tokens that it attends to.</param>
    public TextEncoder(TextConfig config, int imageWidth)
    {
        Bert = AddChild("bert", new BertEncoder(config, imageWidth));
        Head = AddChild("cls.predictions", new MlmHead(config, Bert.Embeddings.Words));
    }

    /// <summary>The encoder.</summary>
    public BertEncoder Bert { get; }

    /// <summary>The masked-language head.</summary>
    public MlmHead Head { get; }
}

/// <summary>
/// Dense, GELU, norm, and a decoder whose weight is the word table itself (specification 2.5).
/// </summary>
public sealed class MlmHead : Module
{
    private readonly EmbeddingTable _words;
    private readonly Parameter _bias;
    private readonly Transform _transform;

    internal MlmHead(TextConfig config, EmbeddingTable words)
    {
        _words = words;
        _bias = AddWeight("bias", [config.VocabSize], Initialization.Constant(0));
        _transform = AddChild("transform", new Transform(config));
        AddChild("decoder", new TiedDecoder(words.Weight, _bias));
    }

    /// <summary>Hidden states <c>[…, D]</c> to logits <c>[…, V]</c>.</summary>
    public Tensor Forward(Tensor hidden) => AttentionHook.Run(null, () =>
        _transform.Norm.Forward(_transform.Dense.ForwardGelu(hidden)).Linear(_words.Weight.Value, _bias.Value));

    private sealed class Transform : Module
    {
        public Transform(TextConfig config)
        {
            Dense = AddChild("dense", Linear.Encoder(config.Hidden, config.Hidden));
            Norm = AddChild("LayerNorm", new LayerNorm(config.Hidden, config.NormEps));
        }

        public Linear Dense { get; }

        public LayerNorm Norm { get; }
    }

    /// <summary>Second names, under which checkpoints list the tied tensors.</summary>
    private sealed class TiedDecoder : Module
    {
        public TiedDecoder(Parameter weight, Parameter bias)
        {
            AddAlias("weight", weight);
            AddAlias("bias", bias);
        }
    }
}
