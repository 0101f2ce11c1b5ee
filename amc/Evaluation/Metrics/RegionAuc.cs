namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// Area under the curve of hits against false alarms (ROC) when the map is thresholded everywhere: how likely a pixel
/// of the region is hotter than one outside (Mann and Whitney 1947; as a measure of saliency maps Judd et al. 2012).
/// </summary>
internal static class RegionAuc
{
    /// <summary>
    /// 1 for a map that ranks every pixel of the region above all others, 0.5 for a flat one; equal values count half.
    /// Null where the region holds no pixel or all. A soft pixel counts on both sides by its weight.
    /// </summary>
    /// <param name="map">The map, a number a pixel.</param>
    /// <param name="region">How much each pixel belongs to the region, 0..1.</param>
    public static double? Of(ReadOnlySpan<float> map, ReadOnlySpan<float> region)
    {
        using var order = new WeightedOrder(map, region);
        var values = order.Keys;
        var weights = order.Weights;
        // Outside weight below the current value, and the pairs that are in order.
        double inside = 0, outside = 0, ordered = 0;
        for (var first = 0; first < values.Length;)
        {
            double tiedInside = 0, tiedOutside = 0;
            var next = first;
            for (; next < values.Length && values[next] == values[first]; next++)
            {
                tiedInside += weights[next];
                tiedOutside += 1 - weights[next];
            }
            ordered += tiedInside * (outside + tiedOutside / 2);
            (inside, outside, first) = (inside + tiedInside, outside + tiedOutside, next);
        }
        return inside > 0 && outside > 0 ? ordered / (inside * outside) : null;
    }
}
