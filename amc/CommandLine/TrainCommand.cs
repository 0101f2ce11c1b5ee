using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Runs.TensorBoard;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx train</c>.</summary>
internal static class TrainCommand
{
    /// <summary>Exit code of a run that was stopped without a signal, which only a test does: that of Ctrl-C.</summary>
    private const int Stopped = 130;

    /// <summary>Trains, and shows what was learned.</summary>
    public static int Run(TrainOptions options, CommandContext context) => JobCommand.Run(
        options, context, (job, own) => Run(options, own, job));

    /// <summary>The same as one of several ranks.</summary>
    internal static int Run(TrainOptions options, CommandContext context, Job job)
    {
        using var signals = StopSignals.Listen(
            context.Error, "stopping: what is in progress is finished and saved; once more ends at once");
        var code = Run(options, context, signals.Token, job: job);
        return code == Stopped ? signals.ExitCode(job, options.SignalExitCode) : code;
    }

    /// <summary>The same with a token that asks to stop, and a hook by which tests disturb a step.</summary>
    internal static int Run(TrainOptions options, CommandContext context, CancellationToken stop,
        Action<TrainingSession>? beforeStep = null, Job? job = null)
    {
        job ??= Job.Alone;
        job.Together(() => Check(options));
        if (options.Resume is not { } resume)
        {
            var config = job.Together(() => Configuration(options, job));
            RequireSame(job, options, config);
            using var claimed = job.Together(() => job.IsFirst ? Claim(options, config, context) : null);
            return Run(options, context, config, claimed, null, stop, beforeStep, job);
        }
        using var folder = job.Together(() =>
        {
            RequireResumable(options, resume);
            return job.IsFirst ? RunFolder.Reopen(ResumePoint.RunOf(resume)) : null;
        });
        // Ranks that do not hold the folder look into it when the first one has put it in order.
        (var point, var stored) = job.Together(() =>
        {
            var found = ResumePoint.Find(resume, context.Warn);
            var config = options.Config is { } file
                ? RunConfig.Load(file, Overrides(options))
                : RunConfig.Restore(
                    Path.Combine(found.Folder, CheckpointLayout.State), found.State.Config, Overrides(options));
            // Before anything is opened: what is asked for may not even be there.
            found.State.RequireSame(config, found.Folder);
            return (found, config);
        });
        RequireSame(job, options, stored);
        return Run(options, context, stored, folder, point, stop, beforeStep, job);
    }

    private static int Run(
        TrainOptions options, CommandContext context, RunConfig config, RunFolder? folder, ResumePoint? point,
        CancellationToken stop, Action<TrainingSession>? beforeStep, Job job)
    {
        using var backend = job.Together(() => DeviceSelector.Open(options, job.IsAlone ? null : job.Place));
        job.Use(backend);
        JobSettings.RequireSameKernels(job, backend);
        var tokenizer = job.Together(() =>
        {
            var made = point?.Tokenizer() ?? DataSources.Tokenizer(config);
            DataSources.RequireTrainFiles(config);
            return made;
        });
        var memory = MemoryPlan.For(config, tokenizer, backend.Device, DeviceSelector.Limit(options), job).Choose(job);
        var warnings = new RankWarnings(context, job);
        var loads = point is not null || StartWeights.AreNamed(config);
        using var session = job.Together(() => TrainingSession.Create(config, backend, warnings.Warn, tokenizer,
            job.Communicator, draw: !loads, InputSettings.Workers(config, job)));
        session.Use(memory.Settings);
        TrainingReport? report = null;
        job.First(() => report = Start(session, point, context));
        // Each rank reads its own part of the moments; all else is sent.
        if (session.Optimizer.IsSharded && point is not null)
            job.Together(() => RestoreMoments(session, point, job));
        JobSettings.RequireSameData(job, session);
        new Replicas(session, job).Distribute();
        var last = job.Together(() => LastStep(options, session));
        if (job.IsFirst)
            Announce(options.Config ?? folder!.Path, session, backend, last, context, job);
        if (MemoryPlan.Chooses(config))
            context.Out.WriteLine($"memory: {memory}");
        context.Note(config, ConfigUse.Training, job.Size);

        TrainingOutputs? outputs = null;
        job.First(() => outputs = Outputs(session, folder!, point, memory, context));
        using var log = outputs?.Log;
        var trainer = new Trainer(session, outputs, job)
        {
            TraceNaN = options.TraceNaN,
            CheckReplicasEvery = options.CheckReplicas,
            BeforeStep = beforeStep,
            LastAnswers = report is null ? null : report.Keep,
            LastJudge = TrainingReport.Judge(),
        };
        warnings.Begin();
        return Train(trainer, last, stop, context, session, () => report!.Write(
            folder!.Path, context.Out, context.Warn, log!.Events), folder, job);
    }

    private static int Train(Trainer trainer, int last, CancellationToken stop, CommandContext context,
        TrainingSession session, Action report, RunFolder? folder, Job job)
    {
        var next = $"go on with: amcx train --resume {ShellWord.Quote(folder?.Path ?? "")}";
        try
        {
            if (!trainer.Run(last, stop).Interrupted)
            {
                job.First(report);
                return ErrorReporter.Success;
            }
            context.Out.WriteLine(session.Step == 0
                ? "stopped before the first step; nothing was saved"
                : $"stopped after step {session.Step} and saved; {next}");
            return Stopped;
        }
        catch when (trainer.SavedAfterError)
        {
            context.Out.WriteLine($"saved after step {session.Step}; {next}");
            throw;
        }
    }

    private static void Check(TrainOptions options)
    {
        JobCommand.Check(options);
        if (options.CheckReplicas < 0)
            throw new ConfigException($"--check-replicas {options.CheckReplicas}: must be 0 or a number of steps");
    }

