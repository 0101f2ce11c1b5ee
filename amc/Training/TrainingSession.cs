using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Runs;
using AmcEngine.Backends;
using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.DataParallel;
using AmcEngine.Model.Tokenization;
using AmcEngine.Optim;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Training;

/// <summary>Everything that a run consists of: data, model, optimizer and the number of steps done.</summary>
internal sealed class TrainingSession : IDisposable
{
    private readonly TrainingParts _parts;

    private TrainingSession(RunConfig config, IBackend backend, Action<string>? warn, ITokenizer? tokenizer,
        ICommunicator? communicator, bool draw, int? workers)
    {
        Config = config;
        Communicator = communicator ?? SingleCommunicator.Instance;
        Share = new BatchShare(Communicator, ScopeSettings.Of(config));
        Tokenizer = tokenizer ?? DataSources.Tokenizer(config);
        var once = DataSources.Once(warn);
        Train = DataSources.Train(config, once);
        Data = DataIdentity.Of(config, Train.Count);
        Test = DataSources.Test(config, once);
        Loader = new BatchLoader(Train, Tokenizer, config.BatchSize, config.Integer("max_tokens"), config.Seed,
            config.OptionalInteger("min_tokens") ?? 0, config.Truth("add_selfeq"),
            workers ?? InputSettings.Workers(config), Communicator.Rank, Communicator.Size);
        Plan = new TrainingPlan(config, Loader.StepsPerEpoch);
        TrainsAmc = config.TrainsAmc && HasRegions(once);
        _parts = TrainingParts.Create(config, Tokenizer, backend, TrainsAmc, Communicator, draw);
        Random = new RandomSource(config.Seed);
        if (!Share.IsWhole) Exchange = _parts.Exchange(Communicator);
        Use(MemorySettings.Of(config));
        Explainer = new Explainer(
            Model, Tokenizer, EvaluationSettings.Resize(config), ModelKeys.Grounding(config),
            EvaluationSettings.Crop(config));
    }

    /// <summary>The configuration.</summary>
    public RunConfig Config { get; }

    /// <summary>The ranks that train together, each on its own rows of every batch.</summary>
    public ICommunicator Communicator { get; }

    /// <summary>Which part of each batch this rank computes, and what it computes over all of them.</summary>
    public BatchShare Share { get; }

    /// <summary>Averages gradients over ranks; null for a process alone.</summary>
    public GradientExchange? Exchange { get; }

    /// <summary>The tokenizer.</summary>
    public ITokenizer Tokenizer { get; }

    /// <summary>What tells the training data from other data; null where it is generated.</summary>
    public DataIdentity? Data { get; }

    /// <summary>Training samples.</summary>
    public IRegionDataset Train { get; }

    /// <summary>Training batches.</summary>
    public BatchLoader Loader { get; }

    /// <summary>How long steps have waited for samples of their batch in all.</summary>
    public TimeSpan WaitedForData => Loader.Waited;

    /// <summary>Test questions; null where the configuration names none.</summary>
    public IEvaluationSet? Test { get; }

    /// <summary>What happens when.</summary>
    public TrainingPlan Plan { get; }

    /// <summary>The model with its momentum copy.</summary>
    public IVisionLanguageModel Model => _parts.Model;

    /// <summary>The optimizer.</summary>
    public AdamW Optimizer => _parts.Optimizer;

    /// <summary>Dropout, hard negatives and masked words.</summary>
    public RandomSource Random { get; }

    /// <summary>Where the model looks.</summary>
    public Explainer Explainer { get; }

    /// <summary>Whether explanations are trained to lie inside of regions.</summary>
    public bool TrainsAmc { get; }

    /// <summary>What explanations are to be like; null trains with the model's own losses alone.</summary>
    public IObjective? Objective => _parts.Objective;

    /// <summary>As of <see cref="StepOptions.CheckpointActivations"/>.</summary>
    public bool CheckpointActivations { get; private set; }

    /// <summary>As of <see cref="StepOptions.MicroBatch"/>.</summary>
    public int? MicroBatch { get; private set; }

    /// <summary>Steps done.</summary>
    public int Step { get; set; }

    /// <summary>Step at which the run is to stop before its end; null where it runs to its end.</summary>
    public int? StopAfter { get; set; }

    /// <summary>Where the model looked before its first step; null where nobody has asked.</summary>
    public FirstMaps? FirstMaps { get; set; }

    /// <summary>Opens the data and creates the model with fresh weights.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="backend">Where to compute.</param>
    /// <param name="warn">Told of data that is not as it should be.</param>
    /// <param name="tokenizer">The tokenizer; null takes the configuration's.</param>
    /// <param name="communicator">The ranks that train together; null for a process alone.</param>
    /// <param name="draw">Whether first weights are drawn at once; needless where a checkpoint brings others.</param>
    /// <param name="workers">Threads that make samples; null takes the configuration's.</param>
    /// <exception cref="ConfigException">The configuration does not fit the data.</exception>
    /// <exception cref="DataException">The data is missing or wrong.</exception>
    public static TrainingSession Create(RunConfig config, IBackend backend, Action<string>? warn = null,
        ITokenizer? tokenizer = null, ICommunicator? communicator = null, bool draw = true,
        int? workers = null) => new(config, backend, warn, tokenizer, communicator, draw, workers);

    /// <summary>Pairs of a batch that this rank computes.</summary>
    public int OwnBatch => Config.BatchSize / Communicator.Size;

    /// <summary>Computes from now on as a plan has chosen.</summary>
    public void Use(MemorySettings settings) => (MicroBatch, CheckpointActivations) =
        (Communicator.Size > 1 && settings.MicroBatch >= OwnBatch ? null : settings.MicroBatch,
            settings.CheckpointActivations);

    /// <inheritdoc/>
    public void Dispose()
    {
        Loader.Dispose();
        Exchange?.Dispose();
        _parts.Dispose();
    }

    // Pictures and captions alone, as ALBEF is pre-trained with, say nothing of where to look.
    private bool HasRegions(Action<string>? warn)
    {
        if (Train is not IFileDataset { Annotations: var read } || read.WithoutBox < read.Entries - read.BadEntries)
            return true;
        warn?.Invoke("no entry of train_file has a region, so that AMC is left out (ALBEF's own pre-training has "
            + "augmentation: albef, max_words: 30 and mlm_distill_axis: vocab besides)");
        return false;
    }
}
