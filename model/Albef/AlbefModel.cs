using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Text;
using AmcEngine.Model.Tokenization;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Albef;

/// <summary>
/// ALBEF (Li et al. 2021): image encoder, text encoder with fusion layers, contrastive projections, matching head,
/// and for training the momentum copies and feature queues (specification 3).
/// </summary>
public sealed class AlbefModel : VisionLanguageModel
{
    private const double MinTemperature = 0.001;
    private const double MaxTemperature = 0.5;

    /// <summary>Describes a model without allocating it: names, shapes and counts only.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="withMomentum">Whether momentum copies and queues exist; evaluation needs neither.</param>
    public AlbefModel(AlbefConfig config, bool withMomentum = true)
    {
        Config = config.Validate();
        Temperature = AddWeight("temp", [], Initialization.Constant(config.Temperature));
        if (withMomentum) (ImageQueue, TextQueue) = AddQueues(config);
        Vision = AddChild("visual_encoder", new VisionTransformer(config.Vision));
        Text = AddChild("text_encoder", new TextEncoder(config.Text, config.Vision.Width));
        VisionProjection = AddChild("vision_proj", Linear.Default(config.Vision.Width, config.EmbedDim));
        TextProjection = AddChild("text_proj", Linear.Default(config.Text.Hidden, config.EmbedDim));
        ItmHead = AddChild("itm_head", Linear.Default(config.Text.Hidden, 2));
        if (withMomentum)
        {
            Copy = new MomentumCopy(
                AddChild("visual_encoder_m", new VisionTransformer(config.Vision)),
                AddChild("vision_proj_m", Linear.Default(config.Vision.Width, config.EmbedDim)),
                AddChild("text_encoder_m", new TextEncoder(config.Text, config.Vision.Width)),
                AddChild("text_proj_m", Linear.Default(config.Text.Hidden, config.EmbedDim)));
        }
        NameParameters();
    }

    /// <summary>Sizes.</summary>
    public AlbefConfig Config { get; }

    /// <inheritdoc/>
    public override int ImageRes => Config.Vision.ImageRes;

    /// <inheritdoc/>
    public override int MaxTextLength => Config.Text.MaxPositions;

    /// <inheritdoc/>
    public override CheckpointNames Names => AlbefNames.Instance;

    /// <inheritdoc/>
    public override bool ForTraining => Copy is not null;

    /// <summary>Temperature of the contrastive similarities, a scalar.</summary>
    public Parameter Temperature { get; }

    /// <summary>Image encoder.</summary>
    public VisionTransformer Vision { get; }

    /// <summary>Text and fusion encoder with its MLM head.</summary>
    public TextEncoder Text { get; }

    /// <summary>Projection of the image class token.</summary>
    public Linear VisionProjection { get; }

    /// <summary>Projection of the text class token.</summary>
    public Linear TextProjection { get; }

    /// <summary>Matching head; logit 1 means "match".</summary>
    public Linear ItmHead { get; }

    /// <summary>Momentum copies; null in a model for evaluation.</summary>
    public MomentumCopy? Copy { get; }

    internal FeatureQueue? ImageQueue { get; }

    internal FeatureQueue? TextQueue { get; }

    /// <inheritdoc/>
    protected override double Momentum => Config.Momentum;

    /// <inheritdoc/>
    protected override IReadOnlyList<(Module Student, Module Copy)> MomentumPairs => Copy is not { } copy
        ? []
        : [(Vision, copy.Vision), (VisionProjection, copy.VisionProjection), (Text, copy.Text), (TextProjection, copy.TextProjection)];

    private protected override IReadOnlyList<FeatureQueue> Queues => ImageQueue is null ? [] : [ImageQueue, TextQueue!];

    /// <summary>A model with fresh weights (specification 1 and 2.8); momentum copies equal the student.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type of weights and computation.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    /// <param name="withMomentum">Whether momentum copies and queues exist.</param>
    public static AlbefModel Create(AlbefConfig config, IBackend backend, DType dtype = DType.F32, ulong seed = 0, bool withMomentum = true)
    {
        var model = new AlbefModel(config, withMomentum);
        model.Initialize(backend, dtype, seed);
        return model;
    }

