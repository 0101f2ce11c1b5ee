using System.Globalization;
using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports;

/// <summary>One test scene of the grid.</summary>
/// <param name="Sample">Picture as <see cref="SceneGrid.Picture"/>, phrase and regions.</param>
/// <param name="Before">The map of the untrained model.</param>
/// <param name="After">The map of the trained model.</param>
internal sealed record GridScene(EvaluationSample Sample, PatchMap Before, PatchMap After);

/// <summary>What the heading of the grid says.</summary>
/// <param name="Before">Pointing accuracy before training, 0..1; null where it is not known.</param>
/// <param name="After">Pointing accuracy after training, 0..1.</param>
/// <param name="Random">How often a random point hits, 0..1.</param>
/// <param name="Count">Test questions behind these numbers.</param>
internal sealed record GridHeading(double? Before, double After, double Random, int Count);

/// <summary>
/// Draws test scenes in rows: the picture with its region, and the heatmaps before and after training.
/// </summary>
internal static class SceneGrid
{
    private const int Side = 224;
    private const int TallestSide = 336;
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

    private static readonly QuestionPanel Panel = new(Side, TallestSide);

    /// <summary>The size that pictures of the grid are wanted in.</summary>
    public static PictureTarget Picture => Panel.Picture;

    /// <summary>Draws the grid and writes it as PNG.</summary>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyList<GridScene> scenes, GridHeading heading)
    {
        var top = HeadHeight;
        (var width, var height) = Size(scenes);
        using var sheet = new Sheet(width, height);
        Head(sheet, heading);
        foreach (var scene in scenes)
        {
            Row(sheet, scene, top);
            top += RowHeight(scene.Sample);
        }
        QuestionPanel.Legend(sheet, Margin, top);
        sheet.Save(path);
    }

    /// <summary>Width and height of the grid in pixels.</summary>
    public static (int Width, int Height) Size(IReadOnlyList<GridScene> scenes) =>
        (Width, HeadHeight + scenes.Sum(s => RowHeight(s.Sample)) + LegendHeight);

    /// <summary>Height of a sample's row with its phrase.</summary>
    internal static int RowHeight(EvaluationSample sample) => PhraseHeight + Panel.Height(sample) + RowGap;

    private static void Head(Sheet sheet, GridHeading heading)
    {
        sheet.Text("Where does the model look for the phrase?", Margin, 40, 24, Ink);
        var before = heading.Before is { } share ? $"{Percent(share)} before training, " : "";
        sheet.Text($"Pointing accuracy on {heading.Count} test scenes: {before}{Percent(heading.After)} after;",
            Margin, 66, 15, Faint, maxWidth: Width - 2 * Margin);
        sheet.Text($"a random point hits {Percent(heading.Random)}.", Margin, 86, 15, Faint);
        string[] titles = ["scene and region", "before training", "after training"];
        for (var c = 0; c < Columns; c++)
            sheet.Text(titles[c], Left(c) + Side / 2f, HeadHeight - 18, 19, Ink, SKTextAlign.Center);
    }

    private static void Row(Sheet sheet, GridScene scene, int top)
    {
        var sample = scene.Sample;
        sheet.Text($"“{sample.Caption}”", Margin, top + 20, 18, Ink, maxWidth: Width - 2 * Margin);
        var y = top + PhraseHeight;
        Panel.Draw(sheet, sample, null, Left(0), y);
        Panel.Draw(sheet, sample, scene.Before, Left(1), y);
        Panel.Draw(sheet, sample, scene.After, Left(2), y);
    }

    private static int Left(int column) => Margin + column * (Side + Gap);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
