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
/// BLIP's image-text matching (Li et al. 2022): a vision transformer, a BERT whose layers all attend to the image,
/// contrastive projections and a matching head; for training momentum copies and feature queues that know their
/// pictures.
/// </summary>
public sealed class BlipModel : MatchingModel
{
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
    public override CheckpointNames Names => BlipNames.Instance;

    /// <inheritdoc/>
    public override bool ForTraining => Copy is not null;

    /// <inheritdoc/>
    public override Parameter Temperature { get; }

    /// <inheritdoc/>
    public override VisionTransformer Vision { get; }

    /// <summary>Text encoder, with cross attention in every layer.</summary>
    public BertEncoder Text { get; }

    /// <inheritdoc/>
    public override Linear VisionProjection { get; }

    /// <inheritdoc/>
    public override Linear TextProjection { get; }

    /// <inheritdoc/>
    public override Linear ItmHead { get; }

    /// <summary>Momentum copies; null in a model for evaluation.</summary>
    public BlipMomentum? Copy { get; }

    /// <inheritdoc/>
    public override SamePicture SamePicture => Config.SamePicture;

    internal override FeatureQueue? ImageQueue { get; }

    internal override FeatureQueue? TextQueue { get; }

    /// <inheritdoc/>
    protected override BertEncoder Encoder => Text;

    /// <inheritdoc/>
    protected override GroundingMode TrainedMode => Config.Mode;

    /// <inheritdoc/>
    protected override int TrainedLayer => Config.AmcLayer;

    /// <inheritdoc/>
    protected override int DefaultLayer => Config.DefaultLayer;

    /// <inheritdoc/>
    protected override bool HasEnd => true;

    /// <inheritdoc/>
    protected override double Momentum => Config.Momentum;

    /// <inheritdoc/>
    protected override IReadOnlyList<(Module Student, Module Copy)> MomentumPairs => Copy is not { } copy
        ? []
        : [(Vision, copy.Vision), (VisionProjection, copy.VisionProjection), (Text, copy.Text),
            (TextProjection, copy.TextProjection)];

    /// <summary>A model with fresh weights; momentum copies equal the student.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type of weights and computation.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    /// <param name="withMomentum">Whether momentum copies and queues exist.</param>
    public static BlipModel Create(
        BlipConfig config, IBackend backend, DType dtype = DType.F32, ulong seed = 0, bool withMomentum = true)
    {
        var model = new BlipModel(config, withMomentum);
        model.Initialize(backend, dtype, seed);
        return model;
    }

    /// <inheritdoc/>
    protected override TrainingOutput RunStep(PairBatch batch, StepOptions options) =>
        new MatchingStep(this, batch, options).Run();

    /// <inheritdoc/>
    protected internal override TokenBatch PrepareForFusion(TokenBatch text) => WithEncoderToken(text);

    /// <summary>Texts with <c>[ENC]</c> in the place of their first token.</summary>
    internal TokenBatch WithEncoderToken(TokenBatch text)
    {
        var ids = (int[])text.Ids.Clone();
        for (var row = 0; row < text.Count; row++) ids[row * text.Length] = Config.EncId;
        return text with { Ids = ids };
    }

    private (FeatureQueue Image, PictureQueue Text) AddQueues(BlipConfig config)
    {
        var image = AddBuffer("image_queue", [config.EmbedDim, config.QueueSize], Initialization.UnitColumns);
        var text = AddBuffer("text_queue", [config.EmbedDim, config.QueueSize], Initialization.UnitColumns);
        var pictures = AddIntegers(
            PictureQueue.EntryName, [1, config.QueueSize], PictureQueue.FreshNumbers(config.QueueSize));
        var pointer = AddIntegers("ptr_queue", [1], [0]);
        return (new FeatureQueue(image, pointer, advances: false), new PictureQueue(text, pointer, pictures));
    }
}

/// <summary>The momentum encoders and projections.</summary>
/// <param name="Vision">Image encoder.</param>
/// <param name="VisionProjection">Projection of the image class token.</param>
/// <param name="Text">Text encoder.</param>
/// <param name="TextProjection">Projection of the text class token.</param>
public sealed record BlipMomentum(
    VisionTransformer Vision, Linear VisionProjection, BertEncoder Text, Linear TextProjection);
