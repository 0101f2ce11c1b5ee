using AmcEngine.DataTools;
using ScottPlot;

namespace AmcEngine.Amc.Drawing;

/// <summary>One line of the losses' plot.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Steps">The steps.</param>
/// <param name="Values">One value a step.</param>
internal sealed record Curve(string Name, double[] Steps, double[] Values);

/// <summary>Draws how losses fell and pointing accuracy rose during training.</summary>
internal static class CurvePlot
{
    private const int Width = 900;
    private const int Height = 420;
    private const int SmoothOver = 15;

    private static readonly string[] Palette =
    [
        "#1f77b4", "#ff7f0e", "#2ca02c", "#d62728", "#9467bd", "#8c564b", "#17becf"
    ];

    /// <summary>Draws both plots, one above the other, and writes them as PNG.</summary>
    /// <param name="path">The file.</param>
    /// <param name="losses">Loss curves.</param>
    /// <param name="accuracy">Pointing accuracy by step; null where it was not measured.</param>
    /// <param name="random">How often a random point hits.</param>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, IReadOnlyList<Curve> losses, Curve? accuracy, double random)
    {
        PlotFonts.Install();
        using var sheet = new Sheet(Width, accuracy is null ? Height : 2 * Height);
        sheet.Picture(Render(Losses(losses)), new SkiaSharp.SKRect(0, 0, Width, Height));
        if (accuracy is not null)
            sheet.Picture(Render(Accuracy(accuracy, random)), new SkiaSharp.SKRect(0, Height, Width, 2 * Height));
        sheet.Save(path);
    }

    private static Plot Losses(IReadOnlyList<Curve> losses)
    {
        var plot = New($"Losses (mean of the last {SmoothOver} logged steps)", "loss");
        for (var i = 0; i < losses.Count; i++)
        {
            var line = plot.Add.ScatterLine(
                losses[i].Steps, Smooth(losses[i].Values), Color.FromHex(Palette[i % Palette.Length]));
            line.LegendText = losses[i].Name;
            line.LineWidth = 1.8f;
            // A line of few points, or of one, is not seen without them.
            if (losses[i].Steps.Length <= SmoothOver) line.MarkerSize = 5;
        }
        plot.ShowLegend(Alignment.UpperRight);
        return plot;
    }

    private static Plot Accuracy(Curve accuracy, double random)
    {
        var plot = New("Pointing accuracy on test scenes", "share of hits");
        var line = plot.Add.Scatter(accuracy.Steps, accuracy.Values, Color.FromHex(Palette[2]));
        line.LegendText = accuracy.Name;
        line.LineWidth = 2;
        line.MarkerSize = 7;
        var chance = plot.Add.HorizontalLine(random, 1.5f, Color.FromHex("#777777"), LinePattern.Dashed);
        chance.LegendText = "a random point";
        plot.Axes.SetLimitsY(0, 1);
        plot.ShowLegend(Alignment.LowerRight);
        return plot;
    }

    private static Plot New(string title, string y)
    {
        var plot = new Plot();
        plot.Title(title);
        plot.XLabel("step");
        plot.YLabel(y);
        plot.Axes.Bottom.TickGenerator = new ScottPlot.TickGenerators.NumericAutomatic { IntegerTicksOnly = true };
        return plot;
    }

    private static RgbImage Render(Plot plot)
    {
        using (plot)
            return RgbImage.Decode(plot.GetImage(Width, Height).GetImageBytes(ImageFormat.Png), "plot");
    }

    // Single steps scatter more than training moves them.
    private static double[] Smooth(double[] values)
    {
        var result = new double[values.Length];
        double sum = 0;
        for (var i = 0; i < values.Length; i++)
        {
            sum += values[i];
            if (i >= SmoothOver)
                sum -= values[i - SmoothOver];
            result[i] = sum / Math.Min(i + 1, SmoothOver);
        }
        return result;
    }
}
