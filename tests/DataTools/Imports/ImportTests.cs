using System.Text.Json.Nodes;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools.Imports;

/// <summary>
/// What tests of importers share: originals in the true layout, written by the test, and what an import leaves.
/// </summary>
internal abstract class ImportTests : FolderTests
{
    private protected readonly List<string> _said = [];

    private protected string Root => _folder.PathOf("root");

    private protected string Output => _folder.PathOf("out");

    [SetUp]
    public void Forget() => _said.Clear();

    /// <summary>Writes an original.</summary>
    private protected void Original(string path, string text)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, text);
    }

    /// <summary>Writes a small picture among the originals.</summary>
    private protected void Picture(string path, int width = 8, int height = 8)
    {
        var full = Path.Combine(Root, path);
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        new RgbImage(width, height).SaveJpeg(full);
    }

    /// <summary>What to import.</summary>
    private protected ImportRequest Request => new(Root, Output) { Say = _said.Add };

    /// <summary>Imports, and expects the summary's file to say what the summary says.</summary>
    private protected ImportSummary Import(string name, ImportRequest? request = null)
    {
        var summary = DatasetRegistry.FindImported(name).Import(request ?? Request);
        var written = JsonNode.Parse(File.ReadAllText(Path.Combine(Output, ImportSummary.FileName)))!;
        Assert.That((string)written["dataset"]!, Is.EqualTo(name));
        foreach ((var split, var counts) in summary.Splits)
        {
            var node = written["splits"]![split]!;
            Assert.That(((int)node["pictures"]!, (long)node["phrases"]!, (long)node["regions"]!),
                Is.EqualTo((counts.Pictures, counts.Phrases, counts.Regions)), split);
            Assert.That(node["dropped"]!.AsObject().ToDictionary(d => d.Key, d => (long)d.Value!),
                Is.EquivalentTo(counts.Dropped), split);
        }
        Assert.That(Directory.GetFileSystemEntries(Output, "*.tmp*"), Is.Empty);
        return summary;
    }

    /// <summary>The entries of a split: picture, phrases joined by '|', and boxes as text.</summary>
    private protected string[] Entries(string split)
    {
        return [.. AnnotationFile.Load(Path.Combine(Output, $"{split}.json"), BoxFormat.Corners).Select(Line)];

        static string Line(RegionAnnotation a)
        {
            var boxes = string.Join(' ', a.Regions.Cast<Box>().Select(Text));
            return $"{a.Image}: {string.Join('|', a.Captions)} {boxes}".TrimEnd();
        }

        static string Text(Box b) => FormattableString.Invariant($"[{b.X1},{b.Y1},{b.X2},{b.Y2}]");
    }

    /// <summary>The entries of a split's richer file, as JSON.</summary>
    private protected JsonObject[] Rich(string split) =>
        [.. JsonNode.Parse(File.ReadAllText(Path.Combine(Output, $"{split}.regions.json")))!.AsArray()
            .Select(n => n!.AsObject())];

    /// <summary>
    /// Expects an import to be refused in one line, and nothing to be left but perhaps the list of missing pictures.
    /// </summary>
    private protected void Refused(string name, ImportRequest? request, params string[] parts)
    {
        var error =
            Assert.Throws<DataException>(() => DatasetRegistry.FindImported(name).Import(request ?? Request))!.Message;
        Assert.That(error, Does.Not.Contain("\n"));
        foreach (var part in parts)
            Assert.That(error, Does.Contain(part));
        if (Directory.Exists(Output))
            Assert.That(
                Directory.GetFileSystemEntries(Output).Select(Path.GetFileName), Is.SubsetOf(new[] { "missing.txt" }));
    }

    /// <summary>What was dropped of a split, as <c>reason n</c>.</summary>
    private protected static string[] Dropped(ImportSummary summary, string split) =>
        [.. summary.Splits[split].Dropped.Select(d => $"{d.Key} {d.Value}")];
}
