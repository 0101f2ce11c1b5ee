namespace AmcEngine.Amc.Maps;

/// <summary>What a map looks like in numbers, over the patches that the model sees.</summary>
/// <param name="Min">Smallest value.</param>
/// <param name="Max">Largest value.</param>
/// <param name="Mean">Mean of the values.</param>
/// <param name="AreaAboveHalf">
/// Share of the patches whose value is at least half way from the smallest to the largest, 0..1; null where all are
/// equal.
/// </param>
/// <param name="EnergyShare">
/// Share of the sum of positive values that these patches have, 0..1: near 1 the map is concentrated. Null where all
/// are equal, or none is positive.
/// </param>
internal sealed record MapStatistics(double Min, double Max, double Mean, double? AreaAboveHalf, double? EnergyShare)
{
    /// <summary>The numbers of a map.</summary>
    public static MapStatistics Of(PatchMap map)
    {
        var values = map.Values;
        double min = values.Min(), max = values.Max(), mean = values.Average(v => (double)v);
        if (map.IsFlat)
            return new MapStatistics(min, max, mean, null, null);
        float[] high = [.. values.Where(v => v >= (min + max) / 2)];
        var energy = Energy(values);
        return new MapStatistics(
            min, max, mean, high.Length / (double)values.Length, energy > 0 ? Energy(high) / energy : null);
    }

    private static double Energy(IEnumerable<float> values) => values.Sum(v => Math.Max(v, 0.0));
}
