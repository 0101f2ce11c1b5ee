using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation;
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

    /// <summary>Groups of runs; with a configuration the first run of each group is asked the same questions.</summary>
    /// <param name="path">The file.</param>
    /// <param name="groups">The groups.</param>
    /// <param name="options">The arguments.</param>
    /// <param name="context">Where to say what is done.</param>
    public static void SaveRuns(string path, IReadOnlyList<RunGroup> groups, CompareOptions options, CommandContext context)
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
            context.Out.WriteLine(FormattableString.Invariant(
                $"{group.Name}: pointing accuracy {100 * tally.Result.Accuracy:0.00} % on {tally.Result.Count} samples of {config} ({group.Folder})"));
        }
        PageFile.Save(path, CasePage.With(ComparisonPage.OfRuns(groups, measured), cases, questions!));
    }
}
