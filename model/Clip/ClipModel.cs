using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Clip;

/// <summary>
/// CLIP (Radford et al. 2021): an image and a text encoder whose features of length 1 are compared; names are those of
/// OpenAI's state dict. It is explained by the class row of a vision block's attention.
/// </summary>
public sealed class ClipModel : VisionLanguageModel
{
    // exp of it multiplies cosines, by 100 at most.
    private static readonly double MaxLogitScale = Math.Log(100);

    private readonly Parameter _positions;
    private readonly Parameter _textProjection;
    private readonly ClipBlocks _blocks;
    private readonly EmbeddingTable _tokens;
    private readonly LayerNorm _final;

    /// <summary>Describes a model without allocating it: names, shapes and counts only.</summary>
    public ClipModel(ClipConfig config)
    {
        Config = config.Validate();
        var width = config.TextWidth;
        var outOf = Initialization.Normal(1 / Math.Sqrt(width));
        _positions = AddWeight("positional_embedding", [config.Context, width], Initialization.Normal(0.01));
        _textProjection = AddWeight("text_projection", [width, config.EmbedDim], outOf);
        LogitScale = AddWeight("logit_scale", [], Initialization.Constant(Math.Log(1 / config.Temperature)));
        Vision = AddChild("visual", new ClipVisionEncoder(config.Vision, config.EmbedDim));
        // Text blocks begin smaller the more of them there are, as the published code sets them.
        var block = new TransformerBlockInitialization
        {
            Qkv = outOf,
            Output = Initialization.Normal(1 / Math.Sqrt(2.0 * width * config.TextLayers)),
            MlpIn = Initialization.Normal(1 / Math.Sqrt(2.0 * width)),
            MlpOut = Initialization.Normal(1 / Math.Sqrt(2.0 * width * config.TextLayers)),
            MlpInBias = Initialization.Uniform(1 / Math.Sqrt(width)),
            MlpOutBias = Initialization.Uniform(1 / Math.Sqrt(4.0 * width)),
        };
        _blocks = AddChild(
            "transformer", new ClipBlocks(width, config.TextHeads, config.TextLayers, AttentionKind.TextSelf, block));
        _tokens = AddChild("token_embedding", new EmbeddingTable(config.VocabSize, width));
        _final = AddChild("ln_final", new LayerNorm(width, ClipConfig.NormEps));
        NameParameters();
    }

    /// <summary>Sizes.</summary>
    public ClipConfig Config { get; }

    /// <summary>Image encoder.</summary>
    public ClipVisionEncoder Vision { get; }

    /// <summary>Logarithm of what multiplies the cosines, a scalar.</summary>
    public Parameter LogitScale { get; }

    /// <inheritdoc/>
    public override int ImageRes => Config.Vision.ImageRes;

    /// <inheritdoc/>
    public override int MaxTextLength => Config.Context;

    /// <inheritdoc/>
    public override CheckpointNames Names => ClipNames.Instance;

    /// <inheritdoc/>
    public override bool ForTraining => true;

    /// <summary>A model with fresh weights.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type of weights and computation.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    /// <param name="draw">
    /// Whether first values are drawn at once, or those of a tensor when it is first asked for: never where they are
    /// overwritten before. The numbers are the same.
    /// </param>
    public static ClipModel Create(
        ClipConfig config, IBackend backend, DType dtype = DType.F32, ulong seed = 0, bool draw = true)
    {
        var model = new ClipModel(config);
        model.Initialize(backend, dtype, seed, draw);
        return model;
    }

    /// <summary>All weights: each lies on the way to a similarity.</summary>
    public override IEnumerable<Parameter> ExplanationWeights(GroundingSettings settings) => Parameters;

    /// <inheritdoc/>
    public override IGrounder Grounder(GroundingSettings settings)
    {
        if (settings.Mode == GroundingMode.Itm)
            throw new ModelException("CLIP: has no matching head; explain it by itc");
        var parts = new ItcGrounder.Parts(
            Vision.Feature, text => TextFeature(text, ForwardContext.Evaluation), cosine => cosine.Mul(Scale()));
        return new ItcGrounder(Vision, parts, settings.Layer ?? Config.AmcLayer);
    }

    /// <inheritdoc/>
    public override void Constrain()
    {
        var scale = LogitScale.Value;
        scale.Backend.Run(new UnaryArgs(UnaryKind.Clamp, scale, scale, double.MinValue, MaxLogitScale));
    }

    /// <summary>
    /// Texts to features of length 1 <c>[B, E]</c>: the row of each text's largest id, that of its end token.
    /// </summary>
    /// <exception cref="ModelException">A text is longer than the context.</exception>
    public Tensor TextFeature(TokenBatch text, ForwardContext context)
    {
        var (count, length, width) = (text.Count, text.Length, Config.TextWidth);
        if (length > Config.Context)
            throw new ModelException(
                $"text encoder: a text of {length} tokens does not fit {Config.Context} positions; truncate it");
        return AttentionHook.Run(context.Hook, () =>
        {
            var ids = Tensor.From(text.Ids, [count, length], Backend);
            var x = _tokens.Weight.Value.Embedding(ids).Add(_positions.Value.Slice(0, 0, length));
            x = _blocks.Forward(x, 0, _blocks.Count, CausalMask(length), context);
            var rows = Tensor.From(EndRows(text), [count], Backend);
            return _final.Forward(x.Reshape(count * length, width).IndexSelect(0, rows))
                .MatMul(_textProjection.Value).L2Normalize();
        });
    }

    /// <inheritdoc/>
    protected override TrainingOutput RunStep(PairBatch batch, StepOptions options) =>
        new ContrastiveStep(this, batch, options).Run();

    /// <summary>exp of the logit scale, a scalar.</summary>
    internal Tensor Scale() => LogitScale.Value.Exp();

    // Added to the scores: a token sees itself and those before it.
    private Tensor CausalMask(int length)
    {
        var mask = new double[length * length];
        for (var i = 0; i < length; i++)
            mask.AsSpan(i * length + i + 1, length - i - 1).Fill(-1e9);
        return TensorValues.From(mask, [1, 1, length, length], DType, Backend);
    }

    private static int[] EndRows(TokenBatch text)
    {
        var rows = new int[text.Count];
        for (var i = 0; i < rows.Length; i++)
        {
            var ids = text.Ids.AsSpan(i * text.Length, text.Length);
            var end = 0;
            for (var k = 1; k < ids.Length; k++)
                if (ids[k] > ids[end]) end = k;
            rows[i] = i * text.Length + end;
        }
        return rows;
    }
}