    private static RunConfig Configuration(TrainOptions options, Job job)
    {
        var config = RunConfig.Load(
            options.Config ?? throw new ConfigException("train: --config is missing; name a configuration (ready "
                + "ones are in configs/), or a run to go on with by --resume"), Overrides(options));
        if (job.IsFirst)
            StartWeights.Require(config);
        return config;
    }

    // What the ranks must agree on before any of them opens data.
    private static void RequireSame(Job job, TrainOptions options, RunConfig config)
    {
        JobSettings.RequireSame(job, config, new Dictionary<string, string?>
        {
            ["--resume"] = options.Resume is null ? null : "given",
            ["--steps"] = $"{options.Steps}",
            ["--trace-nan"] = $"{options.TraceNaN}",
            ["--check-replicas"] = $"{options.CheckReplicas}",
        });
        JobSettings.RequireShares(job, config);
    }

    private static TrainingOutputs Outputs(TrainingSession session, RunFolder folder, ResumePoint? point,
        MemoryChoice memory, CommandContext context)
    {
        var config = session.Config;
        var log = point is null ? TrainingLog.Start(folder.Path) : TrainingLog.Continue(
            folder.Path, session.Step, session.Plan.EvaluatesAfter, context.Warn);
        if (point is null && MemoryPlan.Chooses(config))
            log.WriteMemory(memory.Settings.CheckpointActivations ? "blocks" : "none",
                memory.Settings.MicroBatch ?? session.OwnBatch, memory.Need, memory.Available);
        ITrainingView view =
            context.IsTerminal ? new TerminalView() : new PlainView(context.Out, config.Integer("log_every"));
        if (config.Truth("tensorboard"))
            log.Events = EventFile.Start(folder.Path, session.Step + 1);
        var store =
            new CheckpointStore(folder.Path, lastIsSound: point?.IsNewest ?? true) { Saved = folder.DropPrevious };
        return new TrainingOutputs(log, store, view);
    }

    private static List<string> Overrides(TrainOptions options)
    {
        List<string> overrides = [.. options.Set];
        if (options.Seed is { } seed)
            overrides.Add(FormattableString.Invariant($"seed={seed}"));
        return overrides;
    }

    private static RunFolder Claim(TrainOptions options, RunConfig config, CommandContext context)
    {
        if ((options.Output ?? config.OptionalText("output")) is { } named)
            return RunFolder.ClaimNamed(named, options.Overwrite, context.Out.WriteLine);
        var folder = Path.Combine("runs", Path.GetFileNameWithoutExtension(options.Config!));
        if (options.Overwrite)
            return RunFolder.ClaimNamed(folder, overwrite: true, context.Out.WriteLine);
        var claimed = RunFolder.ClaimFree(folder);
        if (claimed.Path != folder)
            context.Out.WriteLine(
                $"{folder} holds a run already, which is left as it is; this one goes to {claimed.Path}");
        return claimed;
    }

    private static void RequireResumable(TrainOptions options, string resume)
    {
        if (options.Overwrite)
            throw new ConfigException(
                "--overwrite: a resumed run goes on with what its folder holds; leave out --overwrite or --resume");
        if (options.Output is { } output && ConfigPaths.Full(ResumePoint.RunOf(resume)) != ConfigPaths.Full(output))
            throw new ConfigException(
                $"--output {output}: a resumed run goes on in its own folder {resume}; leave --output out");
    }

    // From the weights that the configuration names and where the model looks with them, or from where the run was
    // left.
    private static TrainingReport Start(TrainingSession session, ResumePoint? point, CommandContext context)
    {
        if (point is null)
        {
            StartWeights.Load(session.Config, session.Model, context, context.Out.WriteLine);
            return new TrainingReport(session);
        }
        session.FirstMaps = point.FirstMaps();
        // The weights that the run started from are not asked for again; without them nothing is known of "before".
        if (session.FirstMaps is null && StartWeights.AreNamed(session.Config))
            session.FirstMaps = FirstMaps.None;
        var report = new TrainingReport(session);
        point.Restore(session);
        return report;
    }

    private static void RestoreMoments(TrainingSession session, ResumePoint point, Job job)
    {
        if (!job.IsFirst)
            point.Restore(session);
    }

    private static int LastStep(TrainOptions options, TrainingSession session)
    {
        var last = options.Steps ?? session.StopAfter ?? session.Plan.TotalSteps;
        if (last < 1)
            throw new ConfigException($"--steps {last}: must be at least 1");
        if (session.Step > last)
            throw new ConfigException(
                $"the run has already done {session.Step} steps, more than {last}; there is nothing to resume");
        session.StopAfter = last < session.Plan.TotalSteps ? last : null;
        return last;
    }

    private static void Announce(
        string name, TrainingSession session, IBackend backend, int last, CommandContext context, Job job)
    {
        var weights = session.Model.Trainable.Sum(p => (long)p.Shape.Count);
        var work = session.Step < last
            ? $"steps {session.Step + 1} to {last}"
            : $"all {last} steps are done, pictures and report are made again";
        context.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"vocabulary: {DataSources.VocabularyName(session.Config)}, {session.Tokenizer.VocabSize} words"));
        context.Out.WriteLine(InputSettings.Describe(session.Config, InputSettings.Workers(session.Config, job)));
        RankText.Announce(job, backend, context);
        context.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{name}: {weights / 1e6:0.0} million weights, batch {session.Config.BatchSize}, {work}, "
                + $"AMC {(session.TrainsAmc ? "on" : "off")}, "
                + $"{(session.Config.Truth("add_selfeq") ? "SelfEQ on, " : "")}"
                + $"{backend.Device.Id} ({backend.Device.Details})"));
    }
}
