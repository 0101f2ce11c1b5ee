using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>The rules of the pointing game (specification 7).</summary>
internal static class PointingGame
{
    /// <summary>
    /// Whether a pixel lies in any of the regions; by the reference's rule, strictly inside: a point on an edge is a
    /// miss.
    /// </summary>
    public static bool IsHit(int x, int y, IReadOnlyList<Region> regions, Edges edges = Edges.Strict)
    {
        foreach (var region in regions)
        {
            if (region.Contains(x, y, edges))
                return true;
        }
        return false;
    }

    /// <summary>How likely a pixel drawn at random is a hit: the share of pixels strictly inside any region.</summary>
    public static double RandomChance(int width, int height, IReadOnlyList<Region> regions) =>
        regions.All(r => r is Box)
            ? ChanceOfBoxes(width, height, [.. regions.Cast<Box>()])
            : ChanceByCounting(width, height, regions);

    // Every pixel within the regions' bounds is asked.
    private static double ChanceByCounting(int width, int height, IReadOnlyList<Region> regions)
    {
        Box[] bounds = [.. regions.Select(r => r.Bounds)];
        int left = First(bounds.Min(b => b.X1)), right = End(bounds.Max(b => b.X2), width),
            bottom = End(bounds.Max(b => b.Y2), height);
        long hits = 0;
        for (var y = First(bounds.Min(b => b.Y1)); y < bottom; y++)
        {
            for (var x = left; x < right; x++)
                hits += IsHit(x, y, regions) ? 1 : 0;
        }
        return hits / ((double)width * height);
    }

    // Rows between two edges of boxes are alike, so that one of them is counted for all.
    private static double ChanceOfBoxes(int width, int height, Box[] boxes)
    {
        (int Left, int Top, int Right, int Bottom)[] inside = [.. boxes
            .Select(b => (First(b.X1), First(b.Y1), End(b.X2, width), End(b.Y2, height)))
            .Where(b => b.Item1 < b.Item3 && b.Item2 < b.Item4)];
        int[] edges = [.. inside.SelectMany(b => new[] { b.Top, b.Bottom }).Distinct().Order()];
        long hits = 0;
        for (var i = 1; i < edges.Length; i++)
            hits += (edges[i] - edges[i - 1]) * Covered(
                inside.Where(b => b.Top <= edges[i - 1] && b.Bottom >= edges[i]).Select(b => (b.Left, b.Right)));
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
