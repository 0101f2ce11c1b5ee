namespace AmcEngine.Amc.Drawing;

/// <summary>How heatmaps are laid over pictures.</summary>
/// <param name="Colors">The colours.</param>
/// <param name="Opacity">
/// How much of the picture is hidden where a map is highest, 0..1: 1 as in the reference's demonstration.
/// </param>
internal sealed record OverlayStyle(ColorMap Colors, double Opacity)
{
    /// <summary>The reference's.</summary>
    public static OverlayStyle Default { get; } = new(ColorMap.Default, 1);
}
