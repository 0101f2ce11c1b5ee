using System.Buffers;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>Turns the bytes of a picture file into RGB by way of Skia, and says what is wrong with damaged ones.</summary>
internal static class ImageDecoder
{
    /// <summary>Decodes; see <see cref="RgbImage.Load"/> for the rules.</summary>
    /// <exception cref="DataException">The bytes are empty, not a picture, or cut off.</exception>
    public static RgbImage Decode(ReadOnlySpan<byte> encoded, string name)
    {
        if (encoded.IsEmpty)
            throw new DataException($"{name}: the picture is empty (0 bytes); replace the file.");
        using SKData data = SKData.CreateCopy(encoded);
        using SKCodec? codec = SKCodec.Create(data);
        if (codec is null)
            throw new DataException($"{name}: not a picture that can be read; use a complete JPEG, PNG, WebP, GIF or BMP file.");
        int width = codec.Info.Width, height = codec.Info.Height;
        if (width < 1 || height < 1 || (long)width * height * 4 > Array.MaxLength)
            throw new DataException($"{name}: a picture of {width}×{height} pixels cannot be held in memory; make it smaller.");
        // Four bytes a pixel are wanted for a moment only: a buffer of the pool is not garbage afterwards.
        byte[] rgba = ArrayPool<byte>.Shared.Rent(4 * width * height);
        try
        {
            DecodeRgba(codec, name, rgba);
            return Orient(OnWhite(rgba, width, height), codec.EncodedOrigin);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    /// <summary>Lays RGBA pixels (not premultiplied) on white.</summary>
    public static RgbImage OnWhite(ReadOnlySpan<byte> rgba, int width, int height)
    {
        var image = new RgbImage(width, height);
        Span<byte> rgb = image.Pixels;
        for (int i = 0, o = 0; o < rgb.Length; i += 4, o += 3)
        {
            int alpha = rgba[i + 3];
            int white = 255 * (255 - alpha) + 127; // 127: round to nearest in the division by 255.
            for (int c = 0; c < 3; c++)
                rgb[o + c] = (byte)((rgba[i + c] * alpha + white) / 255);
        }
        return image;
    }

    private static void DecodeRgba(SKCodec codec, string name, byte[] rgba)
    {
        // No colour space: Skia then leaves the stored values alone, as OpenCV and Pillow do.
        var info = new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
        SKCodecResult result;
        unsafe
        {
            fixed (byte* target = rgba)
                result = codec.GetPixels(info, (nint)target);
        }
        if (result == SKCodecResult.IncompleteInput)
            throw new DataException($"{name}: the picture is cut off; fetch or copy the file again.");
        if (result != SKCodecResult.Success)
            throw new DataException($"{name}: the picture is damaged ({result}); replace the file.");
    }

    // EXIF numbers the eight ways a camera can be held; the source pixel of each target pixel follows from the name.
    private static RgbImage Orient(RgbImage image, SKEncodedOrigin origin)
    {
        if (origin is SKEncodedOrigin.TopLeft or SKEncodedOrigin.Default)
            return image;
        int w = image.Width, h = image.Height;
        bool swapped = origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom or SKEncodedOrigin.LeftBottom;
        var result = swapped ? new RgbImage(h, w) : new RgbImage(w, h);
        for (int y = 0; y < result.Height; y++)
        {
            for (int x = 0; x < result.Width; x++)
            {
                (int sx, int sy) = origin switch
                {
                    SKEncodedOrigin.TopRight => (w - 1 - x, y),
                    SKEncodedOrigin.BottomRight => (w - 1 - x, h - 1 - y),
                    SKEncodedOrigin.BottomLeft => (x, h - 1 - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (y, h - 1 - x),
                    SKEncodedOrigin.RightBottom => (w - 1 - y, h - 1 - x),
                    _ => (w - 1 - y, x),
                };
                image.Pixels.AsSpan((sy * w + sx) * 3, 3).CopyTo(result.Pixels.AsSpan((y * result.Width + x) * 3));
            }
        }
        return result;
    }
}
