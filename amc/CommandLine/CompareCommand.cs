using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Reports;
using AmcEngine.Amc.Runs;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx compare</c>.</summary>
internal static class CompareCommand
{
    /// <summary>Prints a Markdown table and draws the curves, or does the same for methods or answers.</summary>
    /// <exception cref="ConfigException">
    /// A group is not NAME=DIR[,DIR…], or a folder holds no log with evaluations.
    /// </exception>
    public static int Run(CompareOptions options, CommandContext context)
    {
        if (options.Samples.Any())
            return CompareSamplesCommand.Run(options, context);
        if (options.Sanity && !options.Methods)
            throw new ConfigException("--sanity: goes with --methods alone; add it, or leave --sanity out");
        if (options.Methods)
            return CompareMethodsCommand.Run(options, context);
        if (!options.Groups.Any())
            throw new ConfigException("amcx compare: an argument is missing; amcx compare --help shows an example");
        if (options.Checkpoint is not null || (options.Config is not null && options.Report is null))
            throw new ConfigException(
                "amcx compare: --checkpoint goes with --methods alone, --config with --methods or --report; add it, "
                    + "or leave them out");
        CompareReport.CheckOutput(options);
        RunGroup[] groups = [.. options.Groups.Select(g => Parse(g, context.Warn))];
        int[] steps = [.. groups.SelectMany(g => g.Steps).Distinct().Order()];
        var heads = groups.Select(g => $"{g.Name} ({g.Runs} {(g.Runs == 1 ? "run" : "runs")})");
        context.Out.WriteLine($"| step | {string.Join(" | ", heads)} |");
        context.Out.WriteLine($"|---|{string.Concat(groups.Select(_ => "---|"))}");
        foreach (var step in steps)
            context.Out.WriteLine($"| {step} | {string.Join(" | ", groups.Select(g => Cell(g.At(step))))} |");
        if (options.Output is { } path)
            ComparisonPlot.Save(path, groups);
        if (options.Report is { } page)
            CompareReport.SaveRuns(page, groups, options, context);
        return ErrorReporter.Success;
    }

    private static string Cell(Spread? s) => s is { } x
        ? string.Create(CultureInfo.InvariantCulture, $"{x.Mean:0.000} ({x.Low:0.000}–{x.High:0.000})")
        : "";

    private static RunGroup Parse(string argument, Action<string> warn)
    {
        var parts = argument.Split('=', 2);
        if (parts is not [{ Length: > 0 } name, { Length: > 0 } folders])
            throw new ConfigException($"\"{argument}\": name a group of runs as NAME=DIR[,DIR...]");
        string[] all = [.. folders.Split(',').Select(PathText.Expand)];
        return new RunGroup(name, [.. all.Select(f => Evaluations(f, warn))]) { Folder = all[0] };
    }

    private static IReadOnlyList<(int Step, double Accuracy, double Random)> Evaluations(
        string folder, Action<string> warn)
    {
        if (!File.Exists(Path.Combine(folder, TrainingLog.FileName)))
            throw new ConfigException(
                $"{folder}: holds no {TrainingLog.FileName}; name the output folder of a training run");
        List<(int, double, double)> evaluations = TrainingLogReader.Read(folder, warn).Evaluations.ConvertAll(
            e => (e.Step, e.Accuracy, e.Random));
        return evaluations.Count > 0 ? evaluations : throw new ConfigException(
            $"{folder}: its log holds no evaluation; train with test data");
    }
}
