using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Clip;

/// <summary>
/// CLIP's image encoder: patches without bias, class token, positions, a norm before the blocks and one on the class
/// row behind them, a projection.
/// </summary>
public sealed class ClipVisionEncoder : Module, IClassTokenEncoder
{
    private readonly VisionConfig _config;
    private readonly Parameter _classToken;
    private readonly Parameter _positions;
    private readonly Parameter _projection;
    private readonly Convolution _conv;
    private readonly LayerNorm _before;
    private readonly ClipBlocks _blocks;
    private readonly LayerNorm _after;

    internal ClipVisionEncoder(VisionConfig config, int embedDim)
    {
        _config = config;
        var width = config.Width;
        var scale = Initialization.Normal(1 / Math.Sqrt(width));
        _classToken = AddWeight("class_embedding", [width], scale);
        _positions = AddPositions("positional_embedding", [config.Tokens, width], config.Grid, scale);
        _projection = AddWeight("proj", [width, embedDim], scale);
        _conv = AddChild("conv1", new Convolution(config));
        _before = AddChild("ln_pre", new LayerNorm(width, ClipConfig.NormEps));
        _blocks = AddChild("transformer", new ClipBlocks(
            width, config.Heads, config.Depth, AttentionKind.Vision, DefaultWeights(width)));
        _after = AddChild("ln_post", new LayerNorm(width, ClipConfig.NormEps));
    }

    /// <inheritdoc/>
    public int Depth => _blocks.Count;

    /// <inheritdoc/>
    public int Grid => _config.Grid;

    /// <summary>Normalised images <c>[B, 3, S, S]</c> to features of length 1 <c>[B, E]</c>.</summary>
    /// <exception cref="ModelException">The images do not have the configured size.</exception>
    public Tensor Forward(Tensor image, ForwardContext context) => AttentionHook.Run(context.Hook, () =>
        Feature(ClassRow(Below(image, 0, context), 0, context)));

    /// <inheritdoc/>
    public Tensor Below(Tensor image, int block, ForwardContext context)
    {
        var (batch, side) = (image.Shape.Rank == 4 ? image.Shape[0] : 0, _config.ImageRes);
        if (!image.Shape.Equals([batch, 3, side, side]))
            throw new ModelException($"vision encoder: images are {image.Shape}, expected [B, 3, {side}, {side}]");
        return AttentionHook.Run(context.Hook, () => _blocks.Forward(Embed(image, batch), 0, block, null, context));
    }

    /// <inheritdoc/>
    public Tensor ClassRow(Tensor tokens, int block, ForwardContext context) => AttentionHook.Run(context.Hook, () =>
        _after.Forward(
            _blocks.LastClassRow(_blocks.Forward(tokens, block, _blocks.Count - 1, null, context), context)));

    /// <summary>Class rows <c>[B, 1, D]</c> to features of length 1 <c>[B, E]</c>.</summary>
    internal Tensor Feature(Tensor classRow) =>
        classRow.Reshape(classRow.Shape[0], _config.Width).MatMul(_projection.Value).L2Normalize();

    private Tensor Embed(Tensor image, int batch) => AttentionHook.Run(null, () =>
    {
        var classTokens = _classToken.Value.Reshape(1, 1, _config.Width).BroadcastTo([batch, 1, _config.Width]);
        return _before.Forward(Movement.Concat([classTokens, _conv.Forward(image)], 1).Add(_positions.Value));
    });

    // What PyTorch gives to fresh layers; the published code sets nothing else here.
    private static TransformerBlockInitialization DefaultWeights(int width)
    {
        Initialization into = Initialization.Uniform(1 / Math.Sqrt(width)),
            outOf = Initialization.Uniform(1 / Math.Sqrt(4 * width));
        return new TransformerBlockInitialization
        {
            Qkv = Initialization.Uniform(Math.Sqrt(1.5 / width)),
            Output = into,
            MlpIn = into,
            MlpInBias = into,
            MlpOut = outOf,
            MlpOutBias = outOf,
        };
    }

    /// <summary>A convolution without bias whose stride is its kernel.</summary>
    private sealed class Convolution : Module
    {
        private readonly Parameter _weight;

        public Convolution(VisionConfig config) => _weight = AddWeight(
            "weight", [config.Width, 3, config.PatchSize, config.PatchSize], Initialization.Uniform(
                1 / (config.PatchSize * Math.Sqrt(3))));

        public Tensor Forward(Tensor image) => image.PatchEmbedding(_weight.Value, null);
    }
}
