namespace AmcEngine.Amc.Profiling;

/// <summary>Columns of text: the first to the left, numbers to the right.</summary>
/// <param name="heads">Heads of the columns.</param>
internal sealed class TextTable(params string[] heads)
{
    private readonly List<string[]> _rows = [heads];

    /// <summary>Adds a row.</summary>
    public void Add(params string[] cells) => _rows.Add(cells);

    /// <summary>Writes all rows.</summary>
    public void Write(TextWriter output)
    {
        int[] widths = [.. heads.Select((_, c) => _rows.Max(r => r[c].Length))];
        foreach (var row in _rows)
            output.WriteLine(string.Concat(row.Select(
                (cell, c) => c == 0 ? "  " + cell.PadRight(widths[c]) : "  " + cell.PadLeft(widths[c]))).TrimEnd());
    }
}
