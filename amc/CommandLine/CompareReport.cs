using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.CommandLine;

/// <summary>The page of <c>amcx compare --report</c>.</summary>
internal static class CompareReport
{
    /// <summary>Looks at the page's file before anything is computed.</summary>
    /// <exception cref="ConfigException">It cannot be written, or is a file of another option.</exception>
    public static void CheckOutput(CompareOptions options)
    {
        if (options.Report is not { } report)
            return;
        OutputFiles.RequireWritable("--report", report);
        OutputFiles.RequireOther("--report", report,
            ("--output", options.Output), ("--config", options.Config), ("--checkpoint", options.Checkpoint));
    }

    /// <summary>
    /// Files of answers; with a configuration the cases, without their maps, which such files do not hold.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="answers">What each file is called and holds.</param>
    /// <param name="comparisons">Each after the first beside the first.</param>
    /// <param name="options">The arguments.</param>
    /// <param name="context">Where to warn.</param>
    public static void SaveAnswers(
        string path, IReadOnlyList<(string Name, IReadOnlyList<AnswerLine> Lines)> answers,
        IReadOnlyList<PairedComparison> comparisons, CompareOptions options, CommandContext context)
    {
        var page = ComparisonPage.OfAnswers(answers, comparisons);
        if (options.Config is { } file)
        {
            var config = RunConfig.Load(file, options.Set);
            var questions = DataSources.RequireTest(config, context.Warn, "that were asked");
            var cases = new CaseSample();
            for (var i = 0; i < answers.Count; i++)
            {
                if (i > 0)
                    cases.NextRun();
                foreach (var line in answers[i].Lines)
                    cases.Add(line);
            }
            page = CasePage.With(page, cases, questions);
        }
        PageFile.Save(path, page);
    }

    /// <summary>Groups of runs; with a configuration the first run of each group is asked the same questions.</summary>
    /// <param name="path">The file.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="options">The arguments.</param>
    /// <param name="context">Where to say what is done.</param>
    public static void SaveRuns(
        string path, IReadOnlyList<RunGroup> groups, CompareOptions options, CommandContext context)
    {
        if (options.Config is not { } config)
        {
            PageFile.Save(path, ComparisonPage.OfRuns(groups));
            return;
        }
        var cases = new CaseSample();
        List<MeasuredRun> measured = [];
        IEvaluationSet? questions = null;
        using var backend = DeviceSelector.Open(options);
        foreach (var group in groups)
        {
            if (measured.Count > 0)
                cases.NextRun();
            var asked = new EvalOptions
            {
                Config = config,
                Checkpoint = group.Folder,
                Set = options.Set,
                Count = options.Count,
                Verbose = options.Verbose,
            };
            var run = EvaluationRun.Of(asked, EvaluationRun.Configuration(asked, context), context);
            run.Read();
            questions ??= run.Questions;
            var summary = new EvaluationSummary(new Bootstrap());
            var tally = new PointingTally(answer =>
            {
                cases.Add(answer);
                summary.Add(answer);
            });
            run.Play(CheckpointFile.Find(group.Folder, null), backend, tally, default);
            measured.Add(new MeasuredRun(tally.Result, summary, run.Description));
            context.Out.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{group.Name}: pointing accuracy {100 * tally.Result.Accuracy:0.00} % on {tally.Result.Count} samples "
                    + $"of {config} ({group.Folder})"));
        }
        PageFile.Save(path, CasePage.With(ComparisonPage.OfRuns(groups, measured), cases, questions!));
    }
}
