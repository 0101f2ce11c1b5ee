using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Reports;

/// <summary>The page of <c>eval --report</c>.</summary>
internal static class EvaluationPage
{
    /// <summary>Writes the page.</summary>
    /// <param name="path">The file.</param>
    /// <param name="report">The result.</param>
    /// <param name="answers">The answers to choose cases from.</param>
    /// <param name="questions">The test data, whose pictures are read again to be shown.</param>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, EvaluationReport report, CaseSample answers, IEvaluationSet questions)
    {
        var result = report.Result;
        var run = new PageRun(report.Method, [.. Numbers(result, report.Summary)],
        [
            new PageFact("Data", report.Split), new PageFact("Protocol", report.Protocol),
            new PageFact("Explanation", report.Method), new PageFact("Checkpoint", report.Checkpoint),
            new PageFact("Time", FormattableString.Invariant($"{result.Seconds:0.0} s")),
        ]);
        var page = new PageData($"Pointing game: {report.Split}", [run])
        {
            Notes = [.. Notes(report)],
            Breakdowns = report.Summary is { } summary ? [.. SummaryPage.Breakdowns([summary])] : [],
        };
        PageFile.Save(path, CasePage.With(page, answers, questions));
    }

    /// <summary>The headline numbers of a result.</summary>
    /// <param name="result">The result.</param>
    /// <param name="summary">Its intervals and other metrics; null for none.</param>
    public static IEnumerable<PageNumber> Numbers(PointingResult result, EvaluationSummary? summary)
    {
        PageNumber[] metrics = summary is null ? [] : [.. SummaryPage.Numbers(summary)];
        // The result's own number is the one that is published; the interval around it comes with the metrics.
        yield return new PageNumber("Pointing accuracy", result.Accuracy)
        {
            Low = metrics.FirstOrDefault()?.Low,
            High = metrics.FirstOrDefault()?.High,
        };
        yield return new PageNumber("A random point", result.RandomAccuracy);
        yield return new PageNumber("Samples", result.Count, Share: false);
        if (result.Flat > 0)
            yield return new PageNumber("Flat maps, which are misses", result.Flat, Share: false);
        if (result.Skipped > 0)
            yield return new PageNumber("Samples that could not be asked", result.Skipped, Share: false);
        if (result.LeftOut > 0)
            yield return new PageNumber("Samples that the protocol leaves out", result.LeftOut, Share: false);
        foreach (var metric in metrics.Skip(1))
            yield return metric;
    }

    private static IEnumerable<string> Notes(EvaluationReport report)
    {
        if (report.Overlap is { } overlap)
            yield return $"Warning: {overlap}.";
        if (report.Data?.Pictures is { HasBad: true } pictures)
            yield return $"Pictures: {pictures.Summary}.";
        if (report.Data?.Annotations is { Counts.Count: > 0 } annotations)
            yield return $"Annotations: {annotations.Summary}.";
    }
}
