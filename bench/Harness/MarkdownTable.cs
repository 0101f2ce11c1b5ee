namespace AmcEngine.Bench.Harness;

/// <summary>
/// A Markdown table whose columns also line up as plain text: words to the left, numbers to the right.
/// </summary>
internal sealed class MarkdownTable(params string[] columns)
{
    /// <summary>What stands where nothing was measured.</summary>
    public const string None = "–";

    private readonly List<string[]> _rows = [];

    /// <summary>Adds a row.</summary>
    /// <exception cref="ArgumentException">It does not have as many cells as the table has columns.</exception>
    public void Add(params string[] cells)
    {
        if (cells.Length != columns.Length)
            throw new ArgumentException($"{cells.Length} cells in a table of {columns.Length} columns", nameof(cells));
        _rows.Add(cells);
    }

    public IEnumerable<string> Lines()
    {
        var widths =
            columns.Select((c, i) => Math.Max(3, _rows.Select(r => r[i].Length).Append(c.Length).Max())).ToArray();
        // The first column names the row; another holds words if its first cell does.
        var words = columns.Select((_, i) => i == 0 || (_rows.Count > 0 && char.IsLetter(_rows[0][i].FirstOrDefault())))
            .ToArray();
        yield return Line(columns, widths, words);
        var rules = widths.Select((w, i) => words[i] ? new string('-', w + 2) : new string('-', w + 1) + ':');
        yield return $"|{string.Join('|', rules)}|";
        foreach (var row in _rows) yield return Line(row, widths, words);
    }

    /// <summary>Writes the table between empty lines.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine();
        foreach (var line in Lines()) output.WriteLine(line);
        output.WriteLine();
    }

    private static string Line(string[] cells, int[] widths, bool[] words) =>
        $"| {string.Join(" | ", cells.Select((c, i) => words[i] ? c.PadRight(widths[i]) : c.PadLeft(widths[i])))} |";
}
