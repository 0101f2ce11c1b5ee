using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx compare --methods</c>.</summary>
internal static class CompareMethodsCommand
{
    /// <summary>Prints a Markdown table of the methods, a row as soon as it is known, and draws a grid.</summary>
    /// <exception cref="ConfigException">An argument is missing or does not go with the others.</exception>
    public static int Run(CompareOptions options, CommandContext context) => StopSignals.Around(
        context.Error, StopSignals.AnswersKept, stop => Run(options, context, stop));

    /// <summary>The same with a token that asks to stop, after which what was answered is kept.</summary>
    internal static int Run(CompareOptions options, CommandContext context, CancellationToken stop)
    {
        (var file, var weights) = Check(options);
        var rise = MethodOptions.RiseOf(options.RiseMasks, options.RiseMasks);
        var config = RunConfig.Load(file, options.Set);
        CheckOutput(options, config);
        var checkpoint = CheckpointFile.Find(weights, options.Key);
        var all = DataSources.RequireTest(config, DataSources.Once(context.Warn));
        var tokenizer = TokenizerChoice.Of(checkpoint, config, context);
        using var backend = DeviceSelector.Open(options);
        var loading = new LoadOptions(context.Warn, options.Verbose ? context.Out : null, options.AllowMissing);
        using var model = ModelLoader.Load(checkpoint, config, tokenizer, backend, loading);
        context.Note(config, ConfigUse.Evaluation);
        var comparison = new MethodComparison(
            EvaluationSettings.Explained(model, tokenizer, config, ModelKeys.Grounding(config)), rise);
        var questions = new FirstQuestions(all, options.Count);
        using var random = options.Sanity ? new RandomModel(options, config, tokenizer, backend) : null;
        var cases = options.Report is null ? null : new CaseSample();
        Announce(comparison, questions, config, all.Count, random, context);
        var kept = random is null ? MethodGrid.Rows : Math.Max(MethodGrid.Rows, SanityCheck.Questions);
        List<MethodResult> results = [];
        try
        {
            foreach (var result in comparison.Run(
                questions, config.Integer("eval_batch"), kept, cases is null ? null : cases.Add, stop))
            {
                results.Add(result);
                if (results.Count < comparison.Methods.Count)
                    cases?.NextRun();
                Show(result, random?.Check(result, questions), context);
            }
        }
        catch (Exception) when (results.Count > 0 || comparison.Unfinished is not null)
        {
            Keep(options, context, comparison, results, () => Draw(options, results, questions, config));
            throw;
        }
        if (results[0].Result.Skipped is > 0 and var skipped)
            context.Note($"{skipped} questions could not be asked and do not count");
        Draw(options, results, questions, config);
        if (options.Report is { } page)
            PageFile.Save(page, CasePage.With(
                ComparisonPage.OfMethods(results, DataSources.Split(config), weights), cases!, questions));
        return ErrorReporter.Success;
    }

    private static void Announce(
        MethodComparison comparison, FirstQuestions questions, RunConfig config, int all, RandomModel? random,
        CommandContext context)
    {
        var methods = string.Join(", ", comparison.Methods.Select(m => m.Description));
        context.Out.WriteLine($"{DataSources.Split(config)}: {questions.Count} of {all} questions; {methods}");
        foreach (var other in ExplanationMethods.All.Select(m => m.Name).Except(comparison.Methods.Select(m => m.Name)))
            context.Note($"{other} does not apply to this model's score");
        context.Out.WriteLine();
        context.Out.WriteLine(
            "| method | accuracy | a random point | seconds a phrase |"
                + (random is null ? "" : " rank correlation | SSIM |"));
        context.Out.WriteLine("|---|---|---|---|" + (random is null ? "" : "---|---|"));
    }

    private static void Show(MethodResult result, SanityResult? sanity, CommandContext context)
    {
        var r = result.Result;
        context.Out.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {result.Method.Name} | {r.Accuracy:0.000} | {r.RandomAccuracy:0.000} | {result.Seconds:0.0000} |"
            + $"{RandomModel.Cells(sanity)}"));
        if (sanity is { Reacts: false })
            context.Note(RandomModel.Warning(result.Method, sanity));
        if (r.Flat > 0)
            context.Note($"{result.Method.Name}: {r.Flat} of {r.Count} heatmaps are flat, which is no hit");
    }

    private static void Draw(
        CompareOptions options, List<MethodResult> results, FirstQuestions questions, RunConfig config)
    {
        if (options.Output is { } path && results.Count > 0)
            MethodGrid.Save(path, results, questions, DataSources.Split(config));
    }

    private static void Keep(
        CompareOptions options, CommandContext context, MethodComparison comparison,
        List<MethodResult> results, Action draw)
    {
        List<string> said = [];
        if (comparison.Unfinished is { Result: var r, Method.Name: var name })
            said.Add(string.Create(
                CultureInfo.InvariantCulture, $"{name} has {r.Accuracy:0.000} on its first {r.Count} questions"));
        string[] left = [.. comparison.Methods.Skip(results.Count).Select(m => m.Name)];
        said.Add($"not finished: {string.Join(", ", left)}");
        context.Out.WriteLine($"stopped early; {string.Join("; ", said)}");
        try
        {
            draw();
        }
        catch (Exception e) when (OutputFiles.IsWriteFailure(e))
        {
            // What stopped the comparison is the error; this comes on top of it.
            context.Warn($"{options.Output}: {e.Message}");
        }
    }

    private static (string Config, string Checkpoint) Check(CompareOptions options)
    {
        if (options.Groups.Any())
            throw new ConfigException(
                $"\"{options.Groups.First()}\": groups of runs do not go with --methods; compare one or the other");
        if (options.Count < 1)
            throw new ConfigException($"--count {options.Count}: must be at least 1");
        return (options.Config ?? throw Missing("--config"), options.Checkpoint ?? throw Missing("--checkpoint"));

        static ConfigException Missing(string option) =>
            new($"amcx compare --methods: {option} is missing; amcx compare --help shows an example");
    }

    private static void CheckOutput(CompareOptions options, RunConfig config)
    {
        CompareReport.CheckOutput(options);
        if (options.Output is not { } output)
            return;
        OutputFiles.RequirePictureName("--output", output);
        OutputFiles.RequireWritable("--output", output);
        OutputFiles.RequireOther(
            "--output", output, [("--config", options.Config), ("--checkpoint", options.Checkpoint),
                .. config.TestFiles.Select(f => ("test_file", (string?)f))]);
    }
}
