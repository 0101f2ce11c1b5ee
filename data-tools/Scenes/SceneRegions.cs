namespace AmcEngine.DataTools;

/// <summary>
/// Annotates generated scenes by regions of any kind. A scene's annotation depends on the scene alone, (seed, split,
/// number), so that it is the same in every run and in exported files.
/// </summary>
public static class SceneRegions
{
    private const ulong Stream = 0x726567696F6EUL;
    private const int Drawn = 5;
    private const int PointCount = 3;
    private const int StrokeCount = 3;
    private const int Tries = 30;

    // Radius of points, and half the width of scribbles, as a share of the picture's side.
    private const double Radius = 1.5 / 64;

    // How far a scribble goes between two of its points, as a share of the side.
    private const double Reach = 8.0 / 64;

    /// <summary>The region of a scene.</summary>
    /// <param name="scene">The scene.</param>
    /// <param name="kind">The kind of region.</param>
    /// <param name="share">Share of the scenes that are annotated at all.</param>
    /// <param name="seed">The scenes' seed.</param>
    /// <param name="split">Their stream.</param>
    /// <param name="number">The scene's number.</param>
    /// <returns>One region, or none.</returns>
    public static IReadOnlyList<Region> Of(
        Scene scene, SceneRegionKind kind, double share, ulong seed, SceneSplit split, long number)
    {
        ArgumentNullException.ThrowIfNull(scene);
        // Each part of an annotation has a stream of its own, so that the share does not move the points.
        if (share < 1 && !new SeededRandom(seed, Stream, (ulong)split, (ulong)number).Chance(share))
            return [];
        var random = new SeededRandom(seed, Stream, (ulong)split, (ulong)number, 1);
        if (kind == SceneRegionKind.Mixed)
            kind = (SceneRegionKind)random.NextInt(Drawn);
        return
        [
            kind switch
            {
                SceneRegionKind.Polygon => scene.Item().Outline,
                SceneRegionKind.Mask => scene.Item().Pixels,
                SceneRegionKind.Points => Click(scene.Item().Pixels, random),
                SceneRegionKind.Scribble => Scrawl(scene.Item().Pixels, random),
                _ => scene.Box,
            },
        ];
    }

    private static Points Click(MaskPicture pixels, SeededRandom random)
    {
        var inside = Centres(pixels);
        return new Points([.. Enumerable.Range(0, PointCount).Select(_ => random.Pick(inside))], Radius * pixels.Width);
    }

    // From point to point within the item, each step as long as chance and the item's form let it be.
    private static Scribble Scrawl(MaskPicture pixels, SeededRandom random)
    {
        var inside = Centres(pixels);
        List<(double X, double Y)> line = [random.Pick(inside)];
        for (var attempt = 0; attempt < Tries && line.Count <= StrokeCount; attempt++)
        {
            var (from, to) = (line[^1], random.Pick(inside));
            double dx = to.X - from.X, dy = to.Y - from.Y, length = Math.Sqrt(dx * dx + dy * dy);
            if (length < 1)
                continue;
            var step = Math.Min(1, Reach * pixels.Width / length);
            to = (from.X + dx * step, from.Y + dy * step);
            if (StaysInside(pixels, from, to))
                line.Add(to);
        }
        return new Scribble(line, 2 * Radius * pixels.Width);
    }

    private static bool StaysInside(MaskPicture pixels, (double X, double Y) from, (double X, double Y) to)
    {
        const int looks = 24;
        for (var i = 0; i <= looks; i++)
        {
            var t = i / (double)looks;
            if (!pixels.IsSet((int)(from.X + t * (to.X - from.X)), (int)(from.Y + t * (to.Y - from.Y))))
                return false;
        }
        return true;
    }

    private static List<(double X, double Y)> Centres(MaskPicture pixels)
    {
        List<(double X, double Y)> centres = [];
        for (var i = 0; i < pixels.Gray.Length; i++)
        {
            if (pixels.Gray[i] > 0)
                centres.Add((i % pixels.Width + 0.5, i / pixels.Width + 0.5));
        }
        return centres;
    }
}
