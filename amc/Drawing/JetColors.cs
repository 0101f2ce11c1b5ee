namespace AmcEngine.Amc.Drawing;

/// <summary>The "jet" colour map: dark blue, cyan, yellow, dark red.</summary>
internal static class JetColors
{
    /// <summary>The colour of a value in 0..1, channels in 0..255.</summary>
    public static (double R, double G, double B) At(double value) =>
        (Channel(value, 0.75), Channel(value, 0.5), Channel(value, 0.25));

    // Each channel is a trapezium: full within 1/8 of its centre, gone 3/8 away.
    private static double Channel(double value, double centre) =>
        255 * Math.Clamp(1.5 - 4 * Math.Abs(value - centre), 0, 1);
}
