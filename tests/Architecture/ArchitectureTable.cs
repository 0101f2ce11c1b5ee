using System.Text.RegularExpressions;

namespace AmcEngine.Tests.Architecture;

/// <summary>That a type of one folder uses a type of another.</summary>
/// <param name="From">The folder of the user.</param>
/// <param name="To">The folder of the used.</param>
/// <param name="FromType">The user.</param>
/// <param name="ToType">The used.</param>
internal readonly record struct Arrow(string From, string To, string FromType, string ToType);

/// <summary>
/// The table "who may use whom" of docs/architecture.md: a row a folder, <c>project/*</c> for all folders of a project;
/// the one knot, within which circles are allowed; and the arrows that are tolerated until they are gone.
/// </summary>
internal sealed partial class ArchitectureTable
{
    private readonly Dictionary<string, string[]> _rows = new(StringComparer.Ordinal);
    private readonly HashSet<string> _knot = new(StringComparer.Ordinal);
    private readonly List<(string From, string To)> _tolerated = [];

    /// <summary>Reads the table from the document's section "Who may use whom".</summary>
    /// <param name="document">The document's text.</param>
    /// <exception cref="InvalidDataException">There is no such section, or a folder has two rows.</exception>
    public ArchitectureTable(string document)
    {
        var section = Section().Match(document);
        if (!section.Success) throw new InvalidDataException("no section \"Who may use whom\"");
        foreach (var line in section.Groups["text"].Value.Split('\n'))
        {
            string[] names = [.. Quoted().Matches(line).Select(m => m.Groups[1].Value)];
            if (line.StartsWith("| `", StringComparison.Ordinal) && !_rows.TryAdd(names[0], names[1..]))
                throw new InvalidDataException($"two rows of {names[0]}");
            if (line.StartsWith("The knot: ", StringComparison.Ordinal)) _knot.UnionWith(names);
            if (line.StartsWith("- `", StringComparison.Ordinal)) _tolerated.Add((names[0], names[1]));
        }
    }

    /// <summary>All in which folders and arrows differ from the table, a line each; empty where nothing does.</summary>
    /// <param name="folders">All source folders.</param>
    /// <param name="arrows">All arrows between two of them.</param>
    public IEnumerable<string> Faults(IReadOnlyCollection<string> folders, IReadOnlyCollection<Arrow> arrows) =>
        [.. Unknown(folders, arrows), .. Forbidden(arrows), .. Gone(arrows), .. Circles()];

    private IEnumerable<string> Unknown(IReadOnlyCollection<string> folders, IReadOnlyCollection<Arrow> arrows)
    {
        foreach (var folder in folders.Where(f => !_rows.ContainsKey(f)))
        {
            var uses = arrows.Where(a => a.From == folder).Select(a => a.To).Distinct().Order(StringComparer.Ordinal);
            yield return $"the table lacks the folder {folder}, which uses: {string.Join(", ", uses)}";
        }
        foreach (var row in _rows.Keys.Except(folders))
            yield return $"the table's folder {row} is not there or holds no type";
        var named = _rows.SelectMany(r => r.Value.Select(name => (r.Key, name)));
        foreach (var (row, name) in named.Where(p => !Names(p.name).Any()))
            yield return $"the row of {row} names {name}, which is no folder of the table";
        foreach (var name in _knot.Where(name => !_rows.ContainsKey(name)))
            yield return $"the knot names {name}, which is no folder of the table";
    }

    private IEnumerable<string> Forbidden(IEnumerable<Arrow> arrows)
    {
        var forbidden = arrows.Where(a => !Allows(a.From, a.To) && !_tolerated.Contains((a.From, a.To)));
        foreach (var found in forbidden.GroupBy(a => (a.From, a.To)))
        {
            var (from, to, fromType, toType) = found.First();
            var more = found.Count() > 1 ? $" and {found.Count() - 1} more" : "";
            var types = $"from type {fromType} in folder {from} to type {toType} in folder {to}";
            yield return $"{from} may not use {to}: {types}{more}";
        }
    }

    private IEnumerable<string> Gone(IReadOnlyCollection<Arrow> arrows)
    {
        foreach (var (from, to) in _tolerated.Where(t => !arrows.Any(a => (a.From, a.To) == t)))
            yield return $"the tolerated arrow from {from} to {to} is gone: take it from the list";
        foreach (var (from, to) in _tolerated.Where(t => Allows(t.From, t.To)))
            yield return $"the tolerated arrow from {from} to {to} is allowed as well: take it from one of the two";
    }

    // Folders that only point to folders already taken away go too; what is left is in a circle, or points at one.
    private IEnumerable<string> Circles()
    {
        var left = _rows.GroupBy(r => Place(r.Key), r => r.Value.SelectMany(Names).Select(Place))
            .ToDictionary(g => g.Key, g => g.SelectMany(to => to).Where(to => to != g.Key).ToHashSet());
        while (left.Where(f => !f.Value.Overlaps(left.Keys)).Select(f => f.Key).ToArray() is { Length: > 0 } free)
            foreach (var folder in free) left.Remove(folder);
        // The other way round, so that only the circles themselves stay.
        while (left.Keys.Where(f => !left.Values.Any(to => to.Contains(f))).ToArray() is { Length: > 0 } free)
            foreach (var folder in free) left.Remove(folder);
        var names = string.Join(", ", left.Keys.Order(StringComparer.Ordinal));
        if (left.Count > 0) yield return $"the table allows a circle among {names}";
    }

    private bool Allows(string from, string to) =>
        _rows.TryGetValue(from, out var names) && names.Any(n => n == to || IsOf(to, n));

    // The knot's folders count as one.
    private string Place(string folder) => _knot.Contains(folder) ? "the knot" : folder;

    private IEnumerable<string> Names(string name) => _rows.Keys.Where(f => f == name || IsOf(f, name));

    // Whether a name stands for all folders of a project, and the folder is one of them.
    private static bool IsOf(string folder, string name) => folder.Split('/')[0] + "/*" == name;

    [GeneratedRegex(@"^## Who may use whom\n(?<text>.*?)(?=^## |\z)", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex Section();

    [GeneratedRegex("`([^`]+)`")]
    private static partial Regex Quoted();
}
