using AmcEngine.Amc.Evaluation;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Drawing;

/// <summary>Draws what <c>amcx explain</c> writes: the picture with its heatmap, the pointed spot and the phrase below.</summary>
internal static class ExplanationPicture
{
    /// <summary>Pictures with a shorter longer side are enlarged by a whole factor, so that one can see something.</summary>
    public const int LegibleSide = 320;

    private const int CaptionHeight = 36;

    /// <summary>By how much a picture is enlarged.</summary>
    public static int Factor(int width, int height) => Math.Max(1, LegibleSide / Math.Max(width, height));

    /// <summary>Draws and writes the picture as PNG.</summary>
    /// <param name="path">The file.</param>
    /// <param name="picture">The picture at its own size.</param>
    /// <param name="map">The map, of the picture's size times <see cref="Factor"/>.</param>
    /// <param name="point">The pointed pixel of the picture.</param>
    /// <param name="phrase">The phrase.</param>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void Save(string path, RgbImage picture, Heatmap map, (int X, int Y) point, string phrase)
    {
        int factor = Factor(picture.Width, picture.Height);
        RgbImage shown = factor == 1 ? picture : ImageOps.ResizeBilinear(picture, picture.Width * factor, picture.Height * factor);
        // A very narrow picture still gets room for its phrase.
        int width = Math.Max(shown.Width, 160);
        using var sheet = new Sheet(width, shown.Height + CaptionHeight);
        float left = (width - shown.Width) / 2f;
        sheet.Picture(HeatmapOverlay.Draw(shown, map), SKRect.Create(left, 0, shown.Width, shown.Height));
        sheet.Spot(left + (point.X + 0.5f) * factor, (point.Y + 0.5f) * factor, Sheet.Neutral);
        sheet.Text(phrase, width / 2f, shown.Height + 24, 17, SKColors.Black, SKTextAlign.Center, width - 12);
        sheet.Save(path);
    }
}
