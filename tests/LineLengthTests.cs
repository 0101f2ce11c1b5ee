using NUnit.Framework;

namespace AmcEngine.Tests;

/// <summary>No line of the sources and the documents is longer than an editor's window beside another one.</summary>
[TestFixture]
internal sealed class LineLengthTests
{
    /// <summary>As max_line_length of .editorconfig.</summary>
    private const int Most = 120;

    private static readonly string[] Made = ["bin", "obj", ".git", "TestResults", "runs"];

    [Test]
    public void Lines_of_sources_are_no_longer_than_120_columns() => Assert.That(
        Files("*.cs").Where(f => !f.EndsWith(".g.cs", StringComparison.Ordinal))
            .SelectMany(f => Long(f, SourceLines(f))), Is.Empty);

    [Test]
    public void Lines_of_documents_are_no_longer_than_120_columns() =>
        Assert.That(Files("*.md").SelectMany(f => Long(f, DocumentLines(f))), Is.Empty);

    [Test]
    public void The_editor_is_told_the_same() => Assert.That(
        File.ReadLines(Path.Combine(GoldenFiles.Root, ".editorconfig")), Does.Contain($"max_line_length = {Most}"));

    [Test]
    public void A_long_line_is_found_and_what_cannot_be_broken_is_left()
    {
        using var folder = new DataTools.TempFolder();
        string wide = new('x', Most + 1), quotes = new('"', 3);
        var source = folder.Write(
            "a.cs", $"{wide}\n{wide[1..]}\nvar a = {quotes}\n    {wide}\n    {quotes};\n{wide}\n");
        Assert.That(Long(source, SourceLines(source)).Select(Number), Is.EqualTo(new[] { 1, 6 }));
        var document = folder.Write("a.md", $"# {wide}\n| {wide} |\n```\n{wide}\n```\n{wide}\n");
        Assert.That(Long(document, DocumentLines(document)).Select(Number), Is.EqualTo(new[] { 6 }));

        static int Number(string found) =>
            int.Parse(found.Split(':')[1], System.Globalization.CultureInfo.InvariantCulture);
    }

    private static IEnumerable<string> Files(string pattern) =>
        Directory.EnumerateFiles(GoldenFiles.Root, pattern, SearchOption.AllDirectories)
            .Where(
                f => !Path.GetRelativePath(GoldenFiles.Root, f).Split(Path.DirectorySeparatorChar).Any(Made.Contains));

    private static IEnumerable<string> Long(string file, IEnumerable<(int Number, string Line)> lines) =>
        from line in lines
        where line.Line.EnumerateRunes().Count() > Most
        select $"{Path.GetRelativePath(GoldenFiles.Root, file)}:{line.Number}: {line.Line.Trim()}";

    // Raw texts are what they are: breaking their lines changes them.
    private static IEnumerable<(int Number, string Line)> SourceLines(string file)
    {
        var (number, isRaw) = (0, false);
        foreach (var line in File.ReadLines(file))
        {
            number++;
            var quotes = line.Split("\"\"\"").Length - 1;
            if (!isRaw && quotes == 0)
                yield return (number, line);
            isRaw ^= quotes % 2 == 1;
        }
    }

    // Rows of tables and headings take one line; code is what it is.
    private static IEnumerable<(int Number, string Line)> DocumentLines(string file)
    {
        var (number, isCode) = (0, false);
        foreach (var line in File.ReadLines(file))
        {
            number++;
            var isFence = line.TrimStart().StartsWith("```", StringComparison.Ordinal);
            isCode ^= isFence;
            if (!isCode && !isFence && !line.TrimStart().StartsWith('|') && !line.StartsWith('#'))
                yield return (number, line);
        }
    }
}
