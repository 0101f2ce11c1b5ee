namespace AmcEngine.Diagnostics;

/// <summary>How far computed values are from expected ones.</summary>
public static class RelativeError
{
    /// <summary>
    /// ‖actual − expected‖₂ / ‖expected‖₂ (absolute where the expected values are zero); infinite where the sizes
    /// differ.
    /// </summary>
    public static double L2(ReadOnlySpan<double> actual, ReadOnlySpan<double> expected)
    {
        if (actual.Length != expected.Length) return double.PositiveInfinity;
        double difference = 0, norm = 0;
        for (var i = 0; i < actual.Length; i++)
        {
            var d = actual[i] - expected[i];
            difference += d * d;
            norm += expected[i] * expected[i];
        }
        return norm > 0 ? Math.Sqrt(difference / norm) : Math.Sqrt(difference);
    }
}
