using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>
/// Outlines of the shapes as Skia paths. All points are whole numbers from −<see cref="Radius"/> to
/// <see cref="Radius"/>, y downwards: scaled to whole pixels they stay exact in single precision, so no rounding that
/// may differ between machines takes part.
/// </summary>
internal static class ShapeOutlines
{
    /// <summary>Half the side of the square around every outline.</summary>
    public const int Radius = 1024;

    private const int RingHole = 563;
    private const int CrossArm = 348;

    private static readonly SKPoint[] Square = Points(
        -Radius, -Radius, Radius, -Radius, Radius, Radius, -Radius, Radius);
    private static readonly SKPoint[] Triangle = Points(0, -Radius, Radius, Radius, -Radius, Radius);
    private static readonly SKPoint[] Diamond = Points(0, -Radius, Radius, 0, 0, Radius, -Radius, 0);

    // Radii 1 and 0.45.
    private static readonly SKPoint[] Star = Points(
        0, -Radius, 271, -373, 974, -316, 438, 142, 602, 828, 0, 461, -602, 828, -438, 142, -974, -316, -271, -373);

    private static readonly SKPoint[] Cross = Points(
        -CrossArm, -Radius, CrossArm, -Radius, CrossArm, -CrossArm, Radius, -CrossArm, Radius, CrossArm, CrossArm,
        CrossArm, CrossArm, Radius, -CrossArm, Radius, -CrossArm, CrossArm, -Radius, CrossArm, -Radius, -CrossArm,
        -CrossArm, -CrossArm);

    // Four quarters of four parabolas, two corners each.
    private const int CirclePoints = 32;

    // A quarter of a circle as four parabolas: control point and end point of each, the first from (Radius, 0). Skia's
    // own circle is not used, because it is cut into parabolas by rounded arithmetic.
    private static readonly (int X, int Y)[] Quarter =
        [(1024, 204), (946, 392), (868, 580), (724, 724), (580, 868), (392, 946), (204, 1024), (0, 1024)];

    /// <summary>Makes the path of a shape; the caller disposes it.</summary>
    public static SKPath Make(ShapeKind kind)
    {
        using var builder = new SKPathBuilder { FillType = SKPathFillType.EvenOdd };
        switch (kind)
        {
            case ShapeKind.Circle:
                AddCircle(builder, Radius);
                break;
            case ShapeKind.Ring:
                AddCircle(builder, Radius);
                AddCircle(builder, RingHole);
                break;
            default:
                builder.AddPoly(Corners(kind), true);
                break;
        }
        return builder.Detach();
    }

    /// <summary>
    /// The outline of an item in pixels of its scene: curves as 32 corners, and a ring as its upper and lower halves,
    /// since a polygon has no hole.
    /// </summary>
    public static Region Region(ShapeItem item)
    {
        return item.Kind switch
        {
            ShapeKind.Circle => Placed(Circle(Radius)),
            ShapeKind.Ring => new Union([Half(0), Half(CirclePoints / 2)]),
            _ => Placed(Corners(item.Kind)),
        };

        Polygon Placed(IEnumerable<SKPoint> points)
        {
            double half = item.Side / 2.0, scale = half / Radius;
            return new Polygon([.. points.Select(p => (item.X + half + p.X * scale, item.Y + half + p.Y * scale))]);
        }

        // From a corner on along the outer circle half round, and back along the hole.
        Polygon Half(int first)
        {
            SKPoint[] outer = Circle(Radius), hole = Circle(RingHole);
            int[] way = [.. Enumerable.Range(first, CirclePoints / 2 + 1).Select(i => i % CirclePoints)];
            return Placed([.. way.Select(i => outer[i]), .. way.Reverse().Select(i => hole[i])]);
        }
    }

    // Corners of a circle: ends and middles of its parabolas.
    private static SKPoint[] Circle(int radius)
    {
        var points = new SKPoint[CirclePoints];
        var last = new SKPoint(radius, 0);
        for (var i = 0; i < CirclePoints; i += 2)
        {
            var (turn, at) = (i / Quarter.Length, i % Quarter.Length);
            SKPoint control = Turned(Quarter[at], turn, radius), end = Turned(Quarter[at + 1], turn, radius);
            points[i] = last;
            points[i + 1] = new SKPoint((last.X + 2 * control.X + end.X) / 4, (last.Y + 2 * control.Y + end.Y) / 4);
            last = end;
        }
        return points;
    }

    private static SKPoint[] Corners(ShapeKind kind) => kind switch
    {
        ShapeKind.Square => Square,
        ShapeKind.Triangle => Triangle,
        ShapeKind.Star => Star,
        ShapeKind.Cross => Cross,
        ShapeKind.Diamond => Diamond,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown shape"),
    };

    private static void AddCircle(SKPathBuilder builder, int radius)
    {
        builder.MoveTo(radius, 0);
        for (var turn = 0; turn < 4; turn++)
        {
            for (var i = 0; i < Quarter.Length; i += 2)
                builder.QuadTo(Turned(Quarter[i], turn, radius), Turned(Quarter[i + 1], turn, radius));
        }
        builder.Close();
    }

    private static SKPoint Turned((int X, int Y) point, int quarterTurns, int radius)
    {
        (var x, var y) = (point.X * radius / Radius, point.Y * radius / Radius);
        return quarterTurns switch
        {
            0 => new SKPoint(x, y),
            1 => new SKPoint(-y, x),
            2 => new SKPoint(-x, -y),
            _ => new SKPoint(y, -x),
        };
    }

    private static SKPoint[] Points(params ReadOnlySpan<int> coordinates)
    {
        var points = new SKPoint[coordinates.Length / 2];
        for (var i = 0; i < points.Length; i++)
            points[i] = new SKPoint(coordinates[2 * i], coordinates[2 * i + 1]);
        return points;
    }
}
