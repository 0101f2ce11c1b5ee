using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Layers;

/// <summary>Settings of a pre-norm transformer block.</summary>
/// <param name="Width">Width of a token.</param>
/// <param name="Heads">Attention heads.</param>
/// <param name="MlpWidth">Hidden width of the MLP.</param>
/// <param name="NormEps">Eps of both layer norms.</param>
public sealed record TransformerBlockConfig(int Width, int Heads, int MlpWidth, double NormEps)
{
    /// <summary>What a hook calls the block's attention.</summary>
    public AttentionKind Kind { get; init; } = AttentionKind.Vision;

    /// <summary>Activation of the MLP.</summary>
    public Activation Activation { get; init; } = Activation.Gelu;

    /// <summary>First values of the weights; those of timm's vision transformer by default.</summary>
    public TransformerBlockInitialization Initialization { get; init; } = new();

    /// <summary>Names of the parts in a state dict; those of timm's vision transformer by default.</summary>
    public TransformerBlockNames Names { get; init; } = new();
}

/// <summary>
/// First values of a block's weights; norms begin as the identity, biases of the packed projection at 0.
/// </summary>
public sealed record TransformerBlockInitialization
{
    /// <summary>Weight of the packed projection.</summary>
    public Initialization Qkv { get; init; } = Initialization.Normal(0.02);

    /// <summary>Weight of the attention's output projection.</summary>
    public Initialization Output { get; init; } = Initialization.Normal(0.02);

    /// <summary>Weight of the MLP's first layer.</summary>
    public Initialization MlpIn { get; init; } = Initialization.Normal(0.02);

    /// <summary>Weight of the MLP's second layer.</summary>
    public Initialization MlpOut { get; init; } = Initialization.Normal(0.02);

    /// <summary>Bias of the MLP's first layer.</summary>
    public Initialization MlpInBias { get; init; } = Initialization.Constant(0);

    /// <summary>Bias of the MLP's second layer.</summary>
    public Initialization MlpOutBias { get; init; } = Initialization.Constant(0);
}

/// <summary>What a state dict calls the parts of a block.</summary>
public sealed record TransformerBlockNames
{
    /// <summary>Norm before the attention.</summary>
    public string Norm1 { get; init; } = "norm1";

    /// <summary>Norm before the MLP.</summary>
    public string Norm2 { get; init; } = "norm2";

    /// <summary>
    /// Packed projection of queries, keys and values: weight and bias are this with <c>weight</c> or <c>bias</c> behind
    /// it.
    /// </summary>
    public string Qkv { get; init; } = "qkv.";

    /// <summary>Output projection of the attention.</summary>
    public string Output { get; init; } = "proj";

    /// <summary>First layer of the MLP.</summary>
    public string MlpIn { get; init; } = "fc1";

    /// <summary>Second layer of the MLP.</summary>
    public string MlpOut { get; init; } = "fc2";

    /// <summary>Whether each norm stands before the part that it feeds, and not behind it.</summary>
    public bool NormFirst { get; init; } = true;
}

/// <summary>A pre-norm transformer block: x + Attn(LN(x)), then x + MLP(LN(x)) (specification 1, step 3).</summary>
public sealed class TransformerBlock : Module
{
    private readonly AttentionKind _kind;
    private readonly int _layer;
    private readonly LayerNorm _norm1;
    private readonly PackedSelfAttention _attention;
    private readonly LayerNorm _norm2;
    private readonly Mlp _mlp;

    /// <summary>A block.</summary>
    /// <param name="config">Its settings.</param>
    /// <param name="layer">Its number, from 0: what a hook calls it.</param>
    public TransformerBlock(TransformerBlockConfig config, int layer)
    {
        (_kind, _layer) = (config.Kind, layer);
        var names = config.Names;
        _norm1 = new LayerNorm(config.Width, config.NormEps);
        _attention = new PackedSelfAttention(config, layer);
        _norm2 = new LayerNorm(config.Width, config.NormEps);
        _mlp = new Mlp(config);
        if (names.NormFirst) AddChild(names.Norm1, _norm1);
        AddChild("attn", _attention);
        AddChild(names.NormFirst ? names.Norm2 : names.Norm1, names.NormFirst ? _norm2 : _norm1);
        AddChild("mlp", _mlp);
        if (!names.NormFirst) AddChild(names.Norm2, _norm2);
    }

