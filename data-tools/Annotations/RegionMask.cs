namespace AmcEngine.DataTools;

/// <summary>A mask of 0 and 1 over a picture: 1 inside the region's boxes (specification 5, "Mask").</summary>
public sealed class RegionMask
{
    private RegionMask(int width, int height, byte[] values)
    {
        Width = width;
        Height = height;
        Values = values;
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>height × width bytes, 0 or 1.</summary>
    public byte[] Values { get; }

    /// <summary>Draws a box, clamped to the picture and cut to whole pixels.</summary>
    /// <param name="box">The box in pixels.</param>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <exception cref="DataException">The box covers no pixel of the picture.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public static RegionMask FromBox(Box box, int width, int height) => FromBoxes([box], width, height);

    /// <summary>Draws boxes over one another; without any, the mask is empty.</summary>
    /// <param name="boxes">The boxes in pixels.</param>
    /// <param name="width">Width of the picture in pixels.</param>
    /// <param name="height">Height of the picture in pixels.</param>
    /// <exception cref="DataException">A box covers no pixel of the picture.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public static RegionMask FromBoxes(IReadOnlyList<Box> boxes, int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        var values = new byte[checked(width * height)];
        foreach (Box box in boxes)
        {
            if (!Covers(box, width, height))
                throw new DataException($"box {RegionAnnotation.Text(box)} covers no pixel of the {width}×{height} picture; boxes are [x1, y1, x2, y2] in pixels of the original picture.");
            (var x1, var y1, var x2, var y2) = Clamp(box, width, height);
            for (var y = y1; y < y2; y++)
                values.AsSpan(y * width + x1, x2 - x1).Fill(1);
        }
        return new RegionMask(width, height, values);
    }

    /// <summary>The mask at another size, by OpenCV's nearest neighbour.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public RegionMask Resize(int width, int height) =>
        new(width, height, ImageOps.ResizeMaskNearest(Values, Width, Height, width, height));

    /// <summary>Whether a box lies at least partly in the picture and covers a pixel after clamping.</summary>
    public static bool Covers(Box box, int width, int height)
    {
        // Clamping alone would turn a box beyond the right edge into its last column of pixels.
        if (!box.IsFinite || box.X1 >= width || box.Y1 >= height || box.X2 <= 0 || box.Y2 <= 0)
            return false;
        (var x1, var y1, var x2, var y2) = Clamp(box, width, height);
        return x1 < x2 && y1 < y2;
    }

    // The reference's rule: starts in [0, side − 1], ends in [1, side], fractions cut off.
    private static (int X1, int Y1, int X2, int Y2) Clamp(Box box, int width, int height) => (
        (int)Math.Clamp(box.X1, 0, width - 1),
        (int)Math.Clamp(box.Y1, 0, height - 1),
        (int)Math.Clamp(box.X2, 1, width),
        (int)Math.Clamp(box.Y2, 1, height));
}
