using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary>What an evaluation is done with: data, protocol, method and measures, the same for every
/// checkpoint.</summary>
internal sealed class EvaluationRun
{
    private readonly EvalOptions _options;
    private readonly CommandContext _context;
    private readonly RunConfig _config;
    private readonly MeasureChoice _choice;
    private readonly MapCache? _cache;
    private readonly string? _boxes;
    private readonly Job _job;
    private bool _told;

    private EvaluationRun(
        EvalOptions options, RunConfig config, IProtocol protocol, CommandContext context, Job job)
    {
        (_options, _config, Protocol, _context, _job) = (options, config, protocol, context, job);
        Method = options.Choose(context);
        _boxes = Boxes();
        _choice = new MeasureChoice(
            MeasureChoice.Parse(options.Metrics), _boxes is { } boxes ? ProposalFile.Load(boxes) : null);
        if (_choice.IsCostly && protocol.AveragesEntities)
            throw new ConfigException($"--metrics {options.Metrics}: what asks the model again needs one phrase a map, "
                + $"and --protocol {protocol.Name} averages several; leave those metrics out");
        if (options.Count is < 1)
            throw new ConfigException($"--count {options.Count}: must be at least 1");
        _cache = options.Cache is { } folder ? Open(folder) : null;
    }

    /// <summary>The protocol.</summary>
    public IProtocol Protocol { get; }

    /// <summary>The explanation method.</summary>
    public IExplanationMethod Method { get; }

    /// <summary>The questions; read by <see cref="Read"/>.</summary>
    public IEvaluationSet Questions { get; private set; } = null!;

    /// <summary>The data set, whose files may be wrong; null where scenes are generated.</summary>
    public IFileDataset? Data { get; private set; }

    /// <summary>What is to be said about test pictures that were trained on; null for nothing.</summary>
    public string? Overlap { get; private set; }

    /// <summary>What the data is called.</summary>
    public string Split => DataSources.Split(_config);

    /// <summary>How it is measured, in words.</summary>
    public string Description => EvaluationSettings.Protocol(_config, Method, Protocol);

    /// <summary>Checks the arguments.</summary>
    /// <param name="options">The arguments.</param>
    /// <param name="config">The configuration, as <see cref="Configuration"/> gives it.</param>
    /// <param name="context">Where to warn.</param>
    /// <param name="job">The ranks that share the questions; null for one process alone.</param>
    /// <exception cref="ConfigException">An argument is wrong.</exception>
    public static EvaluationRun Of(EvalOptions options, RunConfig config, CommandContext context, Job? job = null) =>
        new(options, config, ProtocolRegistry.Find(config.Text("protocol")), context, job ?? Job.Alone);

    /// <summary>The configuration as the protocol wants it: its size of pictures, where nobody sets another.</summary>
    /// <exception cref="ConfigException">There is no such protocol, or the configuration is wrong.</exception>
    public static RunConfig Configuration(EvalOptions options, CommandContext context)
    {
        if (options.Protocol is { } name && !ProtocolRegistry.All.Any(p => p.Name == name))
            throw new ConfigException($"--protocol {name}: is no protocol; "
                + $"use one of {string.Join(", ", ProtocolRegistry.All.Select(p => p.Name))}");
        string[] set =
            [.. options.Set, .. options.Protocol is { } chosen ? [$"protocol={chosen}"] : Array.Empty<string>()];
        var config = RunConfig.Load(options.Config, set);
        if (ProtocolRegistry.Find(config.Text("protocol")) is not { PictureSize: { } size } protocol
            || size == config.ImageSize)
            return config;
        if (config.IsGenerated || set.Any(s => s.StartsWith("image_res=", StringComparison.Ordinal)))
        {
            context.Note($"pictures have {config.ImageSize} pixels a side as configured, "
                + $"and not the {size} of the protocol {protocol.Name}");
            return config;
        }
        return RunConfig.Load(options.Config, [.. set, FormattableString.Invariant($"image_res={size}")]);
    }

    /// <summary>Opens the test data.</summary>
    /// <exception cref="ConfigException">The configuration names none.</exception>
    /// <exception cref="DataException">It is missing or wrong.</exception>
    public void Read()
    {
        var all = DataSources.RequireTest(_config, _context.Warn);
        Data = all as IFileDataset;
        Questions = _options.Count is { } count ? new FirstQuestions(all, count) : all;
    }

    /// <summary>
    /// What the answers of a checkpoint depend on. It does not open the model: weights that are missing are those of
    /// the seed, which the configuration holds.
    /// </summary>
    /// <param name="checkpoint">The checkpoint, whose file is read whole.</param>
    public RunMark Mark(CheckpointFile checkpoint)
    {
        var settings = string.Join('\n', _config.Flatten().Select(k => $"{k.Key}: {k.Value}"));
        var boxes = _boxes is { } file ? RunMark.OfFile(file) : "";
        var questions = _config.TestFiles.Where(_ => !_config.IsGenerated).Select(RunMark.OfFile);
        return RunMark.Of(
            $"{checkpoint.Digest}|{_options.Key}|{_options.AllowMissing}",
            $"{Description}|{_options.Metrics}|{boxes}|{settings}",
            FormattableString.Invariant($"{string.Join(',', questions)}|{Questions.Count}"));
    }

