using System.Numerics;
using System.Runtime.InteropServices;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>
/// Draws shapes with soft edges, the same on every machine. Skia's own soft edges and blending may not be, as they can
/// depend on the processor's vector instructions; its hard-edged filling uses whole numbers only. So Skia fills a
/// larger mask with hard edges, and the mask's averages are blended here in whole numbers.
/// </summary>
internal static class ShapeRasterizer
{
    // The mask has 8×8 points a pixel, a byte each: eight points are one 64-bit word.
    private const int Grid = 8;
    private const int FullCoverage = Grid * 64;

    /// <summary>Draws an item in a colour and returns the bounding box of the pixels it covers.</summary>
    public static Box Draw(RgbImage picture, ShapeItem item, (byte R, byte G, byte B) color)
    {
        using var mask = DrawMask(item.Kind, item.Side);
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(mask.GetPixelSpan());
        int left = int.MaxValue, top = int.MaxValue, right = -1, bottom = -1;
        for (var y = 0; y < item.Side; y++)
        {
            for (var x = 0; x < item.Side; x++)
            {
                var coverage = Coverage(words, item.Side, x, y);
                if (coverage == 0)
                    continue;
                var pixel = picture.Pixels.AsSpan(((item.Y + y) * picture.Width + item.X + x) * 3, 3);
                pixel[0] = Blend(pixel[0], color.R, coverage);
                pixel[1] = Blend(pixel[1], color.G, coverage);
                pixel[2] = Blend(pixel[2], color.B, coverage);
                (left, right) = (Math.Min(left, item.X + x), Math.Max(right, item.X + x));
                (top, bottom) = (Math.Min(top, item.Y + y), Math.Max(bottom, item.Y + y));
            }
        }
        return new Box(left, top, right + 1, bottom + 1);
    }

    /// <summary>The pixels that an item covers at least by half.</summary>
    /// <param name="item">The item.</param>
    /// <param name="size">Side of the picture in pixels.</param>
    public static MaskPicture Pixels(ShapeItem item, int size)
    {
        using var mask = DrawMask(item.Kind, item.Side);
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(mask.GetPixelSpan());
        var pixels = new byte[size * size];
        for (var i = 0; i < item.Side * item.Side; i++)
        {
            if (2 * Coverage(words, item.Side, i % item.Side, i / item.Side) >= FullCoverage)
                pixels[(item.Y + i / item.Side) * size + item.X + i % item.Side] = 255;
        }
        return new MaskPicture(size, size, pixels);
    }

    private static SKBitmap DrawMask(ShapeKind kind, int side)
    {
        var half = side * Grid / 2;
        var info = new SKImageInfo(2 * half, 2 * half, SKColorType.Alpha8, SKAlphaType.Premul);
        var mask = new SKBitmap(info, info.RowBytes);
        using var canvas = new SKCanvas(mask);
        using var paint = new SKPaint { Color = SKColors.Black, IsAntialias = false };
        using var outline = ShapeOutlines.Make(kind);
        canvas.Clear(SKColors.Transparent);
        canvas.Translate(half, half);
        canvas.Scale((float)half / ShapeOutlines.Radius);
        canvas.DrawPath(outline, paint);
        return mask;
    }

    // Points inside the shape are 255 and the others 0, so that counting bits counts points eightfold.
    private static int Coverage(ReadOnlySpan<ulong> words, int stride, int x, int y)
    {
        var coverage = 0;
        for (var row = 0; row < Grid; row++)
            coverage += BitOperations.PopCount(words[(y * Grid + row) * stride + x]);
        return coverage;
    }

    private static byte Blend(byte below, byte above, int coverage) =>
        (byte)((below * (FullCoverage - coverage) + above * coverage + FullCoverage / 2) / FullCoverage);
}
