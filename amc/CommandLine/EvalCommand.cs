using System.Runtime.ExceptionServices;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.Amc.Training;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx eval</c>.</summary>
internal static class EvalCommand
{
    /// <summary>Plays the pointing game and writes the result.</summary>
    public static int Run(EvalOptions options, CommandContext context) => JobCommand.Run(
        options, context, (job, own) => Run(options, own, job));

    /// <summary>The same as one of several ranks.</summary>
    internal static int Run(EvalOptions options, CommandContext context, Job job)
    {
        using var signals = StopSignals.Listen(context.Error, StopSignals.AnswersKept);
        try
        {
            return Run(options, context, signals.Token, job);
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested || !job.IsAlone)
        {
            return signals.ExitCode(job, options.SignalExitCode);
        }
    }

    /// <summary>The same with a token that asks to stop, after which what was answered is kept.</summary>
    internal static int Run(EvalOptions options, CommandContext context, CancellationToken stop, Job? job = null)
    {
        job ??= Job.Alone;
        job.Together(() =>
        {
            JobCommand.Check(options);
            RequireOneModel(options);
        });
        var config = job.Together(() => EvaluationRun.Configuration(options, context));
        JobSettings.RequireSame(job, config, Arguments(options));
        job.First(() => CheckOutputs(options, config));
        if (options.CheckpointDir is not null)
            return EvalFolderCommand.Run(options, config, context, stop, job);
        var run = job.Together(() => EvaluationRun.Of(options, config, context, job));
        if (options.Resume)
            job.Together(run.RequireResumable);
        var checkpoint = job.Together(() => CheckpointFile.Find(options.Checkpoint, options.Key));
        job.Together(run.Read);
        KeptSamples? kept = null;
        job.First(() => kept = KeptSamples.Begin(options, run, checkpoint, context));
        using var samples = kept;
        using var backend = job.Together(() => DeviceSelector.Open(options, job.IsAlone ? null : job.Place));
        RankText.Announce(job, backend, context);
        var summary = new EvaluationSummary(new Bootstrap());
        var cases = options.Report is null ? null : new CaseSample();
        var tally = new PointingTally(answer =>
        {
            samples?.Add(answer);
            summary.Add(answer);
            cases?.Add(answer);
        });
        EvaluationReport Report(bool complete) => new(tally.Result, run.Split, run.Description, options.Checkpoint)
        {
            Complete = complete,
            Method = run.Method.Name,
            Data = run.Data,
            Overlap = run.Overlap,
            Summary = summary,
        };
        try
        {
            run.Play(checkpoint, backend, tally, stop, samples?.Known, samples is null ? null : samples.Flush);
        }
        catch (Exception) when (tally.Count > 0)
        {
            KeepAnswers(options, context, Report(complete: false), samples);
            throw;
        }
        job.First(() =>
        {
            var report = Report(complete: true);
            // Said first: it is not lost where a file cannot be written after all.
            context.Out.WriteLine(report.Text);
            foreach (var line in SummaryText.Lines(summary))
                context.Out.WriteLine(line);
            WriteAll([.. Outputs(options, report, samples), .. Page(options, report, cases, run.Questions)]);
        });
        return ErrorReporter.Success;
    }

    private static Dictionary<string, string?> Arguments(EvalOptions options) => new()
    {
        ["--checkpoint-dir"] = options.CheckpointDir is null ? null : "given",
        ["--resume"] = $"{options.Resume}",
        ["--method"] = options.Method,
        ["--metrics"] = options.Metrics,
        ["--boxes"] = options.Boxes is null ? null : "given",
        ["--count"] = $"{options.Count}",
        ["--report"] = options.Report is null ? null : "given",
        ["--samples"] = options.Samples is null ? null : "given",
    };

    private static void RequireOneModel(EvalOptions options)
    {
        if (options.Checkpoint.Length == 0 && options.CheckpointDir is null)
            throw new ConfigException("amcx eval: --checkpoint is missing; amcx eval --help shows an example");
        if (options.Checkpoint.Length > 0 && options.CheckpointDir is not null)
            throw new ConfigException("--checkpoint-dir: takes the place of --checkpoint; give one of the two");
        if (options.Resume && options.CheckpointDir is not null)
            throw new ConfigException("--resume: goes with one --checkpoint; leave it out with --checkpoint-dir");
        if (options.Curve is not null && options.CheckpointDir is null)
            throw new ConfigException("--curve: goes with --checkpoint-dir alone; add it, or leave --curve out");
        if (options.Curve is { } curve)
            OutputFiles.RequirePictureName("--curve", curve);
    }

    private static void CheckOutputs(EvalOptions options, RunConfig config) => OutputFiles.RequireApart(
        [("--json", options.Json), ("--samples", options.Samples), ("--report", options.Report),
            ("--curve", options.Curve)],
        [("--config", options.Config), ("--checkpoint", options.Checkpoint), ("--boxes", options.Boxes),
            ("det_file", config.OptionalText("det_file")),
            .. config.TestFiles.Select(f => ("test_file", (string?)f))]);

    private static void KeepAnswers(
        EvalOptions options, CommandContext context, EvaluationReport report, KeptSamples? samples)
    {
        context.Out.WriteLine($"stopped early; so far {report.Text}");
        try
        {
            WriteAll([.. Outputs(options, report, samples)]);
        }
        catch (Exception e) when (OutputFiles.IsWriteFailure(e))
        {
            // What stopped the evaluation is the error; this comes on top of it.
            context.Warn(e.Message);
        }
    }

    private static IEnumerable<Action> Outputs(EvalOptions options, EvaluationReport report, KeptSamples? samples)
    {
        if (options.Json is { } json)
            yield return () => report.SaveJson(json);
        if (samples is not null)
            yield return samples.Save;
    }

    private static IEnumerable<Action> Page(
        EvalOptions options, EvaluationReport report, CaseSample? cases, IEvaluationSet questions)
    {
        if (options.Report is { } html)
            yield return () => EvaluationPage.Save(html, report, cases!, questions);
    }

    // One file that cannot be written does not cost the others.
    private static void WriteAll(IReadOnlyList<Action> writes)
    {
        ExceptionDispatchInfo? failure = null;
        foreach (var write in writes)
        {
            try
            {
                write();
            }
            catch (Exception e) when (OutputFiles.IsWriteFailure(e))
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }
        failure?.Throw();
    }
}
