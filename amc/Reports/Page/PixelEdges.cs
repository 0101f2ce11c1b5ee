namespace AmcEngine.Amc.Reports.Page;

/// <summary>Follows the edges between cells of a grid that are set and those that are not.</summary>
internal static class PixelEdges
{
    /// <summary>
    /// Closed lines around the set cells, around holes too, by their corners. A cell (x, y) covers [x, x + 1] × [y, y +
    /// 1]. Cells that touch at a corner alone have lines of their own.
    /// </summary>
    /// <param name="columns">Columns of the grid.</param>
    /// <param name="rows">Rows of the grid.</param>
    /// <param name="isSet">Whether a cell is set.</param>
    public static IEnumerable<IReadOnlyList<(int X, int Y)>> Loops(int columns, int rows, Func<int, int, bool> isSet)
    {
        // The edges by where they begin, each with the set cell on its right hand.
        var open = new SortedDictionary<(int Y, int X), List<(int X, int Y)>>();
        for (var y = 0; y < rows; y++)
        {
            for (var x = 0; x < columns; x++)
            {
                if (!isSet(x, y))
                    continue;
                if (y == 0 || !isSet(x, y - 1))
                    Add(x, y, x + 1, y);
                if (x == columns - 1 || !isSet(x + 1, y))
                    Add(x + 1, y, x + 1, y + 1);
                if (y == rows - 1 || !isSet(x, y + 1))
                    Add(x + 1, y + 1, x, y + 1);
                if (x == 0 || !isSet(x - 1, y))
                    Add(x, y + 1, x, y);
            }
        }
        while (open.Count > 0)
            yield return Loop(open);

        void Add(int fromX, int fromY, int toX, int toY)
        {
            if (!open.TryGetValue((fromY, fromX), out var ends))
                open[(fromY, fromX)] = ends = [];
            ends.Add((toX, toY));
        }
    }

    private static List<(int X, int Y)> Loop(SortedDictionary<(int Y, int X), List<(int X, int Y)>> open)
    {
        (var startY, var startX) = open.Keys.First();
        var corners = new List<(int X, int Y)>();
        (int X, int Y) at = (startX, startY), direction = default;
        do
        {
            var next = Take(open, at, direction);
            (int X, int Y) now = (next.X - at.X, next.Y - at.Y);
            if (now != direction)
                corners.Add(at);
            (at, direction) = (next, now);
        }
        while (at != (startX, startY));
        return corners;
    }

    // Of two edges that begin at a corner where cells touch, the one that turns right stays with the same cell.
    private static (int X, int Y) Take(
        SortedDictionary<(int Y, int X), List<(int X, int Y)>> open, (int X, int Y) at, (int X, int Y) direction)
    {
        var ends = open[(at.Y, at.X)];
        var right = ends.FindIndex(e => (e.X - at.X, e.Y - at.Y) == (-direction.Y, direction.X));
        var chosen = ends.Count == 1 || right < 0 ? 0 : right;
        var end = ends[chosen];
        ends.RemoveAt(chosen);
        if (ends.Count == 0)
            open.Remove((at.Y, at.X));
        return end;
    }
}
