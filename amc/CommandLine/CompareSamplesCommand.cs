using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx compare --samples</c>.</summary>
internal static class CompareSamplesCommand
{
    /// <summary>Prints a Markdown table for each file after the first, compared with the first question by
    /// question.</summary>
    /// <exception cref="ConfigException">There are less than two files, or other arguments do not go with
    /// them.</exception>
    public static int Run(CompareOptions options, CommandContext context)
    {
        string[] files = [.. options.Samples];
        if (files.Length < 2)
            throw new ConfigException(
                "--samples: name two files or more that eval --samples wrote for the same test data");
        if (options.Methods || options.Groups.Any())
            throw new ConfigException(
                "--samples: goes with neither --methods nor groups of runs; compare one or the other");
        if (options.Config is not null && options.Report is null)
            throw new ConfigException("--samples: --config goes with --report; add it, or leave --config out");
        CompareReport.CheckOutput(options);
        var first = AnswerFileReader.Read(files[0]);
        List<(string Name, IReadOnlyList<AnswerLine> Lines)> answers = [(files[0], first)];
        List<PairedComparison> comparisons = [];
        foreach (var file in files.Skip(1))
        {
            var lines = AnswerFileReader.Read(file);
            var comparison = PairedComparison.Of(first, lines, (files[0], file), new Bootstrap());
            answers.Add((file, lines));
            comparisons.Add(comparison);
            context.Out.WriteLine($"{file} beside {files[0]}");
            context.Out.WriteLine();
            context.Out.WriteLine("| metric | first | second | difference | 95 % interval | p | questions |");
            context.Out.WriteLine("|---|---|---|---|---|---|---|");
            foreach (var metric in comparison.Metrics)
                context.Out.WriteLine(Row(metric));
            context.Out.WriteLine();
            if (comparison.Left > 0)
                context.Note($"{comparison.Left} questions are in one of the two files alone and do not count");
        }
        context.Out.WriteLine(
            "Hits by McNemar's exact test, other metrics by the paired bootstrap; pictures are drawn, not questions.");
        if (options.Report is { } page)
            CompareReport.SaveAnswers(page, answers, comparisons, options, context);
        return ErrorReporter.Success;
    }

    private static string Row(ComparedMetric m) => string.Create(
        CultureInfo.InvariantCulture,
        $"| {m.Name} | {m.First:0.0000} | {m.Second:0.0000} | {m.Pair.Difference:+0.0000;-0.0000;0.0000} | "
            + $"{m.Pair.Low:0.0000} to {m.Pair.High:0.0000} | {m.Pair.PValue:0.####} | {m.Pair.Count} |");
}
