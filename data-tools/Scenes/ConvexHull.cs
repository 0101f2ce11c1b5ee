namespace AmcEngine.DataTools;

/// <summary>The outline of things that have none of their own.</summary>
internal static class ConvexHull
{
    /// <summary>The convex hull of the squares of a mask's pixels, by Andrew's monotone chain.</summary>
    /// <param name="pixels">A mask with at least one pixel.</param>
    public static Polygon Of(MaskPicture pixels)
    {
        List<(double X, double Y)> corners = [];
        for (var y = 0; y < pixels.Height; y++)
        {
            var row = pixels.Gray.AsSpan(y * pixels.Width, pixels.Width);
            int left = row.IndexOfAnyExcept((byte)0), right = row.LastIndexOfAnyExcept((byte)0) + 1;
            // Of a row's corners, only the outer ones can be corners of the hull.
            if (left >= 0)
                corners.AddRange([(left, y), (left, y + 1), (right, y), (right, y + 1)]);
        }
        (double X, double Y)[] sorted = [.. corners.Distinct().Order()];
        return new Polygon([.. Chain(sorted), .. Chain([.. sorted.Reverse()])]);
    }

    // One side of the hull, without its last point, which begins the other.
    private static IEnumerable<(double X, double Y)> Chain((double X, double Y)[] points)
    {
        List<(double X, double Y)> chain = [];
        foreach (var p in points)
        {
            while (chain.Count > 1 && Turn(chain[^2], chain[^1], p) <= 0)
                chain.RemoveAt(chain.Count - 1);
            chain.Add(p);
        }
        return chain.Take(chain.Count - 1);
    }

    private static double Turn((double X, double Y) a, (double X, double Y) b, (double X, double Y) c) =>
        (b.X - a.X) * (c.Y - a.Y) - (b.Y - a.Y) * (c.X - a.X);
}
