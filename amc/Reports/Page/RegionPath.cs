using System.Globalization;
using System.Text;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Reports.Page;

/// <summary>The outline of a region as the commands of an SVG path, in pixels of the picture.</summary>
internal static class RegionPath
{
    // Columns or rows of the grid on which an outline without corners of its own is followed: finer steps are not seen.
    private const int FinestGrid = 240;

    // Longer paths are followed on coarser grids, down to the coarsest: a page has no room for every grain of a mask.
    private const int MostCharacters = 5000;
    private const int CoarsestGrid = 30;

    /// <summary>
    /// The path: lines of boxes and polygons, circles of points, and of all others the edge of their pixels.
    /// </summary>
    /// <param name="region">The region.</param>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    public static string Of(Region region, int width, int height)
    {
        var path = Exact(region);
        for (var grid = FinestGrid; path is null or { Length: > MostCharacters } && grid >= CoarsestGrid; grid /= 2)
            path = Traced(region, width, height, grid);
        return path ?? "";
    }

    // Null where a kind has no corners of its own.
    private static string? Exact(Region region)
    {
        switch (region)
        {
            case Box box:
                return Line([(box.X1, box.Y1), (box.X2, box.Y1), (box.X2, box.Y2), (box.X1, box.Y2)]);
            case Polygon polygon:
                return Line(polygon.Points);
            case Points points:
                return string.Concat(points.Centers.Select(c => Circle(c, points.Radius)));
            case CompoundRegion compound:
                string?[] parts = [.. compound.Parts.Select(Exact)];
                return parts.Contains(null) ? null : string.Concat(parts);
            default:
                return null;
        }
    }

    private static string Line(IReadOnlyList<(double X, double Y)> points) =>
        $"M{string.Join('L', points.Select(p => Text($"{Round(p.X)} {Round(p.Y)}")))}Z";

    // Two half circles.
    private static string Circle((double X, double Y) center, double radius) => Text(
        $"M{Round(center.X - radius)} {Round(center.Y)}") + Half(radius, 2 * radius) + Half(radius, -2 * radius) + "Z";

    private static string Half(double radius, double across) =>
        Text($"a{Round(radius)} {Round(radius)} 0 1 0 {Round(across)} 0");

    private static string Traced(Region region, int width, int height, int grid)
    {
        var scale = Math.Min(1, (double)grid / Math.Max(width, height));
        int columns = Math.Max(1, (int)Math.Round(width * scale)), rows = Math.Max(1, (int)Math.Round(height * scale));
        var weights = region.Rasterize(width, height, columns, rows).Values;
        double across = (double)width / columns, down = (double)height / rows;
        return string.Concat(PixelEdges.Loops(columns, rows, (x, y) => weights[y * columns + x] > 0)
            .Select(loop => Line([.. loop.Select(p => (p.X * across, p.Y * down))])));
    }

    private static double Round(double value) => Math.Round(value, 1);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
