using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Drawing;

/// <summary>Outlines regions of any kind on a sheet.</summary>
internal static class RegionOutline
{
    /// <summary>Draws the edge of a region.</summary>
    /// <param name="sheet">Where.</param>
    /// <param name="region">The region in pixels of its picture.</param>
    /// <param name="left">The picture's left edge on the sheet.</param>
    /// <param name="top">Its upper edge.</param>
    /// <param name="scaleX">Pixels of the sheet a pixel of the picture, across.</param>
    /// <param name="scaleY">The same downwards.</param>
    public static void Draw(Sheet sheet, Region region, float left, float top, float scaleX, float scaleY)
    {
        if (region is CompoundRegion compound)
        {
            foreach (var part in compound.Parts)
                Draw(sheet, part, left, top, scaleX, scaleY);
        }
        else if (region is Box box)
        {
            float x = left + (float)box.X1 * scaleX, y = top + (float)box.Y1 * scaleY;
            var drawn = SKRect.Create(x, y, (float)box.Width * scaleX, (float)box.Height * scaleY);
            sheet.Outline(drawn, Sheet.Region);
        }
        else
        {
            using var path = PathOf(region);
            path.Transform(new SKMatrix(scaleX, 0, left, 0, scaleY, top, 0, 0, 1));
            sheet.Outline(path, Sheet.Region);
        }
    }

    /// <summary>The edge of a region in pixels of its picture; the caller disposes it.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The kind of region is not known.</exception>
    private static SKPath PathOf(Region region)
    {
        using var builder = new SKPathBuilder();
        switch (region)
        {
            case Polygon polygon:
                builder.AddPoly(Points(polygon.Points), true);
                break;
            case Scribble scribble:
                return Stroked(scribble);
            case Points points:
                foreach (var (x, y) in points.Centers)
                    builder.AddCircle((float)x, (float)y, (float)points.Radius);
                break;
            case PixelRegion pixels:
                AddEdges(builder, pixels);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(region), region, "unknown kind of region");
        }
        return builder.Detach();
    }

    private static SKPath Stroked(Scribble scribble)
    {
        using var builder = new SKPathBuilder();
        // A line of one point is a dot: Skia draws none without a length.
        var points = Points(scribble.Points.Count == 1 ? [.. scribble.Points, .. scribble.Points] : scribble.Points);
        builder.AddPoly(points, false);
        using var line = builder.Detach();
        using var brush = new SKPaint
        {
            IsStroke = true,
            StrokeWidth = (float)scribble.Width,
            StrokeCap = SKStrokeCap.Round,
            StrokeJoin = SKStrokeJoin.Round,
        };
        using var wide = brush.GetFillPath(line);
        return wide.Simplify();
    }

    private static SKPoint[] Points(IReadOnlyList<(double X, double Y)> points) =>
        [.. points.Select(p => new SKPoint((float)p.X, (float)p.Y))];

    // The lines between pixels that are set and pixels that are not, in stretches as long as possible.
    private static void AddEdges(SKPathBuilder builder, PixelRegion pixels)
    {
        for (var y = 0; y <= pixels.Height; y++)
        {
            foreach (var (from, to) in Stretches(pixels.Width, x => pixels.IsSet(x, y - 1) != pixels.IsSet(x, y)))
                Line(from, y, to, y);
        }
        for (var x = 0; x <= pixels.Width; x++)
        {
            foreach (var (from, to) in Stretches(pixels.Height, y => pixels.IsSet(x - 1, y) != pixels.IsSet(x, y)))
                Line(x, from, x, to);
        }

        void Line(int x1, int y1, int x2, int y2)
        {
            builder.MoveTo(x1, y1);
            builder.LineTo(x2, y2);
        }
    }

    private static IEnumerable<(int From, int To)> Stretches(int length, Func<int, bool> isEdge)
    {
        for (int i = 0, from = -1; i <= length; i++)
        {
            var edge = i < length && isEdge(i);
            if (edge && from < 0)
                from = i;
            if (edge || from < 0)
                continue;
            yield return (from, i);
            from = -1;
        }
    }
}