    /// <summary>
    /// The weights on which an explanation depends. By the match logit: image encoder, text and fusion layers, matching head; by
    /// contrast: image encoder, text layers, projections and temperature. The others serve training alone.
    /// </summary>
    public override IEnumerable<Parameter> ExplanationWeights(GroundingSettings settings) => ModeOf(settings) == GroundingMode.Itc
        ? [Temperature, .. Vision.Parameters, .. Text.Bert.TextParameters, .. VisionProjection.Parameters, .. TextProjection.Parameters]
        : [.. Vision.Parameters, .. Text.Bert.Parameters, .. ItmHead.Parameters];

    /// <inheritdoc/>
    public override IGrounder Grounder(GroundingSettings settings)
    {
        if (ModeOf(settings) != GroundingMode.Itc)
            return new ItmGrounder(Vision, Text.Bert, ItmHead, settings.Layer ?? (Config.Mode == GroundingMode.Itc ? Config.DefaultLayer : Config.AmcLayer), settings.WordsOnly ?? false, this);
        var parts = new ItcGrounder.Parts(
            row => Feature(row, VisionProjection), text => Feature(TextStates(text), TextProjection), cosine => cosine.Div(Temperature.Value));
        return new ItcGrounder(Vision, parts, settings.Layer ?? (Config.Mode == GroundingMode.Itc ? Config.AmcLayer : null));
    }

    /// <summary>
    /// One forward pass of the pre-training objective in the reference's order (specification 3). Updates temperature
    /// range, momentum copies and queues. Call it inside a memory scope that also spans the backward pass.
    /// </summary>
    /// <exception cref="ModelException">The batch has one pair, sizes do not fit, or the model has no momentum copies.</exception>
    public override AlbefOutput Forward(PairBatch batch, StepOptions options) => (AlbefOutput)base.Forward(batch, options);

    /// <inheritdoc/>
    protected override TrainingOutput RunStep(PairBatch batch, StepOptions options) => new PretrainingStep(this, batch, options).Run();

    /// <summary>L2-normalised projection of the class rows of <c>[B, N, D]</c>.</summary>
    internal static Tensor Feature(Tensor tokens, Linear projection) =>
        projection.Forward(ClassRow(tokens)).L2Normalize();

    private Tensor TextStates(TokenBatch text) => Text.Bert.Text(
        Tensor.From(text.Ids, [text.Count, text.Length], Backend), TextMask.Create(text, DType, Backend), ForwardContext.Evaluation);

    private GroundingMode ModeOf(GroundingSettings settings) => settings.Mode == GroundingMode.Default ? Config.Mode : settings.Mode;

    /// <summary>Keeps the temperature in its range, on the device.</summary>
    internal void ClampTemperature()
    {
        var temperature = Temperature.Value;
        temperature.Backend.Run(new UnaryArgs(UnaryKind.Clamp, temperature, temperature, MinTemperature, MaxTemperature));
    }

    private (FeatureQueue Image, FeatureQueue Text) AddQueues(AlbefConfig config)
    {
        var image = AddBuffer("image_queue", [config.EmbedDim, config.QueueSize], Initialization.UnitColumns);
        var text = AddBuffer("text_queue", [config.EmbedDim, config.QueueSize], Initialization.UnitColumns);
        return (new FeatureQueue(image, AddIntegers("queue_ptr_img", [1], [0])), new FeatureQueue(text, AddIntegers("queue_ptr_txt", [1], [0])));
    }
}

/// <summary>The momentum encoders and projections, in the order of the student's pairs.</summary>
/// <param name="Vision">Image encoder.</param>
/// <param name="VisionProjection">Projection of the image class token.</param>
/// <param name="Text">Text encoder with MLM head.</param>
/// <param name="TextProjection">Projection of the text class token.</param>
public sealed record MomentumCopy(VisionTransformer Vision, Linear VisionProjection, TextEncoder Text, Linear TextProjection);
