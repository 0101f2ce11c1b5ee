using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.DataTools;
using ScottPlot;

namespace AmcEngine.Amc.Reports;

/// <summary>One checkpoint of a run as it was evaluated.</summary>
/// <param name="Step">Steps it was trained for.</param>
/// <param name="Checkpoint">Its folder.</param>
/// <param name="Result">The outcome.</param>
/// <param name="Accuracy">Pointing accuracy with its interval.</param>
internal sealed record CurvePoint(int Step, string Checkpoint, PointingResult Result, Estimate Accuracy);

/// <summary>Draws the pointing accuracy of a run's checkpoints by step, with the band of their intervals.</summary>
internal static class CheckpointPlot
{
    private const int Width = 900;
    private const int Height = 480;

    /// <summary>Writes the plot.</summary>
    /// <param name="path">The file, a picture by its name.</param>
    /// <param name="points">At least one checkpoint, in the order of their steps.</param>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyList<CurvePoint> points)
    {
        PlotFonts.Install();
        using var plot = new Plot();
        plot.Title("Pointing accuracy of the run's checkpoints (95 % interval)");
        plot.XLabel("step");
        plot.YLabel("share of hits");
        double[] steps = [.. points.Select(p => (double)p.Step)];
        var color = Color.FromHex("#2ca02c");
        var band = plot.Add.FillY(
            steps, [.. points.Select(p => p.Accuracy.Low)], [.. points.Select(p => p.Accuracy.High)]);
        band.FillColor = color.WithAlpha(0.18);
        band.LineWidth = 0;
        // A single checkpoint has no band.
        foreach (var point in points)
            plot.Add.Line(point.Step, point.Accuracy.Low, point.Step, point.Accuracy.High).Color = color;
        var line = plot.Add.Scatter(steps, [.. points.Select(p => p.Accuracy.Value)], color);
        line.LegendText = "pointing accuracy";
        line.LineWidth = 2;
        line.MarkerSize = 7;
        var chance = plot.Add.HorizontalLine(
            points[0].Result.RandomAccuracy, 1.5f, Color.FromHex("#777777"), LinePattern.Dashed);
        chance.LegendText = "a random point";
        plot.Axes.SetLimitsY(0, 1);
        plot.ShowLegend(Edge.Bottom);
        RgbImage.Decode(plot.GetImage(Width, Height).GetImageBytes(ImageFormat.Png), "plot").Save(path);
    }
}