    /// <summary>Refuses to resume what a file of answers does not hold enough for.</summary>
    /// <exception cref="ConfigException">An argument does not go with --resume.</exception>
    public void RequireResumable()
    {
        const string Instead = "leave --resume out; with --cache DIR no map is computed twice";
        if (_options.Samples is null)
            throw new ConfigException("--resume: name the file of answers to go on with by --samples");
        if (_options.Report is not null)
            throw new ConfigException($"--resume: --report shows maps, which --samples does not hold; {Instead}");
        if (Protocol.AveragesEntities)
            throw new ConfigException($"--resume: --protocol {Protocol.Name} averages the maps of several questions, "
                + $"which --samples does not hold; {Instead}");
        if (_choice.Boxes is not null && Protocol.Detector.KeepsLastBox)
            throw new ConfigException($"--resume: by --protocol {Protocol.Name} the box of a question may be that of "
                + $"the question before, which --samples does not hold; {Instead}");
    }

    /// <summary>Plays the game with a checkpoint; its answers are counted as they are given.</summary>
    /// <param name="checkpoint">The checkpoint.</param>
    /// <param name="backend">Where to compute.</param>
    /// <param name="tally">Counts the answers.</param>
    /// <param name="stop">Asks to stop.</param>
    /// <param name="known">Answers that were given before; null for none.</param>
    /// <param name="flush">Called when a batch is answered; may be null.</param>
    public void Play(
        CheckpointFile checkpoint, IBackend backend, PointingTally tally, CancellationToken stop,
        IReadOnlyDictionary<int, PointingAnswer>? known = null, Action? flush = null)
    {
        var tokenizer = _job.Together(() => TokenizerChoice.Of(checkpoint, _config, _context));
        using var model = _job.Together(() =>
            ModelLoader.Load(checkpoint, _config, tokenizer, backend, _options.Loading(_context)));
        Replicas.RequireSame(_job, model, Questions.Count);
        _job.Together(() => Tell(checkpoint));
        var explained = EvaluationSettings.Explained(model, tokenizer, _config, ModelKeys.Grounding(_config));
        var explainer = ExplainerChoice.Create(explained, Method);
        (var found, var written) = (_cache?.Found, _cache?.Written);
        if (_cache is not null)
        {
            var origin = CachedExplainer.Origin(checkpoint.Digest, Settings(tokenizer), explained, Method);
            explainer = new CachedExplainer(explainer, _cache, explained, origin, _context.Warn);
        }
        var judge = new AnswerJudge(Protocol, _choice, _choice.IsCostly ? new ModelScores(explained).For : null);
        void Ask(Action<int> progress) => new SharedEvaluator(
            explainer, Questions, _config.Integer("eval_batch"), _job)
        {
            Judge = judge,
            Known = known ?? PointingEvaluator.NoAnswers,
            Progress = Done(progress, flush),
            Warn = _context.Warn,
        }.Run(tally, stop);
        if (_job.IsFirst)
            new EvaluationProgress(_context.Out, _context.IsTerminal).Show(Questions.Count, known?.Count ?? 0, Ask);
        else
            Ask(_ => { });
        if (_cache is not null)
            _context.Note($"--cache: {_cache.Found - found} maps were there, {_cache.Written - written} are new");
    }

    private static Action<int> Done(Action<int> progress, Action? flush) => done =>
    {
        flush?.Invoke();
        progress(done);
    };

    // The checkpoints of a folder have the configuration and the training data in common.
    private void Tell(CheckpointFile checkpoint)
    {
        if (_told)
            return;
        _told = true;
        _context.Note(_config, ConfigUse.Evaluation, _job.Size);
        Overlap = checkpoint.Config() is { } run ? TrainingOverlap.Warning(run, _config, Questions) : null;
        if (Overlap is not null)
            _context.Warn(Overlap);
    }

    // The pointing game needs no detector: the configuration's file may be missing (that of RefCLEF names a folder).
    private string? Boxes()
    {
        if (_options.Boxes is { } named)
            return named;
        if (_config.IsGenerated || _config.OptionalText("det_file") is not { Length: > 0 } file)
            return null;
        if (File.Exists(file))
            return file;
        _context.Note($"det_file: {file} is no file, so that no detector's boxes are judged (--boxes names another)");
        return null;
    }

    // Missing weights are random numbers of the configuration's seed.
    private string Settings(ITokenizer tokenizer)
    {
        var binding = ModelRegistry.Find(_config.Model).Binding(_config, tokenizer);
        var sizes = string.Join(',', binding.Select(b => FormattableString.Invariant($"{b.Key}={b.Value}")));
        return FormattableString.Invariant($"{_options.Key}|{sizes}|{(_options.AllowMissing ? _config.Seed : 0)}");
    }

    private static MapCache Open(string folder)
    {
        try
        {
            Directory.CreateDirectory(folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new ConfigException(
                $"--cache {folder}: the folder cannot be made ({e.Message.TrimEnd('.')}); choose another one", e);
        }
        OutputFiles.RequireWritable("--cache", Path.Combine(folder, "maps"));
        return new MapCache(folder);
    }
}
