namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// The energy-based pointing game (Wang et al. 2020, Score-CAM): which share of a map's positive values lies in the region.
/// </summary>
internal static class EnergyInRegion
{
    /// <summary>Σ max(map, 0)·region / Σ max(map, 0), 0..1; null where no value is positive.</summary>
    /// <param name="map">The map, a number a pixel.</param>
    /// <param name="region">How much each pixel belongs to the region, 0..1.</param>
    public static double? Of(ReadOnlySpan<float> map, ReadOnlySpan<float> region)
    {
        double inside = 0, all = 0;
        for (var i = 0; i < map.Length; i++)
        {
            double heat = Math.Max(map[i], 0);
            inside += heat * region[i];
            all += heat;
        }
        return all > 0 ? inside / all : null;
    }
}
