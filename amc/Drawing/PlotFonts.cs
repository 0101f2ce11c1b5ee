using ScottPlot;
using SkiaSharp;

namespace AmcEngine.Amc.Drawing;

/// <summary>Makes ScottPlot write with <see cref="EmbeddedFont"/>, whatever weight or slant it asks for.</summary>
internal sealed class PlotFonts : IFontResolver
{
    private static readonly Lock Gate = new();
    private static bool _installed;

    /// <summary>Takes effect for all plots of the process; calling it again does nothing.</summary>
    public static void Install()
    {
        lock (Gate)
        {
            if (_installed)
                return;
            Fonts.FontResolvers.Insert(0, new PlotFonts());
            Fonts.Default = EmbeddedFont.Family;
            _installed = true;
        }
    }

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        EmbeddedFont.Typeface;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => EmbeddedFont.Typeface;
}
