using System.Globalization;
using AmcEngine.Amc.Evaluation;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Drawing;

/// <summary>One test scene of the grid.</summary>
/// <param name="Sample">Picture, phrase and boxes.</param>
/// <param name="Before">The map of the untrained model, of the picture's size.</param>
/// <param name="After">The map of the trained model, of the picture's size.</param>
internal sealed record GridScene(EvaluationSample Sample, Heatmap Before, Heatmap After);

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
    private const int Gap = 14;
    private const int Margin = 24;
    private const int PhraseHeight = 34;
    private const int HeadHeight = 144;
    private const int LegendHeight = 92;
    private const int Columns = 3;
    private const int Width = 2 * Margin + Columns * Side + (Columns - 1) * Gap;

    private static readonly SKColor Ink = new(30, 30, 30);
    private static readonly SKColor Faint = new(110, 110, 110);

    /// <summary>Draws the grid and writes it as PNG.</summary>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyList<GridScene> scenes, GridHeading heading)
    {
        using var sheet = new Sheet(Width, HeadHeight + scenes.Count * (PhraseHeight + Side) + LegendHeight);
        Head(sheet, heading);
        for (int i = 0; i < scenes.Count; i++)
            Row(sheet, scenes[i], HeadHeight + i * (PhraseHeight + Side));
        Legend(sheet, HeadHeight + scenes.Count * (PhraseHeight + Side));
        sheet.Save(path);
    }

    private static void Head(Sheet sheet, GridHeading heading)
    {
        sheet.Text("Where does the model look for the phrase?", Margin, 40, 24, Ink);
        sheet.Text($"Pointing accuracy on {heading.Count} test scenes: {(heading.Before is { } before ? $"{Percent(before)} before training, " : "")}{Percent(heading.After)} after;",
            Margin, 66, 15, Faint, maxWidth: Width - 2 * Margin);
        sheet.Text($"a random point hits {Percent(heading.Random)}.", Margin, 86, 15, Faint);
        string[] titles = ["scene and region", "before training", "after training"];
        for (int c = 0; c < Columns; c++)
            sheet.Text(titles[c], Left(c) + Side / 2f, HeadHeight - 18, 19, Ink, SKTextAlign.Center);
    }

    private static void Row(Sheet sheet, GridScene scene, int top)
    {
        EvaluationSample sample = scene.Sample;
        sheet.Text($"“{sample.Caption}”", Margin, top + 23, 18, Ink, maxWidth: Width - 2 * Margin);
        int y = top + PhraseHeight - 4;
        Panel(sheet, sample, sample.Picture, Left(0), y, null);
        Panel(sheet, sample, HeatmapOverlay.Draw(sample.Picture, scene.Before), Left(1), y, scene.Before.Peak());
        Panel(sheet, sample, HeatmapOverlay.Draw(sample.Picture, scene.After), Left(2), y, scene.After.Peak());
    }

    private static void Panel(Sheet sheet, EvaluationSample sample, RgbImage picture, int x, int y, (int X, int Y)? point)
    {
        int height = Side - 10;
        float scale = Math.Min((float)Side / picture.Width, (float)height / picture.Height);
        float left = x + (Side - picture.Width * scale) / 2;
        sheet.Picture(picture, SKRect.Create(left, y, picture.Width * scale, picture.Height * scale), smooth: point is not null);
        foreach (Box box in sample.Boxes)
            sheet.Outline(SKRect.Create(left + (float)box.X1 * scale, y + (float)box.Y1 * scale, (float)box.Width * scale, (float)box.Height * scale), Sheet.Region);
        if (point is { } p)
        {
            bool hit = PointingGame.IsHit(p.X, p.Y, sample.Boxes);
            // A pixel's centre, since a point names a pixel.
            sheet.Spot(left + (p.X + 0.5f) * scale, y + (p.Y + 0.5f) * scale, hit ? Sheet.Hit : Sheet.Miss);
        }
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
