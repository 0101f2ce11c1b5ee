using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.Amc.Reports.Page;

namespace AmcEngine.Amc.Reports;

/// <summary>Metrics and parts of evaluations as a page shows them.</summary>
internal static class SummaryPage
{
    // Rows of a breakdown: a data set may have thousands of categories.
    private const int MostParts = 40;

    private static readonly Dictionary<string, string> Names = new(StringComparer.Ordinal)
    {
        [EvaluationSummary.Pointing] = "Pointing accuracy",
        ["energy"] = "Energy in the region",
        ["auc"] = "AUC of the map",
    };

    /// <summary>The metrics with their intervals.</summary>
    public static IEnumerable<PageNumber> Numbers(EvaluationSummary summary) =>
        summary.Metrics.Select(m => Number(m.Name, m.Estimate));

    /// <summary>A metric with its interval.</summary>
    public static PageNumber Number(string name, Estimate estimate) => new(NameOf(name), estimate.Value, IsShare(name))
    {
        Low = estimate.Low,
        High = estimate.High,
    };

    /// <summary>
    /// Pointing accuracy by what the answers are parted, side by side; what has one part alone is left out.
    /// </summary>
    /// <param name="summaries">One or several evaluations of the same data.</param>
    public static IEnumerable<PageBreakdown> Breakdowns(IReadOnlyList<EvaluationSummary> summaries)
    {
        var all = summaries.Select(s => s.Breakdown.ToDictionary(b => b.By, b => b.Parts)).ToArray();
        foreach (var by in all.SelectMany(b => b.Keys).Distinct().ToArray())
        {
            var tables = all.Select(b =>
                b.TryGetValue(by, out var parts) ? parts.ToDictionary(p => p.Part, p => p.Estimate) : []).ToArray();
            string[] groups = [.. tables.SelectMany(t => t.Keys).Distinct()];
            if (groups.Length < 2)
                continue;
            var rows = groups.Select(g => Row(g, tables));
            var name = by.Replace('_', ' ');
            if (groups.Length > MostParts)
                (name, rows) = (
                    FormattableString.Invariant($"{name} (the {MostParts} most frequent of {groups.Length})"),
                    rows.OrderByDescending(r => r.Count).Take(MostParts));
            yield return new PageBreakdown(name, "pointing accuracy", [.. rows]);
        }
    }

    private static PageRow Row(string group, Dictionary<string, Estimate>[] tables)
    {
        var count = tables.Max(t => t.TryGetValue(group, out var e) ? e.Count : 0);
        return new PageRow(group, count,
            [.. tables.Select(t => t.TryGetValue(group, out var e) ? Number(EvaluationSummary.Pointing, e) : null)]);
    }

    // What is no share has a scale of its own (infidelity, areas under scores).
    private static bool IsShare(string name) =>
        name is EvaluationSummary.Pointing or "energy" || name.StartsWith("iou@", StringComparison.Ordinal);

    private static string NameOf(string name) => Names.TryGetValue(name, out var known) ? known
        : name.StartsWith("iou@", StringComparison.Ordinal) ? $"IoU at {name[4..]}"
        : char.ToUpperInvariant(name[0]) + name[1..].Replace('_', ' ');
}
