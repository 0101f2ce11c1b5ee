using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>Self or cross attention with its dense output, dropout, residual and norm (specification 2.3, steps 1 and 2).</summary>
public sealed class BertAttention : Module
{
    private readonly AlbefConfig _config;
    private readonly AttentionShape _shape;
    private readonly Projections _self;
    private readonly DenseResidual _output;

    internal BertAttention(AlbefConfig config, AttentionKind kind, int layer)
    {
        _config = config;
        _shape = AttentionShape.Of(kind, layer, config.TextHidden, config.TextHeads);
        var sourceWidth = kind == AttentionKind.Cross ? config.VisionWidth : config.TextHidden;
        _self = AddChild("self", new Projections(config.TextHidden, sourceWidth));
        _output = AddChild("output", new DenseResidual(config.TextHidden, config));
    }

    /// <summary>Keys and values of what is attended to, <c>[B, Lk, width]</c>.</summary>
    public KeyValue Project(Tensor source) => new(_self.Key.Forward(source), _self.Value.Forward(source));

    /// <summary>Rows <c>[B, Lq, D]</c> attend to keys and values; same shape.</summary>
    internal Tensor Forward(Tensor x, KeyValue source, Tensor? mask, ForwardContext context)
    {
        var attended = context.Attend(_self.Query.Forward(x), source, mask, _shape, _config.AttentionDropout);
        return _output.Forward(attended, x, context);
    }

    private sealed class Projections : Module
    {
        public Projections(int width, int sourceWidth)
        {
            Query = AddChild("query", Linear.Encoder(width, width));
            Key = AddChild("key", Linear.Encoder(sourceWidth, width));
            Value = AddChild("value", Linear.Encoder(sourceWidth, width));
        }

        public Linear Query { get; }

        public Linear Key { get; }

        public Linear Value { get; }
    }
}

/// <summary>LN(dropout(dense(x)) + residual): how every part of a post-norm layer ends.</summary>
internal sealed class DenseResidual : Module
{
    private readonly double _dropout;
    private readonly Linear _dense;
    private readonly LayerNorm _norm;

    public DenseResidual(int inputs, AlbefConfig config)
    {
        _dropout = config.HiddenDropout;
        _dense = AddChild("dense", Linear.Encoder(inputs, config.TextHidden));
        _norm = AddChild("LayerNorm", new LayerNorm(config.TextHidden, LayerNorm.TextEps));
    }

    public Tensor Forward(Tensor x, Tensor residual, ForwardContext context) => _norm.Forward(context.Drops(_dropout)
        ? context.Dropout(_dense.Forward(x), _dropout).Add(residual)
        : _dense.Forward(x, residual));
}
