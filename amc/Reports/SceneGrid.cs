using System.Globalization;
using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports;

/// <summary>One test scene of the grid.</summary>
/// <param name="Sample">Picture as <see cref="SceneGrid.Picture"/>, phrase and boxes.</param>
/// <param name="Before">The map of the untrained model.</param>
/// <param name="After">The map of the trained model.</param>
internal sealed record GridScene(EvaluationSample Sample, PatchMap Before, PatchMap After);

/// <summary>What the heading of the grid says.</summary>
/// <param name="Before">Pointing accuracy before training, 0..1; null where it is not known.</param>
/// <param name="After">Pointing accuracy after training, 0..1.</param>
/// <param name="Random">How often a random point hits, 0..1.</param>
/// <param name="Count">Test questions behind these numbers.</param>
internal sealed record GridHeading(double? Before, double After, double Random, int Count);

/// <summary>Draws test scenes in rows: the picture with its region, and the heatmaps before and after training.</summary>
internal static class SceneGrid
{
    private const int Side = 224;
    private const int TallestSide = 336;
    // Room for the mark of a spot in a picture that is a mere strip.
    private const int LowestRow = 28;
    private const int Gap = 14;
    private const int Margin = 24;
    private const int PhraseHeight = 30;
    private const int RowGap = 14;
    private const int HeadHeight = 144;
    private const int LegendHeight = 92;
    private const int Columns = 3;
    private const int Width = 2 * Margin + Columns * Side + (Columns - 1) * Gap;

    private static readonly SKColor Ink = new(30, 30, 30);
    private static readonly SKColor Faint = new(110, 110, 110);

    /// <summary>The size that pictures of the grid are wanted in.</summary>
    public static PictureTarget Picture { get; } = new(
        (width, height) => Scale(width, height) is var scale && scale < 1
            ? (Math.Max(1, (int)Math.Round(width * scale)), Math.Max(1, (int)Math.Round(height * scale)))
            : (width, height),
        Resampling.Bicubic);

    /// <summary>Draws the grid and writes it as PNG.</summary>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyList<GridScene> scenes, GridHeading heading)
    {
        var top = HeadHeight;
        using var sheet = new Sheet(Width, HeadHeight + scenes.Sum(s => RowHeight(s.Sample)) + LegendHeight);
        Head(sheet, heading);
        foreach (GridScene scene in scenes)
        {
            Row(sheet, scene, top);
            top += RowHeight(scene.Sample);
        }
        Legend(sheet, top);
        sheet.Save(path);
    }

    /// <summary>Height of a sample's row with its phrase.</summary>
    internal static int RowHeight(EvaluationSample sample) => PhraseHeight + PanelHeight(sample) + RowGap;

    // All panels of a row show the same picture: as wide as the column, unless it is very tall.
    private static int PanelHeight(EvaluationSample sample) =>
        Math.Max(LowestRow, (int)Math.Ceiling(sample.Height * Scale(sample.Width, sample.Height)));

    private static float Scale(int width, int height) => Math.Min((float)Side / width, (float)TallestSide / height);

    private static void Head(Sheet sheet, GridHeading heading)
    {
        sheet.Text("Where does the model look for the phrase?", Margin, 40, 24, Ink);
        sheet.Text($"Pointing accuracy on {heading.Count} test scenes: {(heading.Before is { } before ? $"{Percent(before)} before training, " : "")}{Percent(heading.After)} after;",
            Margin, 66, 15, Faint, maxWidth: Width - 2 * Margin);
        sheet.Text($"a random point hits {Percent(heading.Random)}.", Margin, 86, 15, Faint);
        string[] titles = ["scene and region", "before training", "after training"];
        for (var c = 0; c < Columns; c++)
            sheet.Text(titles[c], Left(c) + Side / 2f, HeadHeight - 18, 19, Ink, SKTextAlign.Center);
    }

    private static void Row(Sheet sheet, GridScene scene, int top)
    {
        EvaluationSample sample = scene.Sample;
        sheet.Text($"“{sample.Caption}”", Margin, top + 20, 18, Ink, maxWidth: Width - 2 * Margin);
        var y = top + PhraseHeight;
        Panel(sheet, sample, null, Left(0), y);
        Panel(sheet, sample, scene.Before, Left(1), y);
        Panel(sheet, sample, scene.After, Left(2), y);
    }

    private static void Panel(Sheet sheet, EvaluationSample sample, PatchMap? map, int x, int y)
    {
        RgbImage picture = sample.Picture;
        float scale = Scale(sample.Width, sample.Height), width = sample.Width * scale, height = sample.Height * scale;
        float left = x + (Side - width) / 2, top = y + (PanelHeight(sample) - height) / 2;
        RgbImage shown = map is null ? picture : HeatmapOverlay.Draw(picture, map.Enlarge(picture.Width, picture.Height), HeatmapOverlay.SeeThrough);
        sheet.Picture(shown, SKRect.Create(left, top, width, height), smooth: map is not null);
        foreach (Box box in sample.Boxes)
            sheet.Outline(SKRect.Create(left + (float)box.X1 * scale, top + (float)box.Y1 * scale, (float)box.Width * scale, (float)box.Height * scale), Sheet.Region);
        if (map is null)
            return;
        if (map.Peak(sample.Width, sample.Height) is { } p)
            // A pixel's centre, since a point names a pixel.
            sheet.Spot(left + (p.X + 0.5f) * scale, top + (p.Y + 0.5f) * scale, PointingGame.IsHit(p.X, p.Y, sample.Boxes) ? Sheet.Hit : Sheet.Miss);
        else
            sheet.Label("flat: points nowhere", x + Side / 2f, y + PanelHeight(sample) / 2f);
    }

    private static void Legend(Sheet sheet, int top)
    {
        float y = top + 26;
        sheet.Spot(Margin + 10, y - 5, Sheet.Hit);
        sheet.Text("pointed spot: inside the region (hit)", Margin + 28, y, 14, Ink);
        sheet.Spot(Margin + 340, y - 5, Sheet.Miss);
        sheet.Text("pointed spot: outside (miss)", Margin + 358, y, 14, Ink);
        y += 34;
        sheet.Fill(SKRect.Create(Margin, y - 17, 22, 20), new SKColor(120, 120, 120));
        sheet.Outline(SKRect.Create(Margin + 3, y - 14, 16, 14), Sheet.Region);
        sheet.Text("region that the phrase names", Margin + 30, y, 14, Ink);
        sheet.ColorBar(SKRect.Create(Margin + 330, y - 12, 150, 14));
        sheet.Text("heatmap, low to high", Margin + 490, y, 14, Ink);
    }

    private static int Left(int column) => Margin + column * (Side + Gap);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
