using System.Globalization;
using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports;

/// <summary>
/// Draws several maps of one picture: a cell a map with its pointed spot. Phrases alone stand side by side; a phrase
/// with words or layers has rows of its own.
/// </summary>
internal static class ExplanationGrid
{
    /// <summary>Most maps of a picture.</summary>
    public const int MostMaps = 240;

    private const int LongestSide = 360;
    private const int Columns = 6;
    private const int LeastColumn = 120;
    private const int Gap = 12;
    private const int Margin = 24;
    private const int LabelHeight = 30;
    private const int HeadHeight = 44;
    private const int LegendHeight = 48;
    private const int LegendWidth = 420;

    private static readonly SKColor Ink = new(30, 30, 30);
    private static readonly SKColor Faint = new(110, 110, 110);

    /// <summary>The size that the picture is drawn in.</summary>
    public static PictureTarget Shown { get; } = ExplanationPicture.ShownWithin(LongestSide);

    /// <summary>Draws and writes the grid, in the format that the name says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="views">The picture, last of all in the size that it is drawn in.</param>
    /// <param name="phrases">The phrases with their maps.</param>
    /// <param name="style">Colours and strength.</param>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, PictureViews views, IReadOnlyList<PhraseMaps> phrases, OverlayStyle style)
    {
        var picture = views.Images[^1];
        (string? Head, PartMap[] Maps)[] groups = phrases.All(p => p.Maps.Count == 1)
            ? [(null, [.. phrases.Select(p => p.Maps[0])])]
            : [.. phrases.Select(p => ((string?)Head(p), p.Maps.ToArray()))];
        var columns = Math.Min(Columns, groups.Max(g => g.Maps.Length));
        int column = Math.Max(LeastColumn, picture.Width), row = picture.Height + LabelHeight + Gap;
        var width = Math.Max(LegendWidth, 2 * Margin + columns * (column + Gap) - Gap);
        var height = 2 * Margin + LegendHeight + groups.Sum(
            g => (g.Head is null ? 0 : HeadHeight) + (g.Maps.Length + columns - 1) / columns * row);
        using var sheet = new Sheet(width, height);
        var top = Margin;
        foreach ((var head, var maps) in groups)
        {
            if (head is not null)
            {
                sheet.Text(head, Margin, top + 24, 20, Ink, maxWidth: width - 2 * Margin);
                top += HeadHeight;
            }
            for (var i = 0; i < maps.Length; i++)
            {
                if (i > 0 && i % columns == 0)
                    top += row;
                Cell(sheet, views, maps[i], Margin + i % columns * (column + Gap), top, column, style);
            }
            top += row;
        }
        sheet.ColorBar(SKRect.Create(Margin, top + 10, 150, 14), style.Colors);
        sheet.Text("each map, low to high", Margin + 162, top + 22, 14, Ink);
        sheet.Save(path);
    }

    private static string Head(PhraseMaps phrase) =>
        string.Create(CultureInfo.InvariantCulture, $"“{phrase.Phrase}”, score {phrase.Score:0.000}");

    private static void Cell(
        Sheet sheet, PictureViews views, PartMap part, int left, int top, int column, OverlayStyle style)
    {
        var picture = views.Images[^1];
        var x = left + (column - picture.Width) / 2f;
        var overlay = HeatmapOverlay.Draw(
            picture, part.Map.Enlarge(picture.Width, picture.Height), style.Opacity, style.Colors);
        sheet.Picture(overlay, SKRect.Create(x, top, picture.Width, picture.Height));
        if (views.PointIn(picture, part.Map.Peak(views.Width, views.Height)) is { } point)
            sheet.Spot(x + point.X, top + point.Y, Sheet.Neutral);
        else
            sheet.Label("flat", left + column / 2f, top + picture.Height / 2f);
        var middle = left + column / 2f;
        var below = top + picture.Height + 20;
        var label = part.Part == MapPart.Sentence ? $"“{part.Label}”" : part.Label;
        sheet.Text(label, middle, below, 15, part.Part == MapPart.Layer ? Faint : Ink, SKTextAlign.Center, column);
    }
}
