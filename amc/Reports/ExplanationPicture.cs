using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports;

/// <summary>
/// Draws what <c>amcx explain</c> writes: the picture with its heatmap, the pointed spot and the phrase below.
/// </summary>
internal static class ExplanationPicture
{
    /// <summary>
    /// Pictures with a shorter longer side are enlarged by a whole factor, so that one can see something.
    /// </summary>
    public const int LegibleSide = 320;

    /// <summary>
    /// Pictures with a longer longer side are drawn smaller: more is neither seen nor always held in memory.
    /// </summary>
    public const int LargestSide = 2048;

    private const int CaptionHeight = 36;

    /// <summary>The size that a picture is drawn in.</summary>
    public static PictureTarget Shown { get; } = ShownWithin(LargestSide);

    /// <summary>The size that a picture is drawn in where it may have that many pixels along a side.</summary>
    public static PictureTarget ShownWithin(int longest) =>
        new((width, height) => Size(width, height, longest), Resampling.Bicubic);

    /// <summary>Draws and writes the picture, in the format that the name says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="picture">The picture in the size it is drawn in.</param>
    /// <param name="map">Its map.</param>
    /// <param name="point">The pointed spot in pixels of <paramref name="picture"/>; null where there is none.</param>
    /// <param name="phrase">The phrase.</param>
    /// <param name="style">Colours and strength.</param>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(
        string path, RgbImage picture, PatchMap map, (float X, float Y)? point, string phrase, OverlayStyle style)
    {
        // A very narrow picture still gets room for its phrase.
        var width = Math.Max(picture.Width, 160);
        using var sheet = new Sheet(width, picture.Height + CaptionHeight);
        var left = (width - picture.Width) / 2f;
        var overlay = HeatmapOverlay.Draw(
            picture, map.Enlarge(picture.Width, picture.Height), style.Opacity, style.Colors);
        sheet.Picture(overlay, SKRect.Create(left, 0, picture.Width, picture.Height));
        if (point is { } p)
            sheet.Spot(left + p.X, p.Y, Sheet.Neutral);
        sheet.Text(phrase, width / 2f, picture.Height + 24, 17, SKColors.Black, SKTextAlign.Center, width - 12);
        sheet.Save(path);
    }

    private static (int Width, int Height) Size(int width, int height, int longest)
    {
        var longer = Math.Max(width, height);
        if (longer <= longest)
            return (width * Math.Max(1, LegibleSide / longer), height * Math.Max(1, LegibleSide / longer));
        return (Shrunk(width), Shrunk(height));

        int Shrunk(int side) => Math.Max(1, (int)Math.Round(side * (double)longest / longer));
    }
}
