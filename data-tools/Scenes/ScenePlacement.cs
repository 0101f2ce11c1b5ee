namespace AmcEngine.DataTools;

/// <summary>Puts squares into a scene so that no two touch.</summary>
internal static class ScenePlacement
{
    private const int TriesPerItem = 24;
    private const int Gap = 1;

    /// <summary>
    /// Draws the top left corners of squares with the given sides; null if they did not fit this time.
    /// </summary>
    public static (int X, int Y)[]? TryPlace(ReadOnlySpan<int> sides, int size, SeededRandom random)
    {
        var corners = new (int X, int Y)[sides.Length];
        for (var i = 0; i < sides.Length; i++)
        {
            var placed = false;
            for (var attempt = 0; attempt < TriesPerItem && !placed; attempt++)
            {
                corners[i] = (random.NextInt(size - sides[i] + 1), random.NextInt(size - sides[i] + 1));
                placed = IsFree(corners, sides, i);
            }
            if (!placed)
                return null;
        }
        return corners;
    }

    private static bool IsFree((int X, int Y)[] corners, ReadOnlySpan<int> sides, int item)
    {
        (var x, var y) = corners[item];
        for (var i = 0; i < item; i++)
        {
            var apart = x + sides[item] + Gap <= corners[i].X || corners[i].X + sides[i] + Gap <= x
                || y + sides[item] + Gap <= corners[i].Y || corners[i].Y + sides[i] + Gap <= y;
            if (!apart)
                return false;
        }
        return true;
    }
}
