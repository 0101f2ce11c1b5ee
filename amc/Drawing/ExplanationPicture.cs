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
        // A very narrow picture still gets room for its phrase.
        int width = Math.Max(map.Width, 160);
        using var sheet = new Sheet(width, map.Height + CaptionHeight);
        Lay(sheet, picture, map, point, Sheet.Neutral, (width - map.Width) / 2f);
        sheet.Text(phrase, width / 2f, map.Height + 24, 17, SKColors.Black, SKTextAlign.Center, width - 12);
        sheet.Save(path);
    }

    /// <summary>The heatmap of a test sample with its regions, as the bytes of a PNG file.</summary>
    /// <param name="sample">The sample.</param>
    /// <param name="map">Its map, enlarged by <see cref="Factor"/>.</param>
    /// <param name="point">The pointed pixel of the picture.</param>
    /// <param name="hit">Whether the point is right.</param>
    public static byte[] Encode(EvaluationSample sample, Heatmap map, (int X, int Y) point, bool hit)
    {
        using var sheet = new Sheet(map.Width, map.Height);
        Lay(sheet, sample.Picture, map, point, hit ? Sheet.Hit : Sheet.Miss, 0);
        float factor = Factor(sample.Picture.Width, sample.Picture.Height);
        foreach (Box box in sample.Boxes)
            sheet.Outline(SKRect.Create((float)box.X1 * factor, (float)box.Y1 * factor, (float)box.Width * factor, (float)box.Height * factor), Sheet.Region);
        return sheet.Encode();
    }

    private static void Lay(Sheet sheet, RgbImage picture, Heatmap map, (int X, int Y) point, SKColor color, float left)
    {
        int factor = Factor(picture.Width, picture.Height);
        RgbImage shown = factor == 1 ? picture : ImageOps.ResizeBilinear(picture, map.Width, map.Height);
        sheet.Picture(HeatmapOverlay.Draw(shown, map), SKRect.Create(left, 0, map.Width, map.Height));
        sheet.Spot(left + (point.X + 0.5f) * factor, (point.Y + 0.5f) * factor, color);
    }
}
