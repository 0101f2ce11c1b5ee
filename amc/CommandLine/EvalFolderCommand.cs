using System.Globalization;
using System.Text.Json;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Files;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx eval --checkpoint-dir</c>: every checkpoint of a run, and the curve.</summary>
internal static class EvalFolderCommand
{
    /// <summary>Evaluates the checkpoints in the order of their steps; a line each as soon as it is known.</summary>
    /// <exception cref="ConfigException">The folder holds none, or an argument does not go with it.</exception>
    public static int Run(EvalOptions options, RunConfig config, CommandContext context, CancellationToken stop,
        Job? job = null)
    {
        job ??= Job.Alone;
        var folder = options.CheckpointDir!;
        var checkpoints = job.Together(() => options.Samples is null && options.Report is null
            ? Checkpoints(folder)
            : throw new ConfigException(
                "--checkpoint-dir: writes --json and --curve; --samples and --report go with one --checkpoint"));
        var run = job.Together(() => EvaluationRun.Of(options, config, context, job));
        job.Together(run.Read);
        using var backend = job.Together(() => DeviceSelector.Open(options, job.IsAlone ? null : job.Place));
        RankText.Announce(job, backend, context);
        List<CurvePoint> points = [];
        try
        {
            foreach ((var step, var path) in checkpoints)
            {
                var checkpoint = job.Together(() => CheckpointFile.Find(path, options.Key));
                (var tally, var summary) = Evaluate(run, checkpoint, backend, stop);
                // The first rank has counted all answers.
                if (!job.IsFirst)
                    continue;
                points.Add(new CurvePoint(
                    step, Path.GetDirectoryName(checkpoint.Path)!, tally.Result, summary.Accuracy));
                Say(points[^1], context);
            }
        }
        catch (OperationCanceledException) when (points.Count > 0)
        {
            Save(options, points, run);
            throw;
        }
        job.First(() => Save(options, points, run));
        return ErrorReporter.Success;
    }

    private static (PointingTally Tally, EvaluationSummary Summary) Evaluate(
        EvaluationRun run, CheckpointFile checkpoint, IBackend backend, CancellationToken stop)
    {
        var summary = new EvaluationSummary(new Bootstrap());
        var tally = new PointingTally(summary.Add);
        run.Play(checkpoint, backend, tally, stop);
        return (tally, summary);
    }

    private static void Say(CurvePoint point, CommandContext context)
    {
        (var value, var low, var high, var count) = point.Accuracy;
        context.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"step {point.Step}: pointing accuracy {100 * value:0.00} % ({100 * low:0.00} to {100 * high:0.00} %) on "
                + $"{count} samples, {point.Checkpoint}"));
    }

    private static void Save(EvalOptions options, List<CurvePoint> points, EvaluationRun run)
    {
        if (options.Json is { } json)
            SaveJson(json, points, run);
        if (options.Curve is { } curve)
            CheckpointPlot.Save(curve, points);
    }

    /// <summary>The checkpoints of a run's folder by their steps; of several with one step the first by name.</summary>
    internal static IReadOnlyList<(int Step, string Path)> Checkpoints(string folder)
    {
        if (!Directory.Exists(folder))
            throw new ConfigException($"--checkpoint-dir {folder}: there is no such folder; name the folder of a run");
        string[] roots = [folder, Path.Combine(folder, CheckpointLayout.Checkpoints)];
        var found = roots.Where(Directory.Exists).SelectMany(Directory.GetDirectories)
            .Where(d =>
                CheckpointLayout.IsCheckpoint(d) && !d.EndsWith(DurableFile.TemporarySuffix, StringComparison.Ordinal))
            .Order(StringComparer.Ordinal)
            .Select(d => (CheckpointState.Load(Path.Combine(d, CheckpointLayout.State)).Step, Path: d));
        (int, string)[] checkpoints = [.. found.DistinctBy(c => c.Step).OrderBy(c => c.Step)];
        return checkpoints.Length > 0 ? checkpoints
            : throw new ConfigException($"--checkpoint-dir {folder}: "
                + $"holds no checkpoint (no {CheckpointLayout.Checkpoints}/*/{CheckpointLayout.State}); name the "
                + "folder of a run that has saved one");
    }

    private static void SaveJson(string path, List<CurvePoint> points, EvaluationRun run)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartArray();
            foreach (var point in points)
            {
                json.WriteStartObject();
                json.WriteNumber("step", point.Step);
                json.WriteString("checkpoint", point.Checkpoint);
                json.WriteNumber("pointing_accuracy", point.Result.Accuracy);
                json.WriteNumber("low", point.Accuracy.Low);
                json.WriteNumber("high", point.Accuracy.High);
                json.WriteNumber("random_accuracy", point.Result.RandomAccuracy);
                json.WriteNumber("count", point.Result.Count);
                json.WriteString("split", run.Split);
                json.WriteString("protocol", run.Description);
                json.WriteEndObject();
            }
            json.WriteEndArray();
        }
        buffer.WriteByte((byte)'\n');
        DurableFile.Write(path, buffer.ToArray());
    }
}
