using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Text;

/// <summary>
/// Self or cross attention with its dense output, dropout, residual and norm (specification 2.3, steps 1 and 2).
/// </summary>
public sealed class BertAttention : Module
{
    private readonly TextConfig _config;
    private readonly AttentionShape _shape;
    private readonly Projections _self;
    private readonly DenseResidual _output;

    /// <param name="config">Sizes.</param>
    /// <param name="kind">Self or cross attention.</param>
    /// <param name="layer">Number of its layer, from 0.</param>
    /// <param name="sourceWidth">Width of what is attended to.</param>
    internal BertAttention(TextConfig config, AttentionKind kind, int layer, int sourceWidth)
    {
        _config = config;
        _shape = AttentionShape.Of(kind, layer, config.Hidden, config.Heads);
        _self = AddChild("self", new Projections(config.Hidden, sourceWidth));
        _output = AddChild("output", new DenseResidual(config.Hidden, config));
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

    public DenseResidual(int inputs, TextConfig config)
    {
        _dropout = config.HiddenDropout;
        _dense = AddChild("dense", Linear.Encoder(inputs, config.Hidden));
        _norm = AddChild("LayerNorm", new LayerNorm(config.Hidden, config.NormEps));
    }

    public Tensor Forward(Tensor x, Tensor residual, ForwardContext context) => _norm.Forward(context.Drops(_dropout)
        ? context.Dropout(_dense.Forward(x), _dropout).Add(residual)
        : _dense.Forward(x, residual));
}
