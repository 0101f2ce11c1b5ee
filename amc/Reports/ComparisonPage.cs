using System.Globalization;
using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Reports;

/// <summary>
/// The pages of <c>compare --report</c>: several groups of runs, several methods, or several files of answers.
/// </summary>
internal static class ComparisonPage
{
    /// <summary>Groups of runs: accuracy by step, and what one run each has answered where that is given.</summary>
    /// <param name="groups">The groups.</param>
    /// <param name="measured">A run of each group; null where only logs are compared.</param>
    public static PageData OfRuns(IReadOnlyList<RunGroup> groups, IReadOnlyList<MeasuredRun>? measured = null)
    {
        List<PageRun> runs = [];
        for (var i = 0; i < groups.Count; i++)
            runs.Add(Run(groups[i], measured?[i]));
        return new PageData($"Comparison: {string.Join(", ", groups.Select(g => g.Name))}", runs)
        {
            Charts = groups.Any(g => g.Steps.Count > 1) ? [Accuracy(groups)] : [],
            Breakdowns = measured is null ? [] : [.. SummaryPage.Breakdowns([.. measured.Select(m => m.Summary)])],
        };
    }

    /// <summary>Explanation methods on one model and the same questions.</summary>
    /// <param name="results">The methods.</param>
    /// <param name="split">What the data is called.</param>
    /// <param name="checkpoint">The model's file as the user named it.</param>
    public static PageData OfMethods(IReadOnlyList<MethodResult> results, string split, string checkpoint) => new(
        $"Explanation methods: {split}",
        [.. results.Select(r => new PageRun(r.Method.Name,
            [.. EvaluationPage.Numbers(r.Result, null), new PageNumber("Seconds a phrase", r.Seconds, Share: false)],
            [new PageFact("How", r.Method.Description), new PageFact("Checkpoint", checkpoint)]))]);

    /// <summary>
    /// Files of answers to the same questions: metrics with their intervals, and how the others differ from the first.
    /// </summary>
    /// <param name="answers">What each file is called and holds.</param>
    /// <param name="comparisons">Each after the first beside the first.</param>
    public static PageData OfAnswers(
        IReadOnlyList<(string Name, IReadOnlyList<AnswerLine> Lines)> answers,
        IReadOnlyList<PairedComparison> comparisons)
    {
        var bootstrap = new Bootstrap();
        return new PageData("Comparison of answers to the same questions",
            [.. answers.Select(a => new PageRun(
                a.Name, [.. Metrics(a.Lines, bootstrap), new PageNumber("Samples", a.Lines.Count, Share: false)], []))])
        {
            Notes = [.. comparisons.Zip(answers.Skip(1), (c, a) => Difference(c.Metrics[0], a.Name, answers[0].Name))],
        };
    }

    private static IEnumerable<PageNumber> Metrics(IReadOnlyList<AnswerLine> lines, Bootstrap bootstrap)
    {
        yield return SummaryPage.Number(EvaluationSummary.Pointing,
            bootstrap.Mean([.. lines.Select(l => new Observation(l.Image, l.Hit ? 1 : 0))])!.Value);
        foreach (var name in lines.SelectMany(l => l.Measures.Keys).Distinct())
        {
            var seen = lines.Where(l => l.Measures.ContainsKey(name)).Select(
                l => new Observation(l.Image, l.Measures[name]));
            yield return SummaryPage.Number(name, bootstrap.Mean([.. seen])!.Value);
        }
    }

    private static string Difference(ComparedMetric metric, string second, string first) => string.Create(
        CultureInfo.InvariantCulture,
        $"{second} beside {first}: pointing accuracy {100 * metric.Pair.Difference:+0.0;-0.0;0.0} points (95 % "
            + $"interval {100 * metric.Pair.Low:0.0} to {100 * metric.Pair.High:0.0}, p = {metric.Pair.PValue:0.####}, "
            + $"{metric.Pair.Count} questions).");

    private static PageRun Run(RunGroup group, MeasuredRun? measured)
    {
        var last = group.Steps[^1];
        var spread = group.At(last)!.Value;
        List<PageNumber> numbers =
        [
            new("Accuracy by the logs, mean of the runs", spread.Mean), new("Lowest run", spread.Low),
            new("Highest run", spread.High),
            new("Runs", group.Runs, Share: false), new("After step", last, Share: false),
        ];
        if (measured is null)
            return new PageRun(group.Name, [.. numbers, new("A random point", group.Random)], []);
        PageFact[] facts = [new("First run", group.Folder), new("Protocol", measured.Protocol)];
        return new PageRun(
            group.Name, [.. EvaluationPage.Numbers(measured.Result, measured.Summary), .. numbers], facts);
    }

    private static PageChart Accuracy(IReadOnlyList<RunGroup> groups) =>
        new("Pointing accuracy, mean and range of the runs", "step", true, [.. groups.Select(Line)])
        {
            Level = new PageNumber("a random point", groups[0].Random),
        };

    private static PageLine Line(RunGroup group)
    {
        Spread[] spreads = [.. group.Steps.Select(s => group.At(s)!.Value)];
        var line = new PageLine(group.Name, [.. group.Steps.Select(s => (double)s)], [.. spreads.Select(s => s.Mean)]);
        return group.Runs == 1
            ? line
            : line with { Low = [.. spreads.Select(s => s.Low)], High = [.. spreads.Select(s => s.High)] };
    }
}

/// <summary>A run that was asked the questions of a comparison.</summary>
/// <param name="Result">Its result.</param>
/// <param name="Summary">Intervals, other metrics and parts.</param>
/// <param name="Protocol">How it was measured.</param>
internal sealed record MeasuredRun(PointingResult Result, EvaluationSummary Summary, string Protocol);
