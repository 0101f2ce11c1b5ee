using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>One box from a map: where no detector proposes any, as in weakly supervised localisation (Zhou et al.
/// 2016).</summary>
internal static class MapBox
{
    /// <summary>Share of the map's range from which on a pixel counts.</summary>
    public const double DefaultThreshold = 0.5;

    /// <summary>
    /// Bounds of the largest group of neighbouring pixels (four neighbours) at or above min + threshold·(max − min);
    /// the first of groups of equal size, row by row. Null where the map is flat.
    /// </summary>
    /// <param name="map">The map, height × width numbers, row by row.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="threshold">Share of the map's range, 0..1.</param>
    public static Box? Of(ReadOnlySpan<float> map, int width, double threshold = DefaultThreshold)
    {
        (var low, var high) = RegionIou.Range(map);
        if (!(high > low))
            return null;
        var least = low + threshold * ((double)high - low);
        var open = new bool[map.Length];
        for (var i = 0; i < map.Length; i++)
            open[i] = map[i] >= least;
        var best = (Size: 0, Left: 0, Top: 0, Right: 0, Bottom: 0);
        var waiting = new Stack<int>();
        for (var i = 0; i < open.Length; i++)
        {
            if (!open[i])
                continue;
            var group = Group(open, width, i, waiting);
            if (group.Size > best.Size)
                best = group;
        }
        return new Box(best.Left, best.Top, best.Right + 1, best.Bottom + 1);
    }

    // Takes a group away and measures it.
    private static (int Size, int Left, int Top, int Right, int Bottom) Group(
        bool[] open, int width, int start, Stack<int> waiting)
    {
        var found = (Size: 0, Left: int.MaxValue, Top: int.MaxValue, Right: 0, Bottom: 0);
        open[start] = false;
        waiting.Push(start);
        while (waiting.TryPop(out var i))
        {
            int x = i % width, y = i / width;
            found = (found.Size + 1, Math.Min(found.Left, x), Math.Min(found.Top, y), Math.Max(found.Right, x),
                Math.Max(found.Bottom, y));
            Visit(x > 0, i - 1);
            Visit(x < width - 1, i + 1);
            Visit(i >= width, i - width);
            Visit(i + width < open.Length, i + width);
        }
        return found;

        void Visit(bool exists, int neighbour)
        {
            if (!exists || !open[neighbour])
                return;
            open[neighbour] = false;
            waiting.Push(neighbour);
        }
    }
}
