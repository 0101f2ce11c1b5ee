using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.DataTools;

/// <summary>
/// The picture operations of ALBEF's RandAugment, to the grey level as its program computes them with NumPy and OpenCV,
/// quirks included. All return new pictures.
/// </summary>
internal static class AugmentOps
{
    private const int Levels = 256;

    // OpenCV's fixed point: places of 1/1024 pixel are rounded to 1/32, so that products of weights are exact.
    private const int PlaceBits = 10;
    private const int TapBits = 5;
    private const int Taps = 1 << TapBits;

    /// <summary>
    /// Spreads each channel over 0…255 where its least value is 0. Any other channel becomes white: the reference
    /// negates its least value as an unsigned byte. A channel of one value stays.
    /// </summary>
    public static RgbImage AutoContrast(RgbImage image) => ByTables(image, (counts, table) =>
    {
        int low = Array.FindIndex(counts, n => n > 0), high = Array.FindLastIndex(counts, n => n > 0);
        if (high <= low)
            return false;
        var scale = 255.0 / (high - low);
        // What −low is in eight bits.
        var offset = unchecked((byte)-low) * scale;
        for (var v = 0; v < Levels; v++)
            table[v] = (byte)Math.Clamp(v * scale + offset, 0, 255);
        return true;
    });

    /// <summary>Gives each channel an even histogram, by Pillow's rule.</summary>
    public static RgbImage Equalize(RgbImage image) => ByTables(image, (counts, table) =>
    {
        var last = counts[Array.FindLastIndex(counts, n => n > 0)];
        var step = (counts.Sum() - last) / 255;
        if (step == 0)
            return false;
        var sum = step / 2;
        for (var v = 0; v < Levels; v++)
        {
            table[v] = (byte)Math.Clamp(sum / step, 0, 255);
            sum += counts[v];
        }
        return true;
    });

    /// <summary>Multiplies every value.</summary>
    public static RgbImage Brightness(RgbImage image, float factor)
    {
        var result = new RgbImage(image.Width, image.Height);
        for (var i = 0; i < result.Pixels.Length; i++)
            result.Pixels[i] = (byte)Math.Clamp(image.Pixels[i] * factor, 0f, 255f);
        return result;
    }

    /// <summary>
    /// Moves away from the smoothed picture, but at the border. What leaves 0…255 comes in again at the other end, as
    /// in the reference's conversion.
    /// </summary>
    public static RgbImage Sharpness(RgbImage image, float factor)
    {
        var result = new RgbImage(image.Width, image.Height);
        image.Pixels.CopyTo(result.Pixels, 0);
        var row = image.Width * RgbImage.Channels;
        for (var y = 1; y < image.Height - 1; y++)
        {
            for (var i = y * row + RgbImage.Channels; i < (y + 1) * row - RgbImage.Channels; i++)
            {
                var sum = 4 * image.Pixels[i];
                for (var k = -1; k <= 1; k++)
                {
                    var at = i + k * row;
                    sum += image.Pixels[at - RgbImage.Channels] + image.Pixels[at]
                        + image.Pixels[at + RgbImage.Channels];
                }
                // Rounded: thirteenths are never halfway.
                float smooth = (2 * sum + 13) / 26;
                result.Pixels[i] = unchecked((byte)(int)(smooth + factor * (image.Pixels[i] - smooth)));
            }
        }
        return result;
    }

    /// <summary>OpenCV's warpAffine with bilinear weights and a border of grey (128).</summary>
    /// <param name="image">The picture.</param>
    /// <param name="map">From places in the picture to places in the result.</param>
    public static RgbImage Warp(RgbImage image, AffineMap map)
    {
        const byte border = 128;
        var result = new RgbImage(image.Width, image.Height);
        var places = new WarpPlaces(map, image.Width);
        for (var y = 0; y < image.Height; y++)
        {
            places.Row(y);
            for (var x = 0; x < image.Width; x++)
            {
                var (u, v) = (places.X(x), places.Y(x));
                int left = u >> TapBits, top = v >> TapBits, fx = u & (Taps - 1), fy = v & (Taps - 1);
                if ((uint)left < (uint)(image.Width - 2) && (uint)top < (uint)(image.Height - 1) && x < image.Width - 1)
                {
                    WarpInside(image, left, top, fx, fy, ref result.Pixels[(y * image.Width + x) * RgbImage.Channels]);
                    continue;
                }
                for (var c = 0; c < RgbImage.Channels; c++)
                {
                    var sum = (Taps - fy) * ((Taps - fx) * At(left, top, c) + fx * At(left + 1, top, c))
                        + fy * ((Taps - fx) * At(left, top + 1, c) + fx * At(left + 1, top + 1, c));
                    result.Pixels[(y * image.Width + x) * RgbImage.Channels + c] =
                        (byte)((sum + (1 << (2 * TapBits - 1))) >> (2 * TapBits));
                }
            }
        }
        return result;

        int At(int x, int y, int c) => (uint)x < (uint)image.Width && (uint)y < (uint)image.Height
            ? image.Pixels[(y * image.Width + x) * RgbImage.Channels + c] : border;
    }

