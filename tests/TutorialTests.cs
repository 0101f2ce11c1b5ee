using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using AmcEngine.DataTools;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;
using SkiaSharp;

namespace AmcEngine.Tests;

/// <summary>
/// docs/tutorial.md, done word by word: its files are written, its photographs drawn, its commands run in order.
/// </summary>
[TestFixture, NonParallelizable]
internal sealed partial class TutorialTests : FolderTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "tutorial.md"))
        .ReplaceLineEndings("\n");

    [Test]
    public void Every_command_of_the_tutorial_does_what_it_says()
    {
        Match[] files = [.. NamedFile().Matches(Text).Cast<Match>()];
        Assert.That(files.Select(f => f.Groups["name"].Value),
            Is.EqualTo(new[] { "train.json", "test.json", "base.yaml", "mine.yaml" }));
        foreach (var file in files)
            _folder.Write(file.Groups["name"].Value, file.Groups["text"].Value);
        foreach (var list in files.Where(f => f.Groups["name"].Value.EndsWith(".json", StringComparison.Ordinal)))
            DrawPhotographs(JsonNode.Parse(list.Groups["text"].Value)!.AsArray());

        string[] commands =
            [.. Commands().Matches(Text).SelectMany(m => m.Groups["text"].Value.Split('\n')).Where(l => l.Length > 0)];
        Assert.That(commands, Has.Length.GreaterThan(6).And.All.StartsWith("amcx "));
        var outputs = "";
        var before = Environment.CurrentDirectory;
        try
        {
            // The commands name files as somebody does who stands in the folder.
            Environment.CurrentDirectory = _folder.Path;
            foreach (var command in commands)
            {
                var answer = Amcx.Run([.. Argument().Matches(command).Skip(1).Select(a => a.Value.Trim('"'))]);
                Assert.That(answer.Code, Is.Zero, $"{command}\n{answer.Error}");
                // The one thing said is which method does not apply to the model.
                Assert.That(answer.Error.Replace("note: grad-eclip does not apply to this model's score\n", "",
                    StringComparison.Ordinal), Is.Empty, command);
                outputs += answer.Out;
            }
        }
        finally
        {
            Environment.CurrentDirectory = before;
        }
        Assert.That(outputs, Does.Contain("pointing accuracy").And.Contain("on 3 samples").And.Contain("entries    6"));
        foreach (var named in NamedOutput().Matches(string.Join('\n', commands)).Select(m => m.Groups["name"].Value))
            Assert.That(Path.Exists(_folder.PathOf(named)), $"{named} is written");
        foreach (var left in new[] { "grid.png", "report.html", "log.jsonl" })
            Assert.That(File.Exists(_folder.PathOf($"runs/mine/{left}")), left);
    }

    // Each region is filled with the colour that its phrase begins with, on grey.
    private void DrawPhotographs(JsonArray entries)
    {
        foreach (var entriesOfOne in entries.GroupBy(e => (string)e!["image"]!))
        {
            int width = (int)entriesOfOne.First()!["width"]!, height = (int)entriesOfOne.First()!["height"]!;
            using var bitmap = new SKBitmap(width, height);
            using (var canvas = new SKCanvas(bitmap))
            {
                canvas.Clear(SKColors.LightGray);
                foreach (var entry in entriesOfOne)
                {
                    Assert.That(SKColor.TryParse(Colours[((string)entry!["caption"]!).Split(' ')[0]], out var colour));
                    Draw(canvas, entry["regions"]![0]!, colour);
                }
            }
            var path = _folder.PathOf(entriesOfOne.Key);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            RgbImage.FromBitmap(bitmap).Save(path);
        }
    }

    private static readonly Dictionary<string, string> Colours =
        new() { ["red"] = "#d01010", ["blue"] = "#1030d0", ["green"] = "#10a020", ["yellow"] = "#e0d010" };

    private static void Draw(SKCanvas canvas, JsonNode region, SKColor colour)
    {
        using var paint = new SKPaint
        {
            Color = colour,
            StrokeWidth = (float?)region["width"] ?? 1,
            IsStroke = region["scribble"] is not null
        };
        var numbers = (region["polygon"] ?? region["scribble"] ?? region["points"])?.AsArray();
        if (region["box"] is { } box)
            canvas.DrawRect(SKRect.Create((float)box[0]!, (float)box[1]!, (float)box[2]! - (float)box[0]!,
                (float)box[3]! - (float)box[1]!), paint);
        else if (region["radius"] is { } radius)
            canvas.DrawCircle((float)numbers![0]![0]!, (float)numbers[0]![1]!, (float)radius, paint);
        else
            DrawLine(canvas, [.. numbers!.Select(p => new SKPoint((float)p![0]!, (float)p[1]!))], paint);
    }

    private static void DrawLine(SKCanvas canvas, SKPoint[] points, SKPaint paint)
    {
        using var builder = new SKPathBuilder();
        builder.AddPoly(points, close: !paint.IsStroke);
        using var path = builder.Detach();
        canvas.DrawPath(path, paint);
    }

    [GeneratedRegex(@"^`(?<name>[\w.]+)`[^\n]*:\n\n```(json|yaml)\n(?<text>.*?)\n```",
        RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex NamedFile();

    [GeneratedRegex(@"^```sh\n(?<text>.*?)\n```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Commands();

    [GeneratedRegex("""
        "[^"]*"|\S+
        """)]
    private static partial Regex Argument();

    [GeneratedRegex(@"--(output|sheet|report|samples|json) (?<name>\S+)")]
    private static partial Regex NamedOutput();
}
