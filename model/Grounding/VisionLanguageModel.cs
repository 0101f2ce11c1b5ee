using AmcEngine.Backends;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Checkpoints;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Optim;
using AmcEngine.Tensors;

namespace AmcEngine.Model;

/// <summary>
/// What all models have in common: weights on a device, momentum copies, queues, groups of the optimizer.
/// </summary>
public abstract class VisionLanguageModel : Module, IVisionLanguageModel
{
    private IBackend? _backend;
    private ExponentialMovingAverage? _average;
    private HashSet<Parameter>? _copies;

    /// <inheritdoc/>
    public abstract int ImageRes { get; }

    /// <inheritdoc/>
    public abstract int MaxTextLength { get; }

    /// <inheritdoc/>
    public DType DType => Parameters.First().Value.DType;

    /// <inheritdoc/>
    public IBackend Backend =>
        _backend ?? throw new ModelException($"{GetType().Name}: the model has no weights; make it by its Create");

    /// <inheritdoc/>
    public IEnumerable<Parameter> Trainable => Parameters.Where(p => !IsCopy(p));

    /// <inheritdoc/>
    public abstract CheckpointNames Names { get; }

    /// <inheritdoc/>
    public abstract bool ForTraining { get; }

    /// <inheritdoc/>
    public ExponentialMovingAverage? Average => MomentumPairs.Count == 0
        ? null
        : _average ??= new ExponentialMovingAverage(
            Tensors(MomentumPairs.Select(p => p.Student)), Tensors(MomentumPairs.Select(p => p.Copy)), Momentum);

    /// <summary>Parts with the copies that follow them; none in a model for evaluation.</summary>
    protected virtual IReadOnlyList<(Module Student, Module Copy)> MomentumPairs => [];

    /// <summary>Share of the old value when a momentum copy moves.</summary>
    protected virtual double Momentum => 0;

    /// <summary>Feature queues; none in a model for evaluation.</summary>
    private protected virtual IReadOnlyList<FeatureQueue> Queues => [];

    /// <summary>Whether a weight belongs to a momentum copy.</summary>
    internal bool IsCopy(Parameter parameter) =>
        (_copies ??= [.. MomentumPairs.SelectMany(p => p.Copy.Parameters)]).Contains(parameter);

    /// <inheritdoc/>
    public abstract IEnumerable<Parameter> ExplanationWeights(GroundingSettings settings);

    /// <inheritdoc/>
    public abstract IGrounder Grounder(GroundingSettings settings);

    /// <inheritdoc/>
    public virtual TrainingOutput Forward(PairBatch batch, StepOptions options)
    {
        if (MemoryScope.Current is null)
            throw new ModelException($"{GetType().Name}: run a step inside a MemoryScope, "
                + "which owns the graph until the backward pass is done");
        foreach (var queue in Queues) queue.Begin();
        if (options.Share is { IsWhole: false } share)
        {
            // What is drawn for these samples is what the whole batch draws for them.
            share.Begin();
            options = options with { Random = options.Random.Of(share.Rows(batch.Text.Count)) };
        }
        return RunStep(batch, options);
    }

    /// <summary>The forward pass of a training step.</summary>
    protected abstract TrainingOutput RunStep(PairBatch batch, StepOptions options);

    /// <inheritdoc/>
    public virtual void Constrain()
    {
    }

    /// <inheritdoc/>
    public void TakeBack()
    {
        foreach (var queue in Queues) queue.TakeBack();
    }

    /// <inheritdoc/>
    public void ForgetPictures()
    {
        foreach (var queue in Queues) queue.ForgetPictures();
    }

    /// <summary>
    /// The optimizer's groups in the references' order: tensors of one dimension and biases without decay, then the
    /// rest (temperature, class token, positions and embeddings included) with <paramref name="weightDecay"/>.
    /// </summary>
    public IReadOnlyList<ParameterGroup> ParameterGroups(double weightDecay)
    {
        var exempt = Trainable.ToLookup(
            p => p.Shape.Rank == 1 || p.Name.EndsWith(".bias", StringComparison.Ordinal), p => p.Value);
        return [new ParameterGroup([.. exempt[true]], 0), new ParameterGroup([.. exempt[false]], weightDecay)];
    }

    /// <inheritdoc/>
    public void CopyStudentToMomentum() => Average?.CopySources();

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (var queue in Queues) queue.Dispose();
        base.Dispose();
        GC.SuppressFinalize(this);
    }

    /// <summary>Lets the momentum copies follow the weights, where the optimizer has not done it.</summary>
    internal void MoveCopies()
    {
        if (Average is not { IsPending: true } average) return;
        using var phase = Phase.Begin("momentum update");
        average.Apply();
    }

    /// <summary>Puts fresh weights on a device; momentum copies equal the student.</summary>
    /// <param name="backend">Device.</param>
    /// <param name="dtype">Element type of weights and computation.</param>
    /// <param name="seed">Seed of the initialisation.</param>
    protected void Initialize(IBackend backend, DType dtype, ulong seed)
    {
        _backend = backend;
        InitializeWeights(backend, dtype, seed);
        CopyStudentToMomentum();
        foreach (var parameter in Trainable) parameter.Value.SetRequiresGrad();
    }

    /// <summary>The first row of every sample of <c>[B, N, D]</c>, <c>[B, D]</c>.</summary>
    protected internal static Tensor ClassRow(Tensor tokens) =>
        tokens.Slice(1, 0, 1).Reshape(tokens.Shape[0], tokens.Shape[2]);

    private static Tensor[] Tensors(IEnumerable<Module> modules) =>
        [.. modules.SelectMany(m => m.Parameters).Select(p => p.Value)];
}
