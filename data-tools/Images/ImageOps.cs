using System.Runtime.Intrinsics;

namespace AmcEngine.DataTools;

/// <summary>
/// The picture operations of the training and evaluation recipes (specification 5 and 7). They follow OpenCV and Pillow
/// to the grey level, because a trained model sees any other resampling as different pictures. All return new pictures.
/// </summary>
public static class ImageOps
{
    /// <summary>Per-channel mean of the recipe's normalisation, on a scale of 0..1 (specification 5).</summary>
    public static readonly IReadOnlyList<float> DefaultMean = [0.48145466f, 0.4578275f, 0.40821073f];

    /// <summary>
    /// Per-channel standard deviation of the recipe's normalisation, on a scale of 0..1 (specification 5).
    /// </summary>
    public static readonly IReadOnlyList<float> DefaultStd = [0.26862954f, 0.26130258f, 0.27577711f];

    /// <summary>Resizes as OpenCV's INTER_LINEAR does; used for training and Flickr30k.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">New width in pixels.</param>
    /// <param name="height">New height in pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public static RgbImage ResizeBilinear(RgbImage image, int width, int height)
    {
        CheckSides(width, height);
        return new RgbImage(
            width, height, BilinearResampler.Resize(image.Pixels, image.Width, image.Height, 3, width, height));
    }

    /// <summary>Resizes as Pillow's BICUBIC does (antialiased); used for RefCOCO+ and RefCLEF.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="width">New width in pixels.</param>
    /// <param name="height">New height in pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public static RgbImage ResizeBicubic(RgbImage image, int width, int height)
    {
        CheckSides(width, height);
        return new RgbImage(
            width, height, BicubicResampler.Resize(image.Pixels, image.Width, image.Height, 3, width, height));
    }

    /// <summary>Cuts a window out.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="x">Its first column.</param>
    /// <param name="y">Its first row.</param>
    /// <param name="width">Its width in pixels.</param>
    /// <param name="height">Its height in pixels.</param>
    /// <exception cref="ArgumentOutOfRangeException">The window is not within the picture.</exception>
    public static RgbImage Crop(RgbImage image, int x, int y, int width, int height)
    {
        CheckSides(width, height);
        ArgumentOutOfRangeException.ThrowIfNegative(x);
        ArgumentOutOfRangeException.ThrowIfNegative(y);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(width, image.Width - x);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(height, image.Height - y);
        var result = new RgbImage(width, height);
        for (var row = 0; row < height; row++)
            image.Pixels.AsSpan(((y + row) * image.Width + x) * RgbImage.Channels, width * RgbImage.Channels).CopyTo(
                result.Pixels.AsSpan(row * width * RgbImage.Channels));
        return result;
    }

    /// <summary>Mirrors left and right.</summary>
    public static RgbImage FlipHorizontal(RgbImage image)
    {
        var result = new RgbImage(image.Width, image.Height);
        var stride = image.Width * RgbImage.Channels;
        for (var y = 0; y < image.Height; y++)
            MirrorRow(image.Pixels.AsSpan(y * stride, stride), result.Pixels.AsSpan(y * stride, stride));
        return result;
    }

    /// <summary>Mirrors a mask left and right.</summary>
    /// <param name="mask">height × width weights.</param>
    /// <param name="width">Width in pixels.</param>
    /// <param name="height">Height in pixels.</param>
    /// <exception cref="ArgumentException">
    /// A side is not positive, or the mask's length does not fit its sides.
    /// </exception>
    public static float[] FlipHorizontal(ReadOnlySpan<float> mask, int width, int height)
    {
        CheckMask(mask.Length, width, height);
        var result = mask.ToArray();
        for (var y = 0; y < height; y++)
            result.AsSpan(y * width, width).Reverse();
        return result;
    }

    /// <summary>Grey in three equal channels, 0.299 R + 0.587 G + 0.114 B in OpenCV's fixed point.</summary>
    public static RgbImage ToGray(RgbImage image)
    {
        var result = new RgbImage(image.Width, image.Height);
        var source = image.Pixels;
        for (var i = 0; i < source.Length; i += 3)
        {
            // 15-bit weights that sum to 32768.
            var gray = (byte)((source[i] * 9798 + source[i + 1] * 19235 + source[i + 2] * 3735 + (1 << 14)) >> 15);
            result.Pixels.AsSpan(i, 3).Fill(gray);
        }
        return result;
    }

