using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.DataParallel;
using AmcEngine.Model.Text;
using AmcEngine.Optim;
using AmcEngine.Tensors;
using AmcEngine.Tests.Model;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>How ranks train in a test.</summary>
/// <param name="Kind">The model, as of <see cref="TinyModels.Create"/>.</param>
/// <param name="Scopes">What is computed over all ranks.</param>
internal sealed record RankSettings(string Kind, RankScopes Scopes)
{
    public DType DType { get; init; } = DType.F64;

    public bool Drops { get; init; } = true;

    public int Steps { get; init; } = 5;

    public int? MicroBatch { get; init; }

    public bool Checkpoint { get; init; }

    /// <summary>Whether ranks share the optimizer's state out.</summary>
    public bool Shards { get; init; }

    /// <summary>Looks at a rank's gradients before they are checked.</summary>
    public Action<int, IVisionLanguageModel>? Differentiated { get; init; }

    public double Rate { get; init; } = 1e-2;

    public IHardNegativeSampler Negatives { get; init; } = MultinomialSampler.Instance;

    /// <summary>Which samples of the batch have masked words; null draws them.</summary>
    public Func<int, bool>? IsMasked { get; init; }

    /// <summary>Which samples have a region.</summary>
    public Func<int, bool> HasRegion { get; init; } = i => TinyTraining.HasRegion[i];

    /// <summary>Which samples may have another text.</summary>
    public Func<int, bool> MayHaveOther { get; init; } = _ => true;

    /// <summary>Called on each rank before a step.</summary>
    public Action<int, int, StepInputs>? Before { get; init; }

    /// <summary>What explanations are to be like on a rank.</summary>
    public Func<int, IObjective> ObjectiveOf { get; init; } = _ => Objective;

    public static RankScopes Global { get; } =
        new() { Contrastive = true, Negatives = true, MaskedWords = true, Objective = true };

    public static IObjective Objective => new CompositeObjective(TinyTraining.Amc, new SelfEqObjective());

    // A noise of rounding that Adam would blow up to a whole step stays noise beside this.
    public static AdamW Optimizer(IVisionLanguageModel model, ICommunicator? share = null) =>
        new(model.ParameterGroups(0.02), eps: 1e-3, average: model.Average, share: share);

    /// <summary>What a step learns from.</summary>
    public StepInputs Inputs(IVisionLanguageModel model, int step, int first, int count)
    {
        var inputs = TinyTraining.Inputs(model, step, first, count);
        return inputs with
        {
            HasRegion = [.. Enumerable.Range(first, count).Select(HasRegion)],
            IsOther = [.. inputs.IsOther.Select((o, i) => o && MayHaveOther(first + i))],
        };
    }

    /// <summary>How a step computes.</summary>
    public StepOptions Options(BatchShare share, StepInputs inputs, int first) => new(0.4, new RandomSource(3))
    {
        Share = share,
        MicroBatch = MicroBatch,
        CheckpointActivations = Checkpoint,
        Negatives = Negatives,
        Masked = IsMasked is null ? null : Mask(inputs, first),
    };

    /// <summary>Trains as one rank of several, or alone.</summary>
    public RankResult Run(ICommunicator communicator)
    {
        using var backend = new CpuBackend(1);
        using var model = TinyModels.Create(Kind, backend, DType, Drops);
        using var optimizer = Optimizer(model, Shards ? communicator : null);
        var share = new BatchShare(communicator, Scopes);
        using var exchange = share.IsWhole
            ? null : new TrainingParts(model, optimizer, Objective).Exchange(communicator, bucketBytes: 2000);
        var step = new TrainingStep(model, ObjectiveOf(communicator.Rank), optimizer)
        {
            Exchange = exchange,
            Differentiated = () => Differentiated?.Invoke(communicator.Rank, model),
        };
        var count = TinyTraining.Count / communicator.Size;
        var losses = new List<(string, double)[]>();
        Exception? error = null;
        for (var i = 0; i < Steps && error is null; i++)
        {
            using var scope = MemoryScope.Begin();
            var inputs = Inputs(model, i, communicator.Rank * count, count);
            Before?.Invoke(communicator.Rank, i, inputs);
            try
            {
                losses.Add(step.Run(i, inputs, Options(share, inputs, communicator.Rank * count), Rate));
            }
            catch (TrainingException e)
            {
                error = e;
            }
        }
        return new RankResult([.. losses], TinyTraining.State(model), error, exchange?.SentEarly ?? 0);
    }

    // Two words of each such sample, of which one is replaced.
    private MaskedTokens Mask(StepInputs inputs, int first)
    {
        int[] ids = [.. inputs.Pairs.Text.Ids], labels = [.. ids.Select(_ => MaskedTokens.Ignore)];
        for (var row = 0; row < inputs.Pairs.Text.Count; row++)
        {
            if (!IsMasked!(first + row)) continue;
            for (var at = row * TinyTraining.Length + 1; at < row * TinyTraining.Length + 3; at++) labels[at] = ids[at];
            ids[row * TinyTraining.Length + 1] = 2;
        }
        return new MaskedTokens(ids, labels);
    }
}

/// <summary>What a rank has come to.</summary>
/// <param name="Losses">Of each step.</param>
/// <param name="State">All numbers of the model at the end.</param>
/// <param name="Error">What has ended the training early.</param>
/// <param name="SentEarly">Buckets that the last step has sent before its backward pass was over.</param>
internal sealed record RankResult((string Name, double Value)[][] Losses, Dictionary<string, double[]?> State,
    Exception? Error, int SentEarly);
