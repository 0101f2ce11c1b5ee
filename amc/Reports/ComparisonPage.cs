using AmcEngine.Amc.Evaluation;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Reports;

/// <summary>The pages of <c>compare --report</c>: several groups of runs, or several methods.</summary>
internal static class ComparisonPage
{
    /// <summary>Groups of runs: accuracy by step, and the cases of one run each where they are given.</summary>
    /// <param name="groups">The groups.</param>
    /// <param name="measured">What a run of each group has answered; null where only logs are compared.</param>
    public static PageData OfRuns(IReadOnlyList<RunGroup> groups, IReadOnlyList<PointingResult>? measured = null)
    {
        List<PageRun> runs = [];
        for (var i = 0; i < groups.Count; i++)
            runs.Add(new PageRun(groups[i].Name, [.. Numbers(groups[i], measured?[i])], []));
        var title = $"Comparison: {string.Join(", ", groups.Select(g => g.Name))}";
        return new PageData(title, runs) { Charts = groups.Any(g => g.Steps.Count > 1) ? [Accuracy(groups)] : [] };
    }

    /// <summary>Explanation methods on one model and the same questions.</summary>
    /// <param name="results">The methods.</param>
    /// <param name="split">What the data is called.</param>
    /// <param name="checkpoint">The model's file as the user named it.</param>
    public static PageData OfMethods(IReadOnlyList<MethodResult> results, string split, string checkpoint) => new(
        $"Explanation methods: {split}",
        [.. results.Select(r => new PageRun(r.Method.Name,
            [.. EvaluationPage.Numbers(r.Result), new PageNumber("Seconds a phrase", r.Seconds, Share: false)],
            [new PageFact("How", r.Method.Description), new PageFact("Checkpoint", checkpoint)]))]);

    private static IEnumerable<PageNumber> Numbers(RunGroup group, PointingResult? measured)
    {
        var last = group.Steps[^1];
        var spread = group.At(last)!.Value;
        yield return new PageNumber("Accuracy, mean of the runs", spread.Mean);
        yield return new PageNumber("Lowest run", spread.Low);
        yield return new PageNumber("Highest run", spread.High);
        yield return new PageNumber("A random point", group.Random);
        yield return new PageNumber("Runs", group.Runs, Share: false);
        yield return new PageNumber("After step", last, Share: false);
        if (measured is null)
            yield break;
        yield return new PageNumber("First run on the cases' samples", measured.Accuracy);
        yield return new PageNumber("Those samples", measured.Count, Share: false);
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
        return group.Runs == 1 ? line : line with { Low = [.. spreads.Select(s => s.Low)], High = [.. spreads.Select(s => s.High)] };
    }
}