    // A pixel away from all edges. Three channels are had as four, and the fourth is written over by the next pixel.
    private static void WarpInside(RgbImage image, int left, int top, int fx, int fy, ref byte target)
    {
        ref var upper = ref image.Pixels[(top * image.Width + left) * RgbImage.Channels];
        ref var lower = ref Unsafe.Add(ref upper, image.Width * RgbImage.Channels);
        var sum = (Taps - fy) * Between(ref upper, fx) + fy * Between(ref lower, fx);
        var levels = (sum + Vector128.Create(1 << (2 * TapBits - 1))) >> (2 * TapBits);
        var words = Vector128.Narrow(levels, levels).AsUInt16();
        Unsafe.WriteUnaligned(ref target, Vector128.Narrow(words, words).AsUInt32().ToScalar());

        static Vector128<int> Between(ref byte pixels, int fx) =>
            (Taps - fx) * Pixel(ref pixels) + fx * Pixel(ref Unsafe.Add(ref pixels, RgbImage.Channels));

        static Vector128<int> Pixel(ref byte pixel) => Vector128.WidenLower(Vector128.WidenLower(
            Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(ref pixel)).AsByte())).AsInt32();
    }

    /// <summary>The same of a mask, by the nearest pixel; what comes in from outside is no region.</summary>
    /// <param name="mask">height × width weights.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <param name="map">From places in the mask to places in the result.</param>
    public static float[] Warp(float[] mask, int width, int height, AffineMap map)
    {
        var result = new float[mask.Length];
        var places = new WarpPlaces(map, width);
        for (var y = 0; y < height; y++)
        {
            places.Row(y);
            for (var x = 0; x < width; x++)
            {
                int u = (places.X(x) + Taps / 2) >> TapBits, v = (places.Y(x) + Taps / 2) >> TapBits;
                if ((uint)u < (uint)width && (uint)v < (uint)height)
                    result[y * width + x] = mask[v * width + u];
            }
        }
        return result;
    }

    // A table a channel, of its histogram; false leaves the channel as it is.
    private static RgbImage ByTables(RgbImage image, Func<int[], byte[], bool> fill)
    {
        var result = new RgbImage(image.Width, image.Height);
        image.Pixels.CopyTo(result.Pixels, 0);
        var table = new byte[Levels];
        for (var c = 0; c < RgbImage.Channels; c++)
        {
            var counts = new int[Levels];
            for (var i = c; i < image.Pixels.Length; i += RgbImage.Channels)
                counts[image.Pixels[i]]++;
            if (!fill(counts, table))
                continue;
            for (var i = c; i < image.Pixels.Length; i += RgbImage.Channels)
                result.Pixels[i] = table[image.Pixels[i]];
        }
        return result;
    }

    /// <summary>Where the pixels of a result come from, in units of 1/32 pixel.</summary>
    private struct WarpPlaces
    {
        private readonly AffineMap _inverse;
        private readonly int[] _columnX, _columnY;
        private int _rowX, _rowY;

        public WarpPlaces(AffineMap map, int width)
        {
            _inverse = map.Inverse();
            (_columnX, _columnY) = (new int[width], new int[width]);
            for (var x = 0; x < width; x++)
                (_columnX[x], _columnY[x]) = (Fixed(_inverse.Xx * x), Fixed(_inverse.Yx * x));
        }

        public void Row(int y)
        {
            const int half = (1 << (PlaceBits - TapBits)) / 2;
            _rowX = Fixed(_inverse.Xy * y + _inverse.X) + half;
            _rowY = Fixed(_inverse.Yy * y + _inverse.Y) + half;
        }

        public readonly int X(int x) => (_rowX + _columnX[x]) >> (PlaceBits - TapBits);

        public readonly int Y(int x) => (_rowY + _columnY[x]) >> (PlaceBits - TapBits);

        private static int Fixed(double place) =>
            (int)Math.Round(place * (1 << PlaceBits), MidpointRounding.ToEven);
    }
}

/// <summary>x' = Xx·x + Xy·y + X, y' = Yx·x + Yy·y + Y.</summary>
internal readonly record struct AffineMap(double Xx, double Xy, double X, double Yx, double Yy, double Y)
{
    /// <summary>Moves lines of x along by a share of y.</summary>
    public static AffineMap ShearX(float share) => new(1, share, 0, 0, 1, 0);

    /// <summary>Moves lines of y along by a share of x.</summary>
    public static AffineMap ShearY(float share) => new(1, 0, 0, share, 1, 0);

    /// <summary>Moves by whole pixels.</summary>
    public static AffineMap Shift(int x, int y) => new(1, 0, x, 0, 1, y);

    /// <summary>Turns around the middle, counter-clockwise as the picture is seen.</summary>
    public static AffineMap Rotation(double degrees, int width, int height)
    {
        var (sine, cosine) = Math.SinCos(degrees * Math.PI / 180);
        double x = width / 2.0, y = height / 2.0;
        return new(cosine, sine, (1 - cosine) * x - sine * y, -sine, cosine, sine * x + (1 - cosine) * y);
    }

    /// <summary>The way back.</summary>
    public AffineMap Inverse()
    {
        var scale = 1 / (Xx * Yy - Xy * Yx);
        double xx = Yy * scale, yy = Xx * scale, xy = -Xy * scale, yx = -Yx * scale;
        return new(xx, xy, -xx * X - xy * Y, yx, yy, -yx * X - yy * Y);
    }
}
