namespace AmcEngine.DataTools;

/// <summary>
/// Draws shapes with soft edges. Skia is not used for this: only additions, multiplications and comparisons of doubles
/// are, which give the same pixels on every machine and with every version of a drawing library.
/// </summary>
internal static class ShapeRasterizer
{
    // 4×4 test points a pixel: edges look smooth at 64 pixels, and a scene still takes well under a millisecond.
    private const int Grid = 4;
    private const int Samples = Grid * Grid;
    private const double RingHole = 0.55;
    private const double CrossArm = 0.34;

    // Corners of a five-pointed star with radii 1 and 0.45, one point up; y grows downwards.
    private static readonly (double X, double Y)[] Star =
    [
        (0.0, -1.0), (0.2645, -0.3641), (0.9511, -0.3090), (0.4280, 0.1391), (0.5878, 0.8090),
        (0.0, 0.45), (-0.5878, 0.8090), (-0.4280, 0.1391), (-0.9511, -0.3090), (-0.2645, -0.3641),
    ];

    /// <summary>Draws an item in a colour and returns the bounding box of the pixels it changed.</summary>
    public static Box Draw(RgbImage picture, ShapeItem item, (byte R, byte G, byte B) color)
    {
        int left = int.MaxValue, top = int.MaxValue, right = -1, bottom = -1;
        for (int y = 0; y < item.Side; y++)
        {
            for (int x = 0; x < item.Side; x++)
            {
                int covered = Coverage(item, x, y);
                if (covered == 0)
                    continue;
                Span<byte> pixel = picture.Pixels.AsSpan(((item.Y + y) * picture.Width + item.X + x) * 3, 3);
                pixel[0] = Blend(pixel[0], color.R, covered);
                pixel[1] = Blend(pixel[1], color.G, covered);
                pixel[2] = Blend(pixel[2], color.B, covered);
                (left, right) = (Math.Min(left, item.X + x), Math.Max(right, item.X + x));
                (top, bottom) = (Math.Min(top, item.Y + y), Math.Max(bottom, item.Y + y));
            }
        }
        return new Box(left, top, right + 1, bottom + 1);
    }

    private static byte Blend(byte below, byte above, int covered) =>
        (byte)((below * (Samples - covered) + above * covered + Samples / 2) / Samples);

    private static int Coverage(ShapeItem item, int x, int y)
    {
        int covered = 0;
        double scale = 2.0 / (item.Side * Grid);
        for (int sy = 0; sy < Grid; sy++)
        {
            for (int sx = 0; sx < Grid; sx++)
            {
                double u = (x * Grid + sx + 0.5) * scale - 1.0, v = (y * Grid + sy + 0.5) * scale - 1.0;
                covered += Contains(item.Kind, u, v) ? 1 : 0;
            }
        }
        return covered;
    }

    // u and v run from −1 to 1 across the item's square.
    private static bool Contains(ShapeKind kind, double u, double v)
    {
        double au = Math.Abs(u), av = Math.Abs(v), r2 = u * u + v * v;
        return kind switch
        {
            ShapeKind.Circle => r2 <= 1,
            ShapeKind.Square => true,
            ShapeKind.Triangle => 2 * au <= v + 1,
            ShapeKind.Star => InStar(u, v),
            ShapeKind.Cross => au <= CrossArm || av <= CrossArm,
            ShapeKind.Diamond => au + av <= 1,
            ShapeKind.Ring => r2 <= 1 && r2 >= RingHole * RingHole,
            _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "unknown shape"),
        };
    }

    private static bool InStar(double u, double v)
    {
        bool inside = false;
        for (int i = 0, j = Star.Length - 1; i < Star.Length; j = i++)
        {
            (double xi, double yi) = Star[i];
            (double xj, double yj) = Star[j];
            if (yi > v != yj > v && u < (xj - xi) * (v - yi) / (yj - yi) + xi)
                inside = !inside;
        }
        return inside;
    }
}
