using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx train</c>.</summary>
internal static class TrainCommand
{
    /// <summary>Trains, and shows what was learned.</summary>
    public static int Run(TrainOptions options, CommandContext context)
    {
        using var stop = new CancellationTokenSource();
        // The first Ctrl-C lets the step finish and saves; a second one ends the program as usual.
        ConsoleCancelEventHandler onCancel = (_, e) =>
        {
            e.Cancel = !stop.IsCancellationRequested;
            stop.Cancel();
        };
        Console.CancelKeyPress += onCancel;
        try
        {
            return Run(options, context, stop.Token);
        }
        finally
        {
            Console.CancelKeyPress -= onCancel;
        }
    }

    /// <summary>The same, with the wish to stop and a way to break things given by a test.</summary>
    internal static int Run(TrainOptions options, CommandContext context, CancellationToken stop, Action<TrainingSession>? beforeStep = null)
    {
        RunConfig config = RunConfig.Load(options.Config, Overrides(options));
        string folder = Folder(options, config);
        string? checkpoint = options.Resume is null ? null : CheckpointLayout.Find(options.Resume);
        using IBackend backend = DeviceSelector.Open(options);
        using var session = TrainingSession.Create(config, backend, context.Warn);
        StartWeights.Load(config, session.Model, context, context.Out.WriteLine);
        var report = new TrainingReport(session);
        if (checkpoint is not null)
            CheckpointStore.Restore(session, checkpoint);
        int last = LastStep(options, session);
        OutputFolder.Prepare(folder);
        Announce(session, backend, last, context);
        context.Note(config, ConfigUse.Training);

        using TrainingLog log = checkpoint is null ? TrainingLog.Start(folder) : TrainingLog.Continue(folder, session.Step, session.Plan);
        ITrainingView view = context.IsTerminal ? new TerminalView() : new PlainView(context.Out, config.Integer("log_every"));
        var trainer = new Trainer(session, log, new CheckpointStore(folder, checkpoint is not null), view) { TraceNaN = options.TraceNaN, BeforeStep = beforeStep };
        if (trainer.Run(last, stop).Interrupted)
            context.Out.WriteLine($"stopped after step {session.Step} and saved; go on with: amcx train --config {options.Config} --resume {folder}");
        else
            report.Write(folder, context.Out);
        return ErrorReporter.Success;
    }

    private static List<string> Overrides(TrainOptions options)
    {
        List<string> overrides = [.. options.Set];
        if (options.Seed is { } seed)
            overrides.Add(FormattableString.Invariant($"seed={seed}"));
        return overrides;
    }

    private static string Folder(TrainOptions options, RunConfig config)
    {
        if (options is { Resume: { } resume, Output: { } output } && Path.GetFullPath(resume) != Path.GetFullPath(output))
            throw new ConfigException($"--output {output}: a resumed run goes on in its own folder {resume}; leave --output out");
        // A checkpoint's folder may be given in place of its run's.
        if (options.Resume is { } folder)
            return File.Exists(Path.Combine(folder, CheckpointLayout.State)) ? Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(folder)))! : folder;
        return options.Output ?? config.OptionalText("output") ?? Path.Combine("runs", Path.GetFileNameWithoutExtension(options.Config));
    }

    private static int LastStep(TrainOptions options, TrainingSession session)
    {
        int last = options.Steps ?? session.Plan.TotalSteps;
        if (last < 1)
            throw new ConfigException($"--steps {last}: must be at least 1");
        if (session.Step >= last)
            throw new ConfigException($"the run has already done {session.Step} of {last} steps; there is nothing to resume");
        return last;
    }

    private static void Announce(TrainingSession session, IBackend backend, int last, CommandContext context)
    {
        long weights = session.Model.Trainable.Sum(p => (long)p.Shape.Count);
        context.Out.WriteLine(FormattableString.Invariant($"vocabulary: {DataSources.VocabularyName(session.Config)}, {session.Tokenizer.VocabSize} words"));
        context.Out.WriteLine(FormattableString.Invariant(
            $"{session.Config.Path}: {weights / 1e6:0.0} million weights, batch {session.Config.BatchSize}, steps {session.Step + 1} to {last}, AMC {(session.Objective is null ? "off" : "on")}, {backend.Device.Id} ({backend.Device.Details})"));
    }
}
