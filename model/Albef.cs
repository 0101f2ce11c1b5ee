using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Model.Layers;
using AmcEngine.Model.Modules;
using AmcEngine.Model.Pretraining;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Ops;
using AmcEngine.Optim;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// ALBEF (Li et al. 2021): image encoder, text encoder with fusion layers, contrastive projections, matching head,
/// and for training the momentum copies and feature queues (specification 3).
/// </summary>
public sealed class Albef : Module
{
    private const double MinTemperature = 0.001;
    private const double MaxTemperature = 0.5;

    private IBackend? _backend;
    private ExponentialMovingAverage? _average;

    /// <summary>Describes a model without allocating it: names, shapes and counts only.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="withMomentum">Whether momentum copies and queues exist; evaluation needs neither.</param>
    public Albef(AlbefConfig config, bool withMomentum = true)
    {
        Config = config.Validate();
        Temperature = AddWeight("temp", [], Initialization.Constant(config.Temperature));
        if (withMomentum) (ImageQueue, TextQueue) = AddQueues(config);
        Vision = AddChild("visual_encoder", new VisionTransformer(config));
        Text = AddChild("text_encoder", new TextEncoder(config));
        VisionProjection = AddChild("vision_proj", Linear.Default(config.VisionWidth, config.EmbedDim));
        TextProjection = AddChild("text_proj", Linear.Default(config.TextHidden, config.EmbedDim));
        ItmHead = AddChild("itm_head", Linear.Default(config.TextHidden, 2));
        if (withMomentum)
        {
            Momentum = new MomentumCopy(
                AddChild("visual_encoder_m", new VisionTransformer(config)),
                AddChild("vision_proj_m", Linear.Default(config.VisionWidth, config.EmbedDim)),
                AddChild("text_encoder_m", new TextEncoder(config)),
                AddChild("text_proj_m", Linear.Default(config.TextHidden, config.EmbedDim)));
        }
        NameParameters();
    }

    /// <summary>Sizes.</summary>
    public AlbefConfig Config { get; }

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
    public MomentumCopy? Momentum { get; }

    /// <summary>
    /// How the momentum copies follow the student; null in a model for evaluation. A training loop hands it to the optimizer where
    /// the next step follows at once; <see cref="Forward"/> then finds the copies moved already.
    /// </summary>
    public ExponentialMovingAverage? Average =>
        Momentum is null ? null : _average ??= new ExponentialMovingAverage(StudentTensors(), Momentum.Tensors, Config.Momentum);

    /// <summary>Element type of the weights.</summary>
    public DType DType => Temperature.Value.DType;

    /// <summary>Where the weights are.</summary>
    public IBackend Backend => _backend ?? throw new ModelException("ALBEF: the model has no weights; create it with Albef.Create");

    internal FeatureQueue? ImageQueue { get; }

    internal FeatureQueue? TextQueue { get; }

    /// <summary>Trained weights in the order of PyTorch's <c>named_parameters</c> (momentum copies left out).</summary>
    public IEnumerable<Parameter> Trainable => Parameters.Where(p => Momentum is null || !Momentum.Owns(p));

    /// <summary>
    /// The weights on which an explanation depends (<see cref="Explain"/>): image encoder, text and fusion layers, matching
    /// head. Projections, MLM head, temperature, momentum copies and queues serve training alone.
    /// </summary>
    public IEnumerable<Parameter> ExplanationWeights => [.. Vision.Parameters, .. Text.Bert.Parameters, .. ItmHead.Parameters];

    /// <summary>A model with fresh weights (specification 1 and 2.8); momentum copies equal the student.</summary>
    /// <param name="config">Sizes.</param>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type of weights and computation.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    /// <param name="withMomentum">Whether momentum copies and queues exist.</param>
    public static Albef Create(AlbefConfig config, IBackend backend, DType dtype = DType.F32, ulong seed = 0, bool withMomentum = true)
    {
        var model = new Albef(config, withMomentum) { _backend = backend };
        using var suspended = MemoryScope.Suspend();
        model.Materialize(backend, dtype);
        var random = new RandomSource(seed);
        foreach (var entry in model.StateEntries)
            if (!entry.IsAlias && entry.Parameter.Kind != ParameterKind.Integers)
                entry.Parameter.Initialization.Fill(entry.Parameter.Value, random.NextKey());
        model.CopyStudentToMomentum();
        foreach (var parameter in model.Trainable) parameter.Value.SetRequiresGrad();
        return model;
    }

