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

namespace AmcEngine.Model.Blip;

/// <summary>
/// BLIP's image-text matching (Li et al. 2022): a vision transformer, a BERT whose layers all attend to the image, contrastive
/// projections and a matching head; for training momentum copies and feature queues that know their pictures.
/// </summary>
public sealed class BlipModel : VisionLanguageModel
{
    private const double MinTemperature = 0.001;
    private const double MaxTemperature = 0.5;

    /// <summary>Describes a model without allocating it: names, shapes and counts only.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="withMomentum">Whether momentum copies and queues exist; evaluation needs neither.</param>
    public BlipModel(BlipConfig config, bool withMomentum = true)
    {
        Config = config.Validate();
        Temperature = AddWeight("temp", [], Initialization.Constant(config.Temperature));
        if (withMomentum) (ImageQueue, TextQueue) = AddQueues(config);
        Vision = AddChild("visual_encoder", new VisionTransformer(config.Vision));
        Text = AddChild("text_encoder", new BertEncoder(config.Text, config.Vision.Width));
        VisionProjection = AddChild("vision_proj", Linear.Default(config.Vision.Width, config.EmbedDim));
        TextProjection = AddChild("text_proj", Linear.Default(config.Text.Hidden, config.EmbedDim));
        ItmHead = AddChild("itm_head", Linear.Default(config.Text.Hidden, 2));
        if (withMomentum)
        {
            Copy = new BlipMomentum(
                AddChild("visual_encoder_m", new VisionTransformer(config.Vision)),
                AddChild("vision_proj_m", Linear.Default(config.Vision.Width, config.EmbedDim)),
                AddChild("text_encoder_m", new BertEncoder(config.Text, config.Vision.Width)),
                AddChild("text_proj_m", Linear.Default(config.Text.Hidden, config.EmbedDim)));
        }
        NameParameters();
    }

    /// <summary>Sizes.</summary>
    public BlipConfig Config { get; }

    /// <inheritdoc/>
    public override int ImageRes => Config.Vision.ImageRes;

    /// <inheritdoc/>
    public override int MaxTextLength => Config.Text.MaxPositions;

    /// <inheritdoc/>
    public override CheckpointNames Names => BlipNames.Instance;

    /// <inheritdoc/>
    public override bool ForTraining => Copy is not null;

    /// <summary>Temperature of the contrastive similarities, a scalar.</summary>
    public Parameter Temperature { get; }

    /// <summary>Image encoder.</summary>
    public VisionTransformer Vision { get; }

    /// <summary>Text encoder, with cross attention in every layer.</summary>
    public BertEncoder Text { get; }

    /// <summary>Projection of the image class token.</summary>
    public Linear VisionProjection { get; }

    /// <summary>Projection of the text class token.</summary>
    public Linear TextProjection { get; }

    /// <summary>Matching head; logit 1 means "match".</summary>
    public Linear ItmHead { get; }

    /// <summary>Momentum copies; null in a model for evaluation.</summary>
    public BlipMomentum? Copy { get; }

    internal FeatureQueue? ImageQueue { get; }

    internal PictureQueue? TextQueue { get; }

    /// <inheritdoc/>
    protected override double Momentum => Config.Momentum;

    /// <inheritdoc/>
    protected override IReadOnlyList<(Module Student, Module Copy)> MomentumPairs => Copy is not { } copy
        ? []
        : [(Vision, copy.Vision), (VisionProjection, copy.VisionProjection), (Text, copy.Text), (TextProjection, copy.TextProjection)];

    private protected override IReadOnlyList<FeatureQueue> Queues => ImageQueue is null ? [] : [ImageQueue, TextQueue!];

    /// <summary>A model with fresh weights; momentum copies equal the student.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type of weights and computation.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    /// <param name="withMomentum">Whether momentum copies and queues exist.</param>
    public static BlipModel Create(BlipConfig config, IBackend backend, DType dtype = DType.F32, ulong seed = 0, bool withMomentum = true)
    {
        var model = new BlipModel(config, withMomentum);
        model.Initialize(backend, dtype, seed);
        return model;
    }

