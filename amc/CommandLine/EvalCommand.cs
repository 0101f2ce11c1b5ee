using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx eval</c>.</summary>
internal static class EvalCommand
{
    /// <summary>Plays the pointing game and writes the result.</summary>
    public static int Run(EvalOptions options, CommandContext context)
    {
        using StopSignals signals = StopSignals.Listen(context.Error, "stopping: nothing is written; once more ends at once");
        try
        {
            return Run(options, context, signals.Token);
        }
        catch (OperationCanceledException) when (signals.Token.IsCancellationRequested)
        {
            return signals.ExitCode;
        }
    }

    private static int Run(EvalOptions options, CommandContext context, CancellationToken stop)
    {
        RunConfig config = RunConfig.Load(options.Config, options.Set);
        CheckpointFile checkpoint = CheckpointFile.Find(options.Checkpoint, options.Key);
        IReadOnlyList<EvaluationSample> questions = DataSources.Test(config, context.Warn)
            ?? throw ConfigRules.Wrong(config, "test_file: is missing; name the annotation files to evaluate on");
        WordPieceTokenizer tokenizer = TokenizerChoice.Of(checkpoint, config, context);
        using IBackend backend = DeviceSelector.Open(options);
        using Albef model = ModelLoader.Load(checkpoint, config, tokenizer, backend, options.Loading(context));
        context.Note(config, ConfigUse.Evaluation);
        var explainer = new Explainer(model, tokenizer, EvaluationSettings.Resize(config));
        PointingResult result = PointingEvaluator.Run(explainer, questions, config.Integer("eval_batch"), stop: stop);
        var report = new EvaluationReport(result, DataSources.Split(config), Protocol(config), options.Checkpoint);
        if (options.Json is { } json)
            report.SaveJson(json);
        if (options.Report is { } html)
            report.SaveHtml(html, explainer, questions);
        context.Out.WriteLine(FormattableString.Invariant(
            $"{report.Split}: pointing accuracy {100 * result.Accuracy:0.00} % on {result.Count} samples (a random point {100 * result.RandomAccuracy:0.00} %), {result.Seconds:0.0} s"));
        return ErrorReporter.Success;
    }

    private static string Protocol(RunConfig config) =>
        $"pointing game; {config.ImageSize} pixels {config.Text("eval_resize")}; heatmap bicubic to the original size; first maximum strictly inside any box";
}
