using SkiaSharp;

namespace AmcEngine.Amc.Drawing;

/// <summary>
/// The typeface of every picture this program draws. It is embedded, because Skia finds no letters at all on a machine
/// without installed fonts, and because pictures then look the same everywhere.
/// </summary>
internal static class EmbeddedFont
{
    /// <summary>The family name.</summary>
    public const string Family = "AmcEngine Sans";

    private const string Resource = "AmcEngine.Amc.Drawing.Fonts.AmcEngineSans.ttf";

    private static readonly Lazy<SKTypeface> Loaded = new(Load);

    /// <summary>The typeface; shared, never disposed.</summary>
    public static SKTypeface Typeface => Loaded.Value;

    private static SKTypeface Load()
    {
        using var stream = typeof(EmbeddedFont).Assembly.GetManifestResourceStream(Resource)
            ?? throw new InvalidOperationException($"the resource {Resource} is missing from the program.");
        using var data = SKData.Create(stream);
        return SKTypeface.FromData(data);
    }
}
