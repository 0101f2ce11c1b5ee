using System.Globalization;
using AmcEngine.Amc.Evaluation.Results;

namespace AmcEngine.Amc.Reports;

/// <summary>The numbers of an evaluation with their intervals, for people.</summary>
internal static class SummaryText
{
    /// <summary>A line for each metric.</summary>
    public static IEnumerable<string> Lines(EvaluationSummary summary) => summary.Metrics.Select(m => string.Create(
        CultureInfo.InvariantCulture,
        $"  {m.Name,-20} {m.Estimate.Value:0.0000}  (95 % interval {m.Estimate.Low:0.0000} to "
            + $"{m.Estimate.High:0.0000}, {m.Estimate.Count} questions)"));
}
