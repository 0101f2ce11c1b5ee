using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Vision;

/// <summary>A pre-norm transformer block: x + Attn(LN(x)), then x + MLP(LN(x)) (specification 1, step 3).</summary>
public sealed class VisionBlock : Module
{
    private readonly LayerNorm _norm1;
    private readonly VisionAttention _attention;
    private readonly LayerNorm _norm2;
    private readonly VisionMlp _mlp;

    internal VisionBlock(AlbefConfig config, int layer)
    {
        _norm1 = AddChild("norm1", new LayerNorm(config.VisionWidth, LayerNorm.VisionEps));
        _attention = AddChild("attn", new VisionAttention(config, layer));
        _norm2 = AddChild("norm2", new LayerNorm(config.VisionWidth, LayerNorm.VisionEps));
        _mlp = AddChild("mlp", new VisionMlp(config));
    }

    /// <summary><c>[B, N, D]</c> to the same shape.</summary>
    public Tensor Forward(Tensor x, ForwardContext context) => AttentionHook.Run(context.Hook, () =>
    {
        var attended = _attention.Forward(_norm1.Forward(x), x, context);
        return _mlp.Forward(_norm2.Forward(attended), attended);
    });
}

/// <summary>Multi-head self-attention with one packed projection: rows of W are queries, keys, values.</summary>
internal sealed class VisionAttention : Module
{
    private readonly int _width;
    private readonly AttentionShape _shape;
    private readonly Linear _qkv;
    private readonly Linear _proj;

    public VisionAttention(AlbefConfig config, int layer)
    {
        _width = config.VisionWidth;
        _shape = AttentionShape.Of(AttentionKind.Vision, layer, _width, config.VisionHeads);
        _qkv = AddChild("qkv", Linear.Encoder(_width, 3 * _width));
        _proj = AddChild("proj", Linear.Encoder(_width, _width));
    }

    public Tensor Forward(Tensor x, Tensor residual, ForwardContext context)
    {
        var attended = context.Attend(Project(x, 0), new KeyValue(Project(x, 1), Project(x, 2)), null, _shape, 0);
        return _proj.Forward(attended, residual);
    }

    /// <summary>
    /// One third of the packed projection. The weights are sliced rather than the activations: they are the smaller
    /// tensor, and the slice's gradient then pads a weight instead of three times the tokens.
    /// </summary>
    private Tensor Project(Tensor x, int part)
    {
        var (start, end) = (part * _width, (part + 1) * _width);
        return x.Linear(_qkv.Weight.Value.Slice(0, start, end), _qkv.Bias.Value.Slice(0, start, end));
    }
}

/// <summary>Two dense layers with GELU between them.</summary>
internal sealed class VisionMlp : Module
{
    private readonly Linear _fc1;
    private readonly Linear _fc2;

    public VisionMlp(AlbefConfig config)
    {
        _fc1 = AddChild("fc1", Linear.Encoder(config.VisionWidth, config.VisionMlpWidth));
        _fc2 = AddChild("fc2", Linear.Encoder(config.VisionMlpWidth, config.VisionWidth));
    }

    public Tensor Forward(Tensor x, Tensor residual) => _fc2.Forward(_fc1.ForwardGelu(x), residual);
}
