using AmcEngine.Tests.Architecture;
using NUnit.Framework;

namespace AmcEngine.Tests;

/// <summary>The arrows between source folders are those that docs/architecture.md allows.</summary>
[TestFixture]
internal sealed class ArchitectureTests
{
    private static readonly string[] Assemblies =
        ["AmcEngine.Files", "AmcEngine.Engine", "AmcEngine.Model", "AmcEngine.DataTools", "amcx", "AmcEngine.Bench"];

    private static readonly Lazy<(Dictionary<string, string> Folders, Arrow[] Arrows)> Found = new(Read);

    [Test]
    public void Folders_use_one_another_as_the_architecture_says()
    {
        var table = new ArchitectureTable(File.ReadAllText(Path.Combine(GoldenFiles.Root, "docs", "architecture.md")));
        var (folders, arrows) = Found.Value;
        Assert.That(string.Join('\n', table.Faults([.. folders.Values.Distinct()], arrows)), Is.Empty);
    }

    [Test]
    public void Signatures_bodies_handlers_and_types_without_code_are_seen()
    {
        var (folders, arrows) = Found.Value;
        Assert.Multiple(() =>
        {
            Assert.That(folders["AmcEngine.DataTools.IEvaluationSet"], Is.EqualTo("data-tools/Datasets"), "no code");
            Assert.That(folders["AmcEngine.DataTools.BoxFormat"], Is.EqualTo("data-tools/Regions"), "no code");
            Assert.That(Uses("Amc.Program", "Amc.CommandLine.Dispatcher"), "a call in a body");
            Assert.That(Uses("DataTools.IRegionDataset", "DataTools.UnusableSampleException"), Is.False, "a comment");
            Assert.That(Uses("Amc.Runs.TrainingLog", "DataTools.IFileDataset"), "a parameter");
            Assert.That(Uses("Amc.Reports.GridScenes", "DataTools.UnusableSampleException"), "a catch");
            Assert.That(Uses("Amc.CommandLine.ScenesOptions", "DataTools.SceneFormat"), "a property's type");
        });

        bool Uses(string from, string to) =>
            arrows.Any(a => a.FromType == $"AmcEngine.{from}" && a.ToType == $"AmcEngine.{to}");
    }

    private const string Circle = "the table allows a circle among ";

    private const string Knot = "The knot: `a/Left` and `a/Right`.";

    private const string Table = $"""
        ## Who may use whom

        | folder | may use |
        |---|---|
        | `a/Low` | nothing |
        | `a/Left` | `a/Low`, `a/Right` |
        | `a/Right` | `a/Low`, `a/Left` |
        | `b` | `a/*` |

        {Knot}

        - `a/Low` → `b`

        ## Another section
        | `c` | `a/*` |
        """;

    private static readonly Arrow[] Today =
    [
        new("a/Left", "a/Right", "L", "R"),
        new("a/Right", "a/Left", "R", "L"),
        new("b", "a/Right", "B", "R"),
        new("a/Low", "b", "W", "B"),
    ];

    [Test]
    public void What_the_table_allows_is_no_fault() => Assert.That(Faults(Table, Today), Is.Empty);

    [TestCase("a/Low", "a/Left")]
    [TestCase("a/Left", "b")]
    public void An_arrow_that_the_table_does_not_allow_is_a_fault(string from, string to) => Assert.That(
        Faults(Table, [.. Today, new Arrow(from, to, "X", "Y")]),
        Is.EqualTo(new[] { $"{from} may not use {to}: from type X in folder {from} to type Y in folder {to}" }));

    [Test]
    public void A_tolerated_arrow_that_is_gone_is_a_fault() => Assert.That(
        Faults(Table, Today[..^1]),
        Is.EqualTo(new[] { "the tolerated arrow from a/Low to b is gone: take it from the list" }));

    [Test]
    public void A_folder_without_a_row_and_a_row_without_a_folder_are_faults()
    {
        var faults = new ArchitectureTable(Table)
            .Faults(["a/Low", "a/Left", "a/Right", "a/New"], [.. Today, new("a/New", "a/Low", "N", "W")])
            .Where(f => f.StartsWith("the table", StringComparison.Ordinal));
        Assert.That(faults, Is.EqualTo(new[]
        {
            "the table lacks the folder a/New, which uses: a/Low",
            "the table's folder b is not there or holds no type",
        }));
    }

    [TestCase("| `a/Low` | nothing |", "| `a/Low` | `a/Left` |", ExpectedResult = Circle + "a/Low, the knot")]
    [TestCase(Knot, "", ExpectedResult = Circle + "a/Left, a/Right")]
    [TestCase(Knot, "The knot: `a/Left`, `a/Right` and `b`.", ExpectedResult = "")]
    public string A_circle_outside_of_the_knot_is_a_fault(string old, string changed)
    {
        var table = Table.Replace(old, changed, StringComparison.Ordinal);
        Assert.That(table, Is.Not.EqualTo(Table));
        return string.Join('\n', Faults(table, Today));
    }

    private static IEnumerable<string> Faults(string table, Arrow[] arrows) =>
        new ArchitectureTable(table).Faults(["a/Low", "a/Left", "a/Right", "b"], arrows);

    private static (Dictionary<string, string> Folders, Arrow[] Arrows) Read()
    {
        CompiledAssembly[] assemblies =
            [.. Assemblies.Select(a => new CompiledAssembly(Path.Combine(AppContext.BaseDirectory, $"{a}.dll")))];
        try
        {
            var folders = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (type, file) in assemblies.SelectMany(a => a.Sources(GoldenFiles.Root)))
            {
                var folder = Path.GetDirectoryName(file)!.Replace('\\', '/');
                if (!folders.TryAdd(type, folder) && folders[type] != folder)
                    throw new InvalidDataException($"{type} stands in two folders, {folders[type]} and {folder}");
            }
            var arrows = assemblies.SelectMany(a => a.Uses())
                .Where(u => folders.ContainsKey(u.Type) && folders.ContainsKey(u.Used))
                .Select(u => new Arrow(folders[u.Type], folders[u.Used], u.Type, u.Used))
                .Where(a => a.From != a.To);
            return (folders, [.. arrows.Distinct()]);
        }
        finally
        {
            foreach (var assembly in assemblies) assembly.Dispose();
        }
    }
}