    /// <summary>
    /// The recipe's colour jitter (specification 5, step 4), quirks included: brightness moves by a share of the
    /// picture's mean, and the saturation factor is <em>added</em> as a whole number, so that colours come out blown
    /// and grey pixels coloured.
    /// </summary>
    /// <param name="image">The picture.</param>
    /// <param name="brightness">Factor; (brightness − 1) · mean(picture) is added. 1 changes nothing.</param>
    /// <param name="contrast">Factor on every value. 1 changes nothing.</param>
    /// <param name="saturation">trunc(255 · saturation) is added to S, clipped to 0..255.</param>
    /// <param name="hue">trunc(255 · hue) is added to H, modulo 180.</param>
    public static RgbImage ColorJitter(
        RgbImage image, double brightness, double contrast, double saturation, double hue)
    {
        var levels = BrightnessContrastTable(image, brightness, contrast);
        var result = new RgbImage(image.Width, image.Height);
        Span<byte> pixels = result.Pixels;
        for (var i = 0; i < pixels.Length; i++)
            pixels[i] = levels[image.Pixels[i]];

        int hueShift = (int)(255 * hue), saturationShift = (int)(255 * saturation);
        HsvConversion.FromRgb(pixels, pixels);
        Span<byte> hues = stackalloc byte[256], saturations = stackalloc byte[256];
        for (var v = 0; v < 256; v++)
        {
            hues[v] = (byte)((((v + hueShift) % 180) + 180) % 180);
            saturations[v] = (byte)Math.Clamp(v + saturationShift, 0, 255);
        }
        for (var i = 0; i < pixels.Length; i += 3)
        {
            pixels[i] = hues[pixels[i]];
            pixels[i + 1] = saturations[pixels[i + 1]];
        }
        HsvConversion.ToRgb(pixels, pixels, image.Width);
        return result;
    }

    /// <summary>Scales to 0..1, subtracts the mean and divides by the standard deviation, channels first.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="mean">Three numbers on a scale of 0..1; the recipe's are <see cref="DefaultMean"/>.</param>
    /// <param name="std">Three positive numbers on a scale of 0..1; the recipe's are <see cref="DefaultStd"/>.</param>
    /// <param name="target">3 × height × width numbers.</param>
    /// <exception cref="ArgumentException">
    /// There are not three numbers, a deviation is not positive, or the target has another length.
    /// </exception>
    public static void Normalize(
        RgbImage image, IReadOnlyList<float> mean, IReadOnlyList<float> std, Span<float> target)
    {
        if (mean.Count != 3 || std.Count != 3 || std.Any(s => !(s > 0)))
            throw new ArgumentException("mean and std need three numbers each, std above 0; "
                + $"got ({string.Join(", ", mean)}) and ({string.Join(", ", std)}).");
        var plane = image.Width * image.Height;
        if (target.Length != 3 * plane)
            throw new ArgumentException(
                $"a picture of {image.Width}×{image.Height} fills {3 * plane} numbers, not {target.Length}.",
                nameof(target));
        ReadOnlySpan<byte> pixels = image.Pixels;
        Span<float> table = stackalloc float[256];
        for (var c = 0; c < 3; c++)
        {
            for (var v = 0; v < table.Length; v++)
                table[v] = (v / 255f - mean[c]) / std[c];
            var channel = target.Slice(c * plane, plane);
            for (var i = 0; i < channel.Length; i++)
                channel[i] = table[pixels[i * 3 + c]];
        }
    }

    private static void MirrorRow(ReadOnlySpan<byte> source, Span<byte> target)
    {
        // Five pixels at a time, and a byte that those that follow write over. The first block begins a byte before its
        // pixels, or it would end behind the row.
        const int bytes = 5 * RgbImage.Channels;
        var last = Vector128.Create((byte)13, 14, 15, 10, 11, 12, 7, 8, 9, 4, 5, 6, 1, 2, 3, 0);
        var order = Vector128.Create((byte)12, 13, 14, 9, 10, 11, 6, 7, 8, 3, 4, 5, 0, 1, 2, 15);
        var o = 0;
        if (source.Length > Vector128<byte>.Count)
        {
            Vector128.Shuffle(Vector128.Create(source[^16..]), last).CopyTo(target);
            for (o = bytes; o <= source.Length - bytes - 1; o += bytes)
                Vector128.Shuffle(Vector128.Create(source[(source.Length - bytes - o)..]), order).CopyTo(target[o..]);
        }
        for (; o < source.Length; o += RgbImage.Channels)
            source.Slice(source.Length - RgbImage.Channels - o, RgbImage.Channels).CopyTo(target[o..]);
    }

    private static byte[] BrightnessContrastTable(RgbImage image, double brightness, double contrast)
    {
        long sum = 0;
        foreach (var v in image.Pixels)
            sum += v;
        // Single precision and truncation, as the recipe's table is built.
        var factor = (float)contrast;
        var offset = (float)((brightness - 1) * ((double)sum / image.Pixels.Length));
        var levels = new byte[256];
        for (var v = 0; v < levels.Length; v++)
            levels[v] = (byte)Math.Clamp(v * factor + offset, 0f, 255f);
        return levels;
    }

    private static void CheckSides(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
    }

    private static void CheckMask(int length, int width, int height)
    {
        CheckSides(width, height);
        if (length != width * height)
            throw new ArgumentException($"a mask of {width}×{height} needs {width * height} values, got {length}.");
    }
}
