namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// Structural similarity of two maps (Wang et al. 2004), as the sanity checks of Adebayo et al. (2018) use it: each map
/// is brought to 0..1 first, since maps have no unit.
/// </summary>
internal static class StructuralSimilarity
{
    // Stabilisers of the paper for values in 0..1, and its window, made smaller for maps of few patches.
    private const double C1 = 0.01 * 0.01;
    private const double C2 = 0.03 * 0.03;
    private const int LargestWindow = 7;

    /// <summary>Mean over all windows of the similarity in mean, variance and covariance, −1..1; 1 for equal
    /// maps.</summary>
    /// <param name="a">A map, side × side numbers.</param>
    /// <param name="b">Another of that size.</param>
    /// <param name="side">Width and height of both.</param>
    public static double Of(ReadOnlySpan<float> a, ReadOnlySpan<float> b, int side)
    {
        double[] x = Scaled(a), y = Scaled(b);
        var window = Math.Min(LargestWindow, side);
        double sum = 0;
        var places = side - window + 1;
        for (var top = 0; top < places; top++)
        {
            for (var left = 0; left < places; left++)
                sum += Window(x, y, side, left, top, window);
        }
        return sum / (places * places);
    }

    private static double Window(double[] x, double[] y, int side, int left, int top, int window)
    {
        double sx = 0, sy = 0, xx = 0, yy = 0, xy = 0;
        for (var row = top; row < top + window; row++)
        {
            for (var column = left; column < left + window; column++)
            {
                double u = x[row * side + column], v = y[row * side + column];
                (sx, sy, xx, yy, xy) = (sx + u, sy + v, xx + u * u, yy + v * v, xy + u * v);
            }
        }
        double n = window * window, mx = sx / n, my = sy / n;
        double vx = xx / n - mx * mx, vy = yy / n - my * my, cov = xy / n - mx * my;
        return (2 * mx * my + C1) * (2 * cov + C2) / ((mx * mx + my * my + C1) * (vx + vy + C2));
    }

    private static double[] Scaled(ReadOnlySpan<float> map)
    {
        (var low, var high) = RegionIou.Range(map);
        var scaled = new double[map.Length];
        for (var i = 0; high > low && i < scaled.Length; i++)
            scaled[i] = ((double)map[i] - low) / ((double)high - low);
        return scaled;
    }
}
