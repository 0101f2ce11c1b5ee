using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation;
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
    public static int Run(CompareOptions options, CommandContext context)
    {
        (var file, var weights) = Check(options);
        var rise = MethodOptions.RiseOf(options.RiseMasks, options.RiseMasks);
        var config = RunConfig.Load(file, options.Set);
        CheckOutput(options, config);
        var checkpoint = CheckpointFile.Find(weights, options.Key);
        var all = DataSources.Test(config, DataSources.Once(context.Warn))
            ?? throw ConfigRules.Wrong(config, "test_file: is missing; name the annotation files to evaluate on");
        var tokenizer = TokenizerChoice.Of(checkpoint, config, context);
        using var backend = DeviceSelector.Open(options);
        var loading = new LoadOptions(context.Warn, options.Verbose ? context.Out : null, AllowMissing: false);
        using var model = ModelLoader.Load(checkpoint, config, tokenizer, backend, loading);
        context.Note(config, ConfigUse.Evaluation);
        var comparison = new MethodComparison(
            new ExplainedModel(model, tokenizer, EvaluationSettings.Resize(config), ModelKeys.Grounding(config)), rise);
        var questions = new FirstQuestions(all, options.Count);
        using var random = options.Sanity ? new RandomModel(options, config, tokenizer, backend) : null;
        var cases = options.Report is null ? null : new CaseSample();
        var results = Play(comparison, questions, config, all.Count, (random, cases), context);
        if (options.Output is { } path)
            MethodGrid.Save(path, results, questions, DataSources.Split(config));
        if (options.Report is { } page)
            PageFile.Save(page, CasePage.With(ComparisonPage.OfMethods(results, DataSources.Split(config), weights), cases!, questions));
        return ErrorReporter.Success;
    }

    private static MethodResult[] Play(
        MethodComparison comparison, FirstQuestions questions, RunConfig config, int all, (RandomModel? Random, CaseSample? Cases) also,
        CommandContext context)
    {
        (var random, var cases) = also;
        var methods = string.Join(", ", comparison.Methods.Select(m => m.Description));
        context.Out.WriteLine($"{DataSources.Split(config)}: {questions.Count} of {all} questions; {methods}");
        foreach (var other in ExplanationMethods.All.Select(m => m.Name).Except(comparison.Methods.Select(m => m.Name)))
            context.Note($"{other} does not apply to this model's score");
        context.Out.WriteLine();
        context.Out.WriteLine("| method | accuracy | a random point | seconds a phrase |" + (random is null ? "" : " rank correlation | SSIM |"));
        context.Out.WriteLine("|---|---|---|---|" + (random is null ? "" : "---|---|"));
        List<MethodResult> results = [];
        var kept = random is null ? MethodGrid.Rows : Math.Max(MethodGrid.Rows, SanityCheck.Questions);
        foreach (var result in comparison.Run(questions, config.Integer("eval_batch"), kept, cases is null ? null : cases.Add))
        {
            results.Add(result);
            if (results.Count < comparison.Methods.Count)
                cases?.NextRun();
            var r = result.Result;
            var sanity = random?.Check(result, questions);
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"| {result.Method.Name} | {r.Accuracy:0.000} | {r.RandomAccuracy:0.000} | {result.Seconds:0.0000} |{RandomModel.Cells(sanity)}"));
            if (sanity is { Reacts: false })
                context.Note(RandomModel.Warning(result.Method, sanity));
            if (r.Flat > 0)
                context.Note($"{result.Method.Name}: {r.Flat} of {r.Count} heatmaps are flat, which is no hit");
        }
        if (results[0].Result.Skipped is > 0 and var skipped)
            context.Note($"{skipped} questions could not be asked and do not count");
        return [.. results];
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
        if (!RgbImage.CanSave(output))
        {
            var names = string.Join(", ", RgbImage.SavedAs);
            throw new ConfigException($"--output {output}: pictures are written as {names}; choose such a name");
        }
        OutputFiles.RequireWritable("--output", output);
        OutputFiles.RequireOther(
            "--output", output, [("--config", options.Config), ("--checkpoint", options.Checkpoint),
                .. config.Texts("test_file").Select(f => ("test_file", (string?)f))]);
    }
}
