namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>Spearman's rank correlation: whether two maps put the patches in the same order, −1..1.</summary>
internal static class RankCorrelation
{
    /// <summary>The correlation of the ranks, equal values sharing their mean rank; 0 where a map is flat.</summary>
    public static double Of(ReadOnlySpan<float> a, ReadOnlySpan<float> b)
    {
        double[] x = Ranks(a), y = Ranks(b);
        // Ranks 0 … n − 1 have the mean (n − 1)/2, ties or not.
        var mean = (x.Length - 1) / 2.0;
        double xx = 0, yy = 0, xy = 0;
        for (var i = 0; i < x.Length; i++)
        {
            double dx = x[i] - mean, dy = y[i] - mean;
            (xx, yy, xy) = (xx + dx * dx, yy + dy * dy, xy + dx * dy);
        }
        return xx > 0 && yy > 0 ? xy / Math.Sqrt(xx * yy) : 0;
    }

    private static double[] Ranks(ReadOnlySpan<float> values)
    {
        var sorted = values.ToArray();
        int[] places = [.. Enumerable.Range(0, sorted.Length)];
        Array.Sort(sorted, places);
        var ranks = new double[sorted.Length];
        for (var first = 0; first < sorted.Length;)
        {
            var next = first + 1;
            while (next < sorted.Length && sorted[next] == sorted[first])
                next++;
            for (var i = first; i < next; i++)
                ranks[places[i]] = (first + next - 1) / 2.0;
            first = next;
        }
        return ranks;
    }
}