    /// <summary>Image encoder, text encoder and matching head; by contrast the projections and the temperature instead of the head.</summary>
    public override IEnumerable<Parameter> ExplanationWeights(GroundingSettings settings) => ModeOf(settings) == GroundingMode.Itc
        ? [Temperature, .. Vision.Parameters, .. Text.TextParameters, .. VisionProjection.Parameters, .. TextProjection.Parameters]
        : [.. Vision.Parameters, .. Text.Parameters, .. ItmHead.Parameters];

    /// <inheritdoc/>
    public override IGrounder Grounder(GroundingSettings settings)
    {
        if (ModeOf(settings) != GroundingMode.Itc)
        {
            return new ItmGrounder(Vision, Text, ItmHead, settings.Layer ?? (Config.Mode == GroundingMode.Itc ? Config.DefaultLayer : Config.AmcLayer), settings.WordsOnly ?? false, this)
            {
                Prepare = WithEncoderToken,
                HasEnd = true,
            };
        }
        var parts = new ItcGrounder.Parts(
            row => Feature(row, VisionProjection), text => Feature(TextStates(text), TextProjection), cosine => cosine.Div(Temperature.Value));
        return new ItcGrounder(Vision, parts, settings.Layer ?? (Config.Mode == GroundingMode.Itc ? Config.AmcLayer : null));
    }

    /// <inheritdoc/>
    protected override TrainingOutput RunStep(PairBatch batch, StepOptions options) => new MatchingStep(this, batch, options).Run();

    /// <summary>Texts with <c>[ENC]</c> in the place of their first token.</summary>
    internal TokenBatch WithEncoderToken(TokenBatch text)
    {
        var ids = (int[])text.Ids.Clone();
        for (var row = 0; row < text.Count; row++) ids[row * text.Length] = Config.EncId;
        return text with { Ids = ids };
    }

    /// <summary>L2-normalised projection of the class rows of <c>[B, N, D]</c>.</summary>
    internal static Tensor Feature(Tensor tokens, Linear projection) => projection.Forward(ClassRow(tokens)).L2Normalize();

    private GroundingMode ModeOf(GroundingSettings settings) => settings.Mode == GroundingMode.Default ? Config.Mode : settings.Mode;

    /// <summary>Keeps the temperature in its range, on the device.</summary>
    internal void ClampTemperature()
    {
        var temperature = Temperature.Value;
        temperature.Backend.Run(new UnaryArgs(UnaryKind.Clamp, temperature, temperature, MinTemperature, MaxTemperature));
    }

    private Tensor TextStates(TokenBatch text) => Text.Text(
        Tensor.From(text.Ids, [text.Count, text.Length], Backend), TextMask.Create(text, DType, Backend), ForwardContext.Evaluation);

    private (FeatureQueue Image, PictureQueue Text) AddQueues(BlipConfig config)
    {
        var image = AddBuffer("image_queue", [config.EmbedDim, config.QueueSize], Initialization.UnitColumns);
        var text = AddBuffer("text_queue", [config.EmbedDim, config.QueueSize], Initialization.UnitColumns);
        var pictures = AddIntegers("idx_queue", [1, config.QueueSize], [.. Enumerable.Repeat(PictureQueue.NoPicture, config.QueueSize)]);
        var pointer = AddIntegers("ptr_queue", [1], [0]);
        return (new FeatureQueue(image, pointer, advances: false), new PictureQueue(text, pointer, pictures));
    }
}

/// <summary>The momentum encoders and projections.</summary>
/// <param name="Vision">Image encoder.</param>
/// <param name="VisionProjection">Projection of the image class token.</param>
/// <param name="Text">Text encoder.</param>
/// <param name="TextProjection">Projection of the text class token.</param>
public sealed record BlipMomentum(VisionTransformer Vision, Linear VisionProjection, BertEncoder Text, Linear TextProjection);
