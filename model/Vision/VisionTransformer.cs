using System.Globalization;
using AmcEngine.Backends;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Vision;

/// <summary>
/// The image encoder (specification 1): patches, class token, positions, pre-norm blocks, a final norm.
/// </summary>
public sealed class VisionTransformer : Module, IClassTokenEncoder
{
    private readonly VisionConfig _config;
    private readonly Parameter _classToken;
    private readonly Parameter _positions;
    private readonly PatchEmbedding _patches;
    private readonly TransformerBlock[] _blocks;
    private readonly LayerNorm _norm;

    /// <summary>An encoder of the configured size.</summary>
    public VisionTransformer(VisionConfig config)
    {
        _config = config;
        _classToken = AddWeight("cls_token", [1, 1, config.Width], Initialization.Normal(0.02));
        _positions = AddPositions(
            "pos_embed", [1, config.Tokens, config.Width], config.Grid, Initialization.Normal(0.02));
        _patches = AddChild("patch_embed", new PatchEmbedding(config.PatchSize, config.Width));
        _blocks = new TransformerBlock[config.Depth];
        for (var i = 0; i < _blocks.Length; i++)
            _blocks[i] = AddChild(
                string.Create(CultureInfo.InvariantCulture, $"blocks.{i}"), new TransformerBlock(config.Block, i));
        _norm = AddChild("norm", new LayerNorm(config.Width, config.NormEps));
    }

    /// <summary>An encoder with fresh weights, without a model around it.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    public static VisionTransformer Create(
        VisionConfig config, IBackend backend, DType dtype = DType.F32, ulong seed = 0)
    {
        var encoder = new VisionTransformer(config.Validate());
        encoder.NameParameters();
        encoder.AllocateWeights(backend, dtype, seed);
        encoder.DrawWeights();
        foreach (var parameter in encoder.Parameters) parameter.Value.SetRequiresGrad();
        return encoder;
    }

    /// <summary>Side of the square input image in pixels.</summary>
    public int ImageRes => _config.ImageRes;

    /// <summary>Patches along one side of the image.</summary>
    public int Grid => _config.Grid;

    /// <summary>
    /// Normalised images <c>[B, 3, S, S]</c> to tokens <c>[B, 1 + (S/p)², D]</c>; token 0 is the class token.
    /// </summary>
    /// <exception cref="ModelException">The images do not have the configured size.</exception>
    public Tensor Forward(Tensor image, ForwardContext context)
    {
        var (batch, side) = (image.Shape.Rank == 4 ? image.Shape[0] : 0, _config.ImageRes);
        if (!image.Shape.Equals([batch, 3, side, side]))
            throw new ModelException($"vision encoder: images are {image.Shape}, expected [B, 3, {side}, {side}]");
        return AttentionHook.Run(
            context.Hook, () => _norm.Forward(Blocks(Embed(image, batch), 0, _blocks.Length, context)));
    }

    /// <inheritdoc/>
    public int Depth => _blocks.Length;

    /// <inheritdoc/>
    public Tensor Below(Tensor image, int block, ForwardContext context) => AttentionHook.Run(context.Hook, () =>
        Blocks(Embed(image, image.Shape[0]), 0, block, context));

    /// <inheritdoc/>
    public Tensor ClassRow(Tensor tokens, int block, ForwardContext context) => AttentionHook.Run(context.Hook, () =>
    {
        var x = Blocks(tokens, block, _blocks.Length - 1, context);
        return _norm.Forward(_blocks[^1].Forward(x, null, context, firstRowOnly: true));
    });

    private Tensor Blocks(Tensor tokens, int from, int to, ForwardContext context)
    {
        foreach (var block in _blocks.AsSpan(from, to - from)) tokens = block.Forward(tokens, null, context);
        return tokens;
    }

    private Tensor Embed(Tensor image, int batch) => AttentionHook.Run(null, () =>
    {
        var classTokens = _classToken.Value.BroadcastTo([batch, 1, _config.Width]);
        return Movement.Concat([classTokens, _patches.Forward(image)], 1).Add(_positions.Value);
    });
}