    /// <summary>
    /// The optimizer's groups in the reference's order: tensors of one dimension and biases without decay, then the
    /// rest (temperature, class token, positions and embeddings included) with <paramref name="weightDecay"/>.
    /// </summary>
    public IReadOnlyList<ParameterGroup> ParameterGroups(double weightDecay)
    {
        var exempt = Trainable.ToLookup(p => p.Shape.Rank == 1 || p.Name.EndsWith(".bias", StringComparison.Ordinal), p => p.Value);
        return [new ParameterGroup([.. exempt[true]], 0), new ParameterGroup([.. exempt[false]], weightDecay)];
    }

    /// <summary>Makes the momentum copies equal to the student.</summary>
    public void CopyStudentToMomentum()
    {
        if (Momentum is null) return;
        foreach (var (source, target) in StudentTensors().Zip(Momentum.Tensors)) target.Backend.Run(new CopyArgs(source, target));
        _average?.Reset();
    }

    /// <summary>
    /// One forward pass of the pre-training objective in the reference's order (specification 3). Updates temperature
    /// range, momentum copies and queues. Call it inside a <see cref="MemoryScope"/> that also spans the backward pass.
    /// </summary>
    /// <exception cref="ModelException">The batch has one pair, sizes do not fit, or the model has no momentum copies.</exception>
    public AlbefOutput Forward(AlbefBatch batch, StepOptions options)
    {
        if (MemoryScope.Current is null)
            throw new ModelException("ALBEF: run a step inside a MemoryScope, which owns the graph until the backward pass is done");
        return new PretrainingStep(this, batch, options).Run();
    }

    /// <summary>How far the momentum copies and queues have come: what <see cref="TakeBack"/> goes back to.</summary>
    public (long Copies, long Images, long Texts) Progress => (Average?.Updates ?? 0, ImageQueue?.Writes ?? 0, TextQueue?.Writes ?? 0);

    /// <summary>
    /// Undoes what a step that failed before it changed the weights has done to the queues. Momentum copies that it moved
    /// cannot go back; they are then those of the next step (<see cref="ExponentialMovingAverage.IsAhead"/>), which is that step again.
    /// </summary>
    /// <param name="before"><see cref="Progress"/> before that step; at most one has been begun since.</param>
    public void TakeBack((long Copies, long Images, long Texts) before)
    {
        if (Average is { } average && average.Updates != before.Copies) average.SetAhead();
        if (ImageQueue is { } images && images.Writes != before.Images) images.TakeBack();
        if (TextQueue is { } texts && texts.Writes != before.Texts) texts.TakeBack();
    }

    /// <summary>
    /// The explanation of "this text matches this image" (specification 7): evaluation mode, multi-modal pass, gradient
    /// of ITM logit 1 with respect to a cross-attention map, GradCAM without min-max normalisation.
    /// </summary>
    /// <param name="batch">Image-text pairs.</param>
    /// <param name="layer">Fusion layer; the configured AMC layer by default.</param>
    /// <exception cref="ModelException">The layer has no cross attention.</exception>
    public ExplanationOutput Explain(AlbefBatch batch, int? layer = null) => ExplanationPass.Run(this, batch, layer ?? Config.AmcLayer);

    /// <inheritdoc/>
    public override void Dispose()
    {
        ImageQueue?.Dispose();
        TextQueue?.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>L2-normalised projection of the class rows of <c>[B, N, D]</c>.</summary>
    internal static Tensor Feature(Tensor tokens, Linear projection) =>
        projection.Forward(ClassRow(tokens)).L2Normalize();

    /// <summary>The first row of every sample, <c>[B, D]</c>.</summary>
    internal static Tensor ClassRow(Tensor tokens) =>
        tokens.Slice(1, 0, 1).Reshape(tokens.Shape[0], tokens.Shape[2]);

    /// <summary>Keeps the temperature in its range, on the device.</summary>
    internal void ClampTemperature()
    {
        var temperature = Temperature.Value;
        temperature.Backend.Run(new UnaryArgs(UnaryKind.Clamp, temperature, temperature, MinTemperature, MaxTemperature));
    }

    /// <summary>The student's weights that have a momentum copy, in the copies' order.</summary>
    private Tensor[] StudentTensors() =>
        [.. new Module[] { Vision, VisionProjection, Text, TextProjection }.SelectMany(m => m.Parameters).Select(p => p.Value)];

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
public sealed record MomentumCopy(VisionTransformer Vision, Linear VisionProjection, TextEncoder Text, Linear TextProjection)
{
    private readonly Lazy<HashSet<Parameter>> _parameters = new(() =>
        [.. Vision.Parameters, .. VisionProjection.Parameters, .. Text.Parameters, .. TextProjection.Parameters]);

    /// <summary>All weights of the copies.</summary>
    internal IReadOnlyList<Tensor> Tensors =>
        [.. new Module[] { Vision, VisionProjection, Text, TextProjection }.SelectMany(m => m.Parameters).Select(p => p.Value)];

    internal bool Owns(Parameter parameter) => _parameters.Value.Contains(parameter);
}
