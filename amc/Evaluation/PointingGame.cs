using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation;

/// <summary>The rules of the pointing game (specification 7).</summary>
internal static class PointingGame
{
    /// <summary>Whether a pixel lies strictly inside any of the boxes; a point on an edge is a miss.</summary>
    public static bool IsHit(int x, int y, IReadOnlyList<Box> boxes)
    {
        foreach (var box in boxes)
        {
            if (x > box.X1 && x < box.X2 && y > box.Y1 && y < box.Y2)
                return true;
        }
        return false;
    }

    /// <summary>
    /// How likely a pixel drawn at random is a hit: the share of pixels strictly inside any box. Rows between two edges of
    /// boxes are alike, so that one of them is counted for all.
    /// </summary>
    public static double RandomChance(int width, int height, IReadOnlyList<Box> boxes)
    {
        (int Left, int Top, int Right, int Bottom)[] inside = [.. boxes
            .Select(b => (First(b.X1), First(b.Y1), End(b.X2, width), End(b.Y2, height)))
            .Where(b => b.Item1 < b.Item3 && b.Item2 < b.Item4)];
        int[] edges = [.. inside.SelectMany(b => new[] { b.Top, b.Bottom }).Distinct().Order()];
        long hits = 0;
        for (var i = 1; i < edges.Length; i++)
            hits += (edges[i] - edges[i - 1]) * Covered(inside.Where(b => b.Top <= edges[i - 1] && b.Bottom >= edges[i]).Select(b => (b.Left, b.Right)));
        return hits / ((double)width * height);
    }

    // The first pixel strictly behind an edge, of the picture's.
    private static int First(double edge) => (int)Math.Clamp(Math.Floor(edge) + 1, 0, int.MaxValue);

    // The pixel behind the last that is strictly before an edge.
    private static int End(double edge, int size) => (int)Math.Clamp(Math.Ceiling(edge), 0, size);

    private static long Covered(IEnumerable<(int Left, int Right)> spans)
    {
        long covered = 0;
        var done = 0;
        foreach ((var left, var right) in spans.Order())
        {
            covered += Math.Max(0, right - Math.Max(left, done));
            done = Math.Max(done, right);
        }
        return covered;
    }
}
