using System.Globalization;
using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.CommandLine;

/// <summary><c>amcx data NAME</c>: turns the original files of a data set into annotation files.</summary>
internal static class ImportCommand
{
    private const int BarWidth = 30;

    private static readonly string[] Head = ["split", "pictures", "phrases", "regions", "dropped", "published"];

    /// <summary>Runs the command.</summary>
    /// <exception cref="DataException">
    /// The originals are not as published, pictures are missing, or there is an import already.
    /// </exception>
    /// <exception cref="Files.FileWriteException">The output cannot be written.</exception>
    public static int Run(ImportOptions options, CommandContext context)
    {
        var isWatched = ReferenceEquals(context.Error, Console.Error) && !Console.IsErrorRedirected;
        var summary = DatasetRegistry.FindImported(options.Kind).Import(options.Request with
        {
            Progress = p => Show(p, context.Error, isWatched),
            Say = line => context.Error.WriteLine(MessageText.Line(line)),
        });
        if (isWatched)
            context.Error.Write("\r\u001b[K");
        Show(summary, context.Out);
        context.Out.WriteLine(
            $"written to {options.Output}: {string.Join(", ", summary.Splits.Keys.Select(s => $"{s}.json"))}, "
                + $"each with .regions.json, and {ImportSummary.FileName}");
        if (summary.ImageRoot is { } root)
            context.Out.WriteLine($"image_root: {root}");
        return ErrorReporter.Success;
    }

    // A bar on a terminal, plain lines elsewhere.
    private static void Show(ImportProgress progress, TextWriter output, bool isWatched)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{progress.File} {100 * progress.Share:0} %, {progress.Phrases} phrases, {progress.Regions} regions, "
                + $"{progress.Elapsed.TotalSeconds:0} s");
        if (!isWatched)
        {
            output.WriteLine(MessageText.Line(text));
            return;
        }
        var done = (int)(BarWidth * progress.Share);
        output.Write($"\r[{new string('#', done)}{new string('.', BarWidth - done)}] {MessageText.Line(text)}\u001b[K");
    }

    private static void Show(ImportSummary summary, TextWriter output)
    {
        List<string[]> rows = [Head];
        foreach ((var split, var counts) in summary.Splits)
        {
            rows.Add([split, Text(counts.Pictures), Text(counts.Phrases), Text(counts.Regions),
                Text(counts.Dropped.Values.Sum()), summary.IsUsual && summary.Dataset.Published.GetValueOrDefault(
                    split) is { } published ? Published(published) : ""]);
        }
        var widths = Enumerable.Range(0, Head.Length).Select(i => rows.Max(r => r[i].Length)).ToArray();
        foreach (var row in rows)
            output.WriteLine(string.Join("  ", row.Select(
                (cell, i) => i is 0 or 5 ? cell.PadRight(widths[i]) : cell.PadLeft(widths[i]))).TrimEnd());
        foreach ((var split, var counts) in summary.Splits)
        {
            if (counts.Regions > 0)
            {
                output.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{split}: {counts.MeanWords:0.0} words a phrase, regions of {counts.MeanWidth:0} × "
                        + $"{counts.MeanHeight:0} pixels on average"));
            }
            if (counts.Dropped.Count > 0)
                output.WriteLine(
                    $"{split} dropped: {string.Join(", ", counts.Dropped.Select(d => $"{d.Key} {Text(d.Value)}"))}");
        }
    }

    private static string Published(PublishedCounts counts) => string.Join(", ", new[]
    {
        counts.Pictures is { } pictures ? $"{Text(pictures)} pictures" : null,
        counts.Phrases is { } phrases ? $"{Text(phrases)} phrases" : null,
    }.OfType<string>());

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