    /// <summary><c>[B, N, D]</c> to the same shape, or to <c>[B, 1, D]</c> for the first row alone.</summary>
    /// <param name="x">Tokens.</param>
    /// <param name="mask">Additive attention mask, broadcast to <c>[B, H, N, N]</c>; null masks nothing.</param>
    /// <param name="context">Dropout and hook.</param>
    /// <param name="firstRowOnly">
    /// Compute the class row only, where nothing reads the others; its value is the same.
    /// </param>
    public Tensor Forward(Tensor x, Tensor? mask, ForwardContext context, bool firstRowOnly = false) =>
        context.Block(_layer, [_kind], mask is null ? [x] : [x, mask],
            (t, c) => Compute(t[0], t.Length > 1 ? t[1] : null, c, firstRowOnly));

    private Tensor Compute(Tensor x, Tensor? mask, ForwardContext context, bool firstRowOnly)
    {
        // A recorded attention shows all its rows; those that nothing reads end here.
        var recorded = firstRowOnly && context.Hook is { AllRows: true } hook && hook.Asks(_kind, _layer);
        var residual = firstRowOnly && !recorded ? x.Slice(1, 0, 1) : x;
        var attended = _attention.Forward(_norm1.Forward(x), residual, mask, context);
        var y = _mlp.Forward(_norm2.Forward(attended), attended);
        return recorded ? y.Slice(1, 0, 1) : y;
    }
}

/// <summary>Multi-head self-attention with one packed projection: rows of W are queries, keys, values.</summary>
internal sealed class PackedSelfAttention : Module
{
    private readonly int _width;
    private readonly AttentionShape _shape;
    private readonly Parameter _weight;
    private readonly Parameter _bias;
    private readonly Linear _output;

    public PackedSelfAttention(TransformerBlockConfig config, int layer)
    {
        _width = config.Width;
        _shape = AttentionShape.Of(config.Kind, layer, _width, config.Heads);
        _weight = AddWeight(config.Names.Qkv + "weight", [3 * _width, _width], config.Initialization.Qkv);
        _bias = AddWeight(config.Names.Qkv + "bias", [3 * _width], Initialization.Constant(0));
        _output = AddChild(
            config.Names.Output, new Linear(_width, _width, config.Initialization.Output, Initialization.Constant(0)));
    }

    /// <summary>Attends with the rows of x that the residual has: all of them, or the first.</summary>
    public Tensor Forward(Tensor x, Tensor residual, Tensor? mask, ForwardContext context)
    {
        var rows = residual.Shape[1] == x.Shape[1] ? x : x.Slice(1, 0, residual.Shape[1]);
        var attended = context.Attend(Project(rows, 0), new KeyValue(Project(x, 1), Project(x, 2)), mask, _shape, 0);
        return _output.Forward(attended, residual);
    }

    /// <summary>
    /// One third of the packed projection. The weights are sliced rather than the activations: they are the smaller
    /// tensor, and the slice's gradient then pads a weight instead of three times the tokens.
    /// </summary>
    private Tensor Project(Tensor x, int part)
    {
        var (start, end) = (part * _width, (part + 1) * _width);
        return x.Linear(_weight.Value.Slice(0, start, end), _bias.Value.Slice(0, start, end));
    }
}

/// <summary>Two dense layers with an activation between them.</summary>
internal sealed class Mlp : Module
{
    private readonly Activation _activation;
    private readonly Linear _in;
    private readonly Linear _out;

    public Mlp(TransformerBlockConfig config)
    {
        _activation = config.Activation;
        var first = config.Initialization;
        _in = AddChild(config.Names.MlpIn, new Linear(config.Width, config.MlpWidth, first.MlpIn, first.MlpInBias));
        _out = AddChild(config.Names.MlpOut, new Linear(config.MlpWidth, config.Width, first.MlpOut, first.MlpOutBias));
    }

    public Tensor Forward(Tensor x, Tensor residual) => _out.Forward(_in.Forward(x, _activation), residual);
}
