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

    /// <summary>Draws boxes, clamped to the picture and cut to whole pixels, over one another; without any, the mask is empty.</summary>
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
        foreach (var box in boxes)
        {
            if (!box.Covers(width, height))
                throw new DataException($"box {box.Text} covers no pixel of the {width}×{height} picture; boxes are [x1, y1, x2, y2] in pixels of the original picture.");
            (var x1, var y1, var x2, var y2) = box.PixelsIn(width, height);
            for (var y = y1; y < y2; y++)
                values.AsSpan(y * width + x1, x2 - x1).Fill(1);
        }
        return new RegionMask(width, height, values);
    }

    /// <summary>The mask at another size, by OpenCV's nearest neighbour.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public RegionMask Resize(int width, int height) =>
        new(width, height, ImageOps.ResizeMaskNearest(Values, Width, Height, width, height));
}
