namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// Overlap of a thresholded map with the region (intersection over union). Maps have no unit, so that a threshold is a
/// share of the map's own range.
/// </summary>
internal static class RegionIou
{
    /// <summary>Thresholds that are reported, shares of the range.</summary>
    public static IReadOnlyList<double> Thresholds { get; } = [0.25, 0.5, 0.75];

    /// <summary>
    /// IoU of the pixels at or above min + threshold·(max − min) with the region, 0..1; soft regions count by the sums
    /// of the smaller and of the larger of both. Null where the map is flat.
    /// </summary>
    /// <param name="map">The map, a number a pixel.</param>
    /// <param name="region">How much each pixel belongs to the region, 0..1.</param>
    /// <param name="threshold">Share of the map's range, 0..1.</param>
    public static double? Of(ReadOnlySpan<float> map, ReadOnlySpan<float> region, double threshold)
    {
        (var low, var high) = Range(map);
        if (!(high > low))
            return null;
        var least = low + threshold * ((double)high - low);
        double both = 0, either = 0;
        for (var i = 0; i < map.Length; i++)
        {
            var chosen = map[i] >= least ? 1 : 0;
            both += Math.Min(chosen, region[i]);
            either += Math.Max(chosen, region[i]);
        }
        return both / either;
    }

    /// <summary>Smallest and largest value.</summary>
    internal static (float Low, float High) Range(ReadOnlySpan<float> map)
    {
        (var low, var high) = (map[0], map[0]);
        foreach (var value in map)
            (low, high) = (Math.Min(low, value), Math.Max(high, value));
        return (low, high);
    }
}
