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
public sealed class AlbefModel : MatchingModel
{
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
    public override CheckpointNames Names => AlbefNames.Instance;

    /// <inheritdoc/>
    public override bool ForTraining => Copy is not null;

    /// <inheritdoc/>
    public override Parameter Temperature { get; }

    /// <inheritdoc/>
    public override VisionTransformer Vision { get; }

    /// <summary>Text and fusion encoder with its MLM head.</summary>
    public TextEncoder Text { get; }

    /// <inheritdoc/>
    public override Linear VisionProjection { get; }

    /// <inheritdoc/>
    public override Linear TextProjection { get; }

    /// <inheritdoc/>
    public override Linear ItmHead { get; }

    /// <summary>Momentum copies; null in a model for evaluation.</summary>
    public MomentumCopy? Copy { get; }

    /// <inheritdoc/>
    public override SamePicture SamePicture => Config.SamePicture;

    internal override FeatureQueue? ImageQueue { get; }

    internal override FeatureQueue? TextQueue { get; }

    /// <inheritdoc/>
    protected override BertEncoder Encoder => Text.Bert;

    /// <inheritdoc/>
    protected override GroundingMode TrainedMode => Config.Mode;

    /// <inheritdoc/>
    protected override int TrainedLayer => Config.AmcLayer;

    /// <inheritdoc/>
    protected override int DefaultLayer => Config.DefaultLayer;

    /// <inheritdoc/>
    protected override double Momentum => Config.Momentum;

    /// <inheritdoc/>
    protected override IReadOnlyList<(Module Student, Module Copy)> MomentumPairs => Copy is not { } copy
        ? []
        : [(Vision, copy.Vision), (VisionProjection, copy.VisionProjection), (Text, copy.Text),
            (TextProjection, copy.TextProjection)];

    /// <summary>A model with fresh weights (specification 1 and 2.8); momentum copies equal the student.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type of weights and computation.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    /// <param name="withMomentum">Whether momentum copies and queues exist.</param>
    public static AlbefModel Create(
        AlbefConfig config, IBackend backend, DType dtype = DType.F32, ulong seed = 0, bool withMomentum = true)
    {
        var model = new AlbefModel(config, withMomentum);
        model.Initialize(backend, dtype, seed);
        return model;
    }

    /// <summary>
    /// One forward pass of the pre-training objective in the reference's order (specification 3). Updates temperature
    /// range, momentum copies and queues. Call it inside a memory scope that also spans the backward pass.
    /// </summary>
    /// <exception cref="ModelException">
    /// The batch has one pair, sizes do not fit, or the model has no momentum copies.
    /// </exception>
    public override AlbefOutput Forward(PairBatch batch, StepOptions options) =>
        (AlbefOutput)base.Forward(batch, options);

    /// <inheritdoc/>
    protected override TrainingOutput RunStep(PairBatch batch, StepOptions options) =>
        new PretrainingStep(this, batch, options).Run();

    private (FeatureQueue Image, FeatureQueue Text) AddQueues(AlbefConfig config)
    {
        var image = AddBuffer("image_queue", [config.EmbedDim, config.QueueSize], Initialization.UnitColumns);
        var text = AddBuffer("text_queue", [config.EmbedDim, config.QueueSize], Initialization.UnitColumns);
        // Only where they matter: a model without has the entries of ALBEF's pre-training.
        var pictures = config.SamePicture == SamePicture.Positive
            ? AddIntegers(PictureQueue.EntryName, [1, config.QueueSize], PictureQueue.FreshNumbers(config.QueueSize))
            : null;
        Parameter imagePointer = AddIntegers("queue_ptr_img", [1], [0]),
            textPointer = AddIntegers("queue_ptr_txt", [1], [0]);
        return (new FeatureQueue(image, imagePointer), pictures is null
            ? new FeatureQueue(text, textPointer) : new PictureQueue(text, textPointer, pictures));
    }
}

/// <summary>The momentum encoders and projections, in the order of the student's pairs.</summary>
/// <param name="Vision">Image encoder.</param>
/// <param name="VisionProjection">Projection of the image class token.</param>
/// <param name="Text">Text encoder with MLM head.</param>
/// <param name="TextProjection">Projection of the text class token.</param>
public sealed record MomentumCopy(
    VisionTransformer Vision, Linear VisionProjection, TextEncoder Text, Linear TextProjection);
