using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports;

/// <summary>
/// Draws the picture of a question with its regions, and over it a heatmap with the pointed spot. All panels of a
/// picture are of the same size: as wide as the column, unless the picture is very tall.
/// </summary>
/// <param name="side">Width of a column.</param>
/// <param name="tallest">Most height.</param>
internal sealed class QuestionPanel(int side, int tallest)
{
    // Room for the mark of a spot in a picture that is a mere strip.
    private const int Lowest = 28;

    private static readonly SKColor Ink = new(30, 30, 30);

    /// <summary>The size that pictures are wanted in.</summary>
    public PictureTarget Picture { get; } = new(
        (width, height) => Math.Min((float)side / width, (float)tallest / height) is var scale && scale < 1
            ? (Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)))
            : (width, height),
        Resampling.Bicubic);

    /// <summary>Height of a sample's panels.</summary>
    public int Height(EvaluationSample sample) =>
        Math.Max(Lowest, (int)Math.Ceiling(sample.Height * Scale(sample.Width, sample.Height)));

    /// <summary>Draws a panel.</summary>
    /// <param name="sheet">Where.</param>
    /// <param name="sample">The question, its picture as <see cref="Picture"/>.</param>
    /// <param name="map">The map; null draws picture and regions alone.</param>
    /// <param name="x">Left edge of the column.</param>
    /// <param name="y">Upper edge.</param>
    public void Draw(Sheet sheet, EvaluationSample sample, PatchMap? map, int x, int y)
    {
        var picture = sample.Picture;
        float scale = Scale(sample.Width, sample.Height), width = sample.Width * scale, height = sample.Height * scale;
        float left = x + (side - width) / 2, top = y + (Height(sample) - height) / 2;
        var shown = map is null
            ? picture
            : HeatmapOverlay.Draw(picture, map.Enlarge(picture.Width, picture.Height), HeatmapOverlay.SeeThrough);
        sheet.Picture(shown, SKRect.Create(left, top, width, height), smooth: map is not null);
        foreach (var region in sample.Regions)
            RegionOutline.Draw(sheet, region, left, top, scale, scale);
        if (map is null)
            return;
        if (map.Peak(sample.Width, sample.Height) is { } p)
            // A pixel's centre, since a point names a pixel.
            sheet.Spot(left + (p.X + 0.5f) * scale, top + (p.Y + 0.5f) * scale,
                PointingGame.IsHit(p.X, p.Y, sample.Regions) ? Sheet.Hit : Sheet.Miss);
        else
            sheet.Label("flat: points nowhere", x + side / 2f, y + Height(sample) / 2f);
    }

    /// <summary>Says what colours and marks mean, below everything.</summary>
    public static void Legend(Sheet sheet, int margin, int top)
    {
        float y = top + 26;
        sheet.Spot(margin + 10, y - 5, Sheet.Hit);
        sheet.Text("pointed spot: inside the region (hit)", margin + 28, y, 14, Ink);
        sheet.Spot(margin + 340, y - 5, Sheet.Miss);
        sheet.Text("pointed spot: outside (miss)", margin + 358, y, 14, Ink);
        y += 34;
        sheet.Fill(SKRect.Create(margin, y - 17, 22, 20), new SKColor(120, 120, 120));
        sheet.Outline(SKRect.Create(margin + 3, y - 14, 16, 14), Sheet.Region);
        sheet.Text("region that the phrase names", margin + 30, y, 14, Ink);
        sheet.ColorBar(SKRect.Create(margin + 330, y - 12, 150, 14));
        sheet.Text("heatmap, low to high", margin + 490, y, 14, Ink);
    }

    private float Scale(int width, int height) => Math.Min((float)side / width, (float)tallest / height);
}
