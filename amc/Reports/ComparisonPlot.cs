using AmcEngine.Amc.Drawing;
using AmcEngine.DataTools;
using ScottPlot;

namespace AmcEngine.Amc.Reports;

/// <summary>
/// Draws pointing accuracy by step of several groups of runs, each with the band between its extremes.
/// </summary>
internal static class ComparisonPlot
{
    private const int Width = 900;
    private const int Height = 480;

    private static readonly string[] Palette = ["#2ca02c", "#d62728", "#1f77b4", "#9467bd"];

    /// <summary>Writes the plot as PNG.</summary>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyList<RunGroup> groups)
    {
        PlotFonts.Install();
        using var plot = new Plot();
        plot.Title("Pointing accuracy on test scenes (mean and range over seeds)");
        plot.XLabel("step");
        plot.YLabel("share of hits");
        for (var i = 0; i < groups.Count; i++)
            Add(plot, groups[i], Color.FromHex(Palette[i % Palette.Length]));
        var chance = plot.Add.HorizontalLine(groups[0].Random, 1.5f, Color.FromHex("#777777"), LinePattern.Dashed);
        chance.LegendText = "a random point";
        plot.Axes.SetLimitsY(0, 1);
        plot.ShowLegend(Edge.Bottom);
        RgbImage.Decode(plot.GetImage(Width, Height).GetImageBytes(ImageFormat.Png), "plot").SavePng(path);
    }

    private static void Add(Plot plot, RunGroup group, Color color)
    {
        double[] steps = [.. group.Steps.Select(s => (double)s)];
        Spread[] spreads = [.. group.Steps.Select(s => group.At(s)!.Value)];
        var band = plot.Add.FillY(steps, [.. spreads.Select(s => s.Low)], [.. spreads.Select(s => s.High)]);
        band.FillColor = color.WithAlpha(0.18);
        band.LineWidth = 0;
        var line = plot.Add.Scatter(steps, [.. spreads.Select(s => s.Mean)], color);
        line.LegendText = group.Name;
        line.LineWidth = 2;
        line.MarkerSize = 6;
    }
}
