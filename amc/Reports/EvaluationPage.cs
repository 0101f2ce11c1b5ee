using AmcEngine.Amc.Evaluation;
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
        var run = new PageRun(report.Method, [.. Numbers(result)],
        [
            new PageFact("Data", report.Split), new PageFact("Protocol", report.Protocol),
            new PageFact("Explanation", report.Method), new PageFact("Checkpoint", report.Checkpoint),
            new PageFact("Time", FormattableString.Invariant($"{result.Seconds:0.0} s")),
        ]);
        var page = new PageData($"Pointing game: {report.Split}", [run]) { Notes = [.. Notes(report)] };
        PageFile.Save(path, CasePage.With(page, answers, questions));
    }

    /// <summary>The headline numbers of a result.</summary>
    public static IEnumerable<PageNumber> Numbers(PointingResult result)
    {
        yield return new PageNumber("Pointing accuracy", result.Accuracy);
        yield return new PageNumber("A random point", result.RandomAccuracy);
        yield return new PageNumber("Samples", result.Count, Share: false);
        if (result.Flat > 0)
            yield return new PageNumber("Flat maps, which are misses", result.Flat, Share: false);
        if (result.Skipped > 0)
            yield return new PageNumber("Samples that could not be asked", result.Skipped, Share: false);
    }

    private static IEnumerable<string> Notes(EvaluationReport report)
    {
        if (report.Data?.Pictures is { HasBad: true } pictures)
            yield return $"Pictures: {pictures.Summary}.";
        if (report.Data?.Annotations is { Counts.Count: > 0 } annotations)
            yield return $"Annotations: {annotations.Summary}.";
    }
}
