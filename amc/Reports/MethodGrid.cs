using System.Globalization;
using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports;

/// <summary>
/// Draws test pictures in rows: the picture with its region, and its heatmap by each explanation method.
/// </summary>
internal static class MethodGrid
{
    /// <summary>Most rows.</summary>
    public const int Rows = 6;

    private const int Side = 160;
    private const int TallestSide = 240;
    private const int Gap = 12;
    private const int Margin = 24;
    private const int PhraseHeight = 28;
    private const int RowGap = 12;
    private const int HeadHeight = 140;
    private const int LegendHeight = 92;
    // What the legend takes, where there are few columns.
    private const int LeastWidth = 720;

    private static readonly SKColor Ink = new(30, 30, 30);
    private static readonly SKColor Faint = new(110, 110, 110);
    private static readonly QuestionPanel Panel = new(Side, TallestSide);

    /// <summary>Draws the grid and writes it in the format that the name says.</summary>
    /// <param name="path">The file.</param>
    /// <param name="results">The methods, all asked the same questions.</param>
    /// <param name="questions">The questions, whose pictures are read again to be drawn.</param>
    /// <param name="split">What the data is called.</param>
    /// <exception cref="DataException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyList<MethodResult> results, IEvaluationSet questions, string split)
    {
        EvaluationSample[] samples = [.. results[0].First.Select(a => questions.Read(a.Index, [Panel.Picture]))];
        var width = Math.Max(LeastWidth, Left(results.Count + 1) - Gap + Margin);
        using var sheet = new Sheet(width, HeadHeight + samples.Sum(RowHeight) + LegendHeight);
        Head(sheet, results, split, width);
        var top = HeadHeight;
        for (var row = 0; row < samples.Length; row++)
        {
            var sample = samples[row];
            sheet.Text($"“{sample.Caption}”", Margin, top + 20, 17, Ink, maxWidth: width - 2 * Margin);
            Panel.Draw(sheet, sample, null, Left(0), top + PhraseHeight);
            for (var i = 0; i < results.Count; i++)
                Panel.Draw(sheet, sample, results[i].First[row].Map, Left(i + 1), top + PhraseHeight);
            top += RowHeight(sample);
        }
        QuestionPanel.Legend(sheet, Margin, top);
        sheet.Save(path);
    }

    private static void Head(Sheet sheet, IReadOnlyList<MethodResult> results, string split, int width)
    {
        var first = results[0].Result;
        sheet.Text("Where does the model look for the phrase, by each explanation method?", Margin, 40, 22, Ink,
            maxWidth: width - 2 * Margin);
        var below = $"Below a method: its pointing accuracy on {first.Count} questions ({split}); "
            + $"a random point hits {Percent(first.RandomAccuracy)}.";
        sheet.Text(below, Margin, 66, 15, Faint, maxWidth: width - 2 * Margin);
        sheet.Text("picture and region", Left(0) + Side / 2f, HeadHeight - 34, 16, Ink, SKTextAlign.Center);
        for (var i = 0; i < results.Count; i++)
        {
            var middle = Left(i + 1) + Side / 2f;
            sheet.Text(results[i].Method.Name, middle, HeadHeight - 34, 17, Ink, SKTextAlign.Center, Side);
            var accuracy = Percent(results[i].Result.Accuracy);
            sheet.Text(accuracy, middle, HeadHeight - 13, 15, Faint, SKTextAlign.Center, Side);
        }
    }

    private static int RowHeight(EvaluationSample sample) => PhraseHeight + Panel.Height(sample) + RowGap;

    private static int Left(int column) => Margin + column * (Side + Gap);

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.0} %");
}
