using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Cpu;

/// <summary>The table of <c>bench gemm</c>.</summary>
internal static class GemmTable
{
    /// <summary>Speeds, shares of the peak, ratios and geometric means.</summary>
    /// <param name="rows">What was measured.</param>
    /// <param name="threads">Thread counts, ascending.</param>
    public static MarkdownTable Of(IReadOnlyList<GemmRow> rows, int[] threads)
    {
        string[] ofThreads =
            [.. threads.SelectMany(t => new[] { $"ours {t}T", "of peak", $"OpenBLAS {t}T", "ours / OpenBLAS" })];
        string[] scaling = threads.Length > 1 ? [$"{threads[0]}→{threads[^1]} threads"] : [];
        var table = new MarkdownTable(["M×N×K", .. ofThreads, .. scaling]);
        foreach (var row in rows) table.Add(Cells($"{row.Case}", [row], threads));
        GemmRow[] large = [.. rows.Where(r => r.Case.Shape.Large)];
        if (large.Length > 0) table.Add(Cells("geometric mean, large", large, threads));
        table.Add(Cells("geometric mean, all", rows, threads));
        return table;
    }

    // Of one row the mean is the row itself.
    private static string[] Cells(string name, IReadOnlyList<GemmRow> rows, int[] threads)
    {
        List<string> cells = [name];
        foreach (var t in threads)
        {
            var ours = Mean(rows, r => Speed(r.Case, r.Engine[t]));
            var blas = rows[0].Blas.ContainsKey(t) ? Mean(rows, r => Speed(r.Case, r.Blas[t])) : (double?)null;
            cells.AddRange([$"{ours:F1}", $"{100 * ours / Mean(rows, r => r.Peak[t]):F0} %",
                blas is { } b ? $"{b:F1}" : MarkdownTable.None, blas is { } c ? $"{ours / c:F2}" : MarkdownTable.None]);
        }
        if (threads.Length > 1)
            cells.Add($"{Mean(rows, r => r.Engine[threads[0]].Median / r.Engine[threads[^1]].Median):F2}");
        return [.. cells];
    }

    private static double Mean(IReadOnlyList<GemmRow> rows, Func<GemmRow, double> value) =>
        Statistics.GeometricMean([.. rows.Select(value)]);

    private static double Speed(GemmCase c, Rounds time) => Statistics.Giga(c.Shape.Flops, time.Median);
}
