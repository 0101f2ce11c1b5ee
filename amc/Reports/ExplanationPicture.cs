using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports;

/// <summary>Draws what <c>amcx explain</c> writes: the picture with its heatmap, the pointed spot and the phrase below.</summary>
internal static class ExplanationPicture
{
    /// <summary>Pictures with a shorter longer side are enlarged by a whole factor, so that one can see something.</summary>
    public const int LegibleSide = 320;

    /// <summary>Pictures with a longer longer side are drawn smaller: more is neither seen nor always held in memory.</summary>
    public const int LargestSide = 2048;

    // What a browser shows of an example in a page.
    private const int ExampleSide = 480;

    private const int CaptionHeight = 36;

    /// <summary>The size that a picture is drawn in.</summary>
    public static PictureTarget Shown { get; } = new((width, height) => Size(width, height, LargestSide), Resampling.Bicubic);

    /// <summary>The size that an example in a page is drawn in.</summary>
    public static PictureTarget Example { get; } = new((width, height) => Size(width, height, ExampleSide), Resampling.Bicubic);

    /// <summary>Draws and writes the picture, in the format that the name says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="picture">The picture in the size it is drawn in.</param>
    /// <param name="map">Its map.</param>
    /// <param name="point">The pointed spot in pixels of <paramref name="picture"/>; null where there is none.</param>
    /// <param name="phrase">The phrase.</param>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, RgbImage picture, PatchMap map, (float X, float Y)? point, string phrase)
    {
        // A very narrow picture still gets room for its phrase.
        var width = Math.Max(picture.Width, 160);
        using var sheet = new Sheet(width, picture.Height + CaptionHeight);
        Lay(sheet, picture, map, point, Sheet.Neutral, (width - picture.Width) / 2f, 1);
        sheet.Text(phrase, width / 2f, picture.Height + 24, 17, SKColors.Black, SKTextAlign.Center, width - 12);
        sheet.Save(path);
    }

    /// <summary>An answer with the regions of its question, as the bytes of a PNG file.</summary>
    /// <param name="sample">The question with its picture as <see cref="Example"/>.</param>
    /// <param name="answer">The answer.</param>
    public static byte[] Encode(EvaluationSample sample, PointingAnswer answer)
    {
        var picture = sample.Picture;
        using var sheet = new Sheet(picture.Width, picture.Height);
        Lay(sheet, picture, answer.Map, sample.Views.PointIn(picture, answer.Point), answer.Hit ? Sheet.Hit : Sheet.Miss, 0, HeatmapOverlay.SeeThrough);
        float x = (float)picture.Width / sample.Width, y = (float)picture.Height / sample.Height;
        foreach (var region in sample.Regions)
            RegionOutline.Draw(sheet, region, 0, 0, x, y);
        return sheet.Encode();
    }

    private static void Lay(Sheet sheet, RgbImage picture, PatchMap map, (float X, float Y)? point, SKColor color, float left, double strength)
    {
        var overlay = HeatmapOverlay.Draw(picture, map.Enlarge(picture.Width, picture.Height), strength);
        sheet.Picture(overlay, SKRect.Create(left, 0, picture.Width, picture.Height));
        if (point is { } p)
            sheet.Spot(left + p.X, p.Y, color);
    }

    private static (int Width, int Height) Size(int width, int height, int largest)
    {
        var longer = Math.Max(width, height);
        if (longer <= largest)
            return (width * Math.Max(1, LegibleSide / longer), height * Math.Max(1, LegibleSide / longer));
        return (Shrunk(width), Shrunk(height));

        int Shrunk(int side) => Math.Max(1, (int)Math.Round(side * (double)largest / longer));
    }
}
