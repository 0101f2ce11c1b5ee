using System.Runtime.ExceptionServices;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.DataTools;
using AmcEngine.Files;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx eval</c>.</summary>
internal static class EvalCommand
{
    /// <summary>Plays the pointing game and writes the result.</summary>
    public static int Run(EvalOptions options, CommandContext context)
    {
        using var signals = StopSignals.Listen(context.Error, "stopping: what was answered is kept; once more ends at once");
        try
        {
            return Run(options, context, signals.Token);
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return signals.ExitCode;
        }
    }

    /// <summary>The same with a wish to stop, after which what was answered is kept.</summary>
    internal static int Run(EvalOptions options, CommandContext context, CancellationToken stop)
    {
        var config = RunConfig.Load(options.Config, options.Set);
        CheckOutputs(options, config);
        var method = options.Choose(context);
        var checkpoint = CheckpointFile.Find(options.Checkpoint, options.Key);
        var questions = DataSources.Test(config, context.Warn)
            ?? throw ConfigRules.Wrong(config, "test_file: is missing; name the annotation files to evaluate on");
        var tokenizer = TokenizerChoice.Of(checkpoint, config, context);
        using var backend = DeviceSelector.Open(options);
        using var model = ModelLoader.Load(checkpoint, config, tokenizer, backend, options.Loading(context));
        context.Note(config, ConfigUse.Evaluation);
        var resize = EvaluationSettings.Resize(config);
        var explained = new ExplainedModel(model, tokenizer, resize, ModelKeys.Grounding(config))
        {
            Crop = EvaluationSettings.Crop(config),
        };
        var explainer = ExplainerChoice.Create(explained, method);
        var answers = new AnswerFile();
        var tally = new PointingTally(answers.Add);
        string split = DataSources.Split(config), protocol = EvaluationSettings.Protocol(config, method);
        EvaluationReport Report(bool complete) => new(tally.Result, split, protocol, options.Checkpoint)
        {
            Complete = complete,
            Method = method.Name,
            Data = questions as IFileDataset,
        };
        try
        {
            PointingEvaluator.Run(explainer, questions, config.Integer("eval_batch"), stop: stop, tally: tally);
        }
        catch (Exception) when (tally.Count > 0)
        {
            KeepAnswers(options, context, Report(complete: false), answers);
            throw;
        }
        var report = Report(complete: true);
        // Said first: it is not lost where a file cannot be written after all.
        context.Out.WriteLine(report.Text);
        WriteAll([.. Outputs(options, report, answers), .. Page(options, report, answers, questions)]);
        return ErrorReporter.Success;
    }

    private static void CheckOutputs(EvalOptions options, RunConfig config)
    {
        (string Name, string? Path)[] outputs = [("--json", options.Json), ("--samples", options.Samples), ("--report", options.Report)];
        List<(string Name, string? Path)> taken = [("--config", options.Config), ("--checkpoint", options.Checkpoint), .. config.Texts("test_file").Select(f => ("test_file", (string?)f))];
        foreach ((var option, var path) in outputs)
        {
            if (path is null)
                continue;
            OutputFiles.RequireWritable(option, path);
            OutputFiles.RequireOther(option, path, taken);
            taken.Add((option, path));
        }
    }

    private static void KeepAnswers(EvalOptions options, CommandContext context, EvaluationReport report, AnswerFile answers)
    {
        context.Out.WriteLine($"stopped early; so far {report.Text}");
        try
        {
            WriteAll([.. Outputs(options, report, answers)]);
        }
        catch (Exception e) when (IsWriteFailure(e))
        {
            // What stopped the evaluation is the error; this comes on top of it.
            context.Warn(e.Message);
        }
    }

    private static IEnumerable<Action> Outputs(EvalOptions options, EvaluationReport report, AnswerFile answers)
    {
        if (options.Json is { } json)
            yield return () => report.SaveJson(json);
        if (options.Samples is { } samples)
            yield return () => EvaluationReport.SaveSamples(samples, answers);
    }

    private static IEnumerable<Action> Page(EvalOptions options, EvaluationReport report, AnswerFile answers, IEvaluationSet questions)
    {
        if (options.Report is { } html)
            yield return () => report.SaveHtml(html, answers.First, questions);
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
            catch (Exception e) when (IsWriteFailure(e))
            {
                failure ??= ExceptionDispatchInfo.Capture(e);
            }
        }
        failure?.Throw();
    }

    private static bool IsWriteFailure(Exception e) => e is FileWriteException or DataException or IOException or UnauthorizedAccessException;
}
