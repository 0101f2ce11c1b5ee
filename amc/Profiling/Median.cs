namespace AmcEngine.Amc.Profiling;

/// <summary>The median of measured times.</summary>
internal static class Median
{
    /// <summary>The middle value; of an even number of values the mean of the two in the middle.</summary>
    /// <exception cref="ArgumentException">There are no values.</exception>
    public static double Of(IReadOnlyList<double> values)
    {
        if (values.Count == 0)
            throw new ArgumentException("the median of no values", nameof(values));
        double[] sorted = [.. values.Order()];
        return (sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2;
    }
}
