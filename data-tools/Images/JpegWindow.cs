using System.Buffers;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>A part of a picture, in its pixels.</summary>
/// <param name="X">Columns to its left.</param>
/// <param name="Y">Rows above it.</param>
/// <param name="Width">Its width.</param>
/// <param name="Height">Its height.</param>
public readonly record struct PictureWindow(int X, int Y, int Width, int Height);

/// <summary>
/// Reads a window of a JPEG: the coefficients of the whole file are decoded, pixels are made of those rows and columns
/// that the window shows, and they are those of decoding the whole. At a fraction of the size
/// (<see cref="ScaledJpeg"/>) the window is rounded to whole pixels outwards.
/// </summary>
internal static class JpegWindow
{
    // The decoder interpolates colours, and takes the sides of what it makes for sides of the picture; so many columns
    // further on that has no effect. (A block of 4:1:1 has 32 columns.)
    private const int Margin = 32;

    private const int RowsATime = 64;

    /// <summary>
    /// The window of a picture, or null where it is no JPEG, damaged, unreadable or turned: what reads the whole then
    /// says what to do.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="window">The window of a picture of that width and height.</param>
    /// <param name="exif">What to do with EXIF orientation.</param>
    /// <param name="least">
    /// Sides that the window is needed in, so that a fraction of its size will do; null for the size that it has.
    /// </param>
    public static PictureViews? TryRead(
        string path, Func<int, int, PictureWindow> window, ExifOrientation exif, int? least)
    {
        if (ScaledJpeg.Read(path) is not { } encoded) return null;
        using var data = SKData.CreateCopy(encoded);
        using var codec = SKCodec.Create(data);
        if (codec is not { EncodedFormat: SKEncodedImageFormat.Jpeg }
            || (exif == ExifOrientation.Apply && codec.EncodedOrigin is not SKEncodedOrigin.TopLeft))
            return null;
        int width = codec.Info.Width, height = codec.Info.Height;
        var own = window(width, height);
        var picture = (least is { } side ? Scaled(codec, own, side) : null) ?? Decode(codec, own);
        return picture is null ? null : new PictureViews(width, height, [picture]) { Window = own };
    }

    private static RgbImage? Scaled(SKCodec codec, PictureWindow own, int least)
    {
        int width = codec.Info.Width, height = codec.Info.Height;
        // The whole picture is as large as it has to be for the window to be.
        int Whole(int side, int part) => (int)(((long)least * side + part - 1) / part);
        if (ScaledJpeg.Scaled(codec, Whole(width, own.Width), Whole(height, own.Height)) is not { } size
            || ScaledJpeg.Decode(codec, size) is not { } whole)
            return null;
        var (x, right) = Outwards(own.X, own.Width, width, size.Width);
        var (y, bottom) = Outwards(own.Y, own.Height, height, size.Height);
        return ImageOps.Crop(whole, x, y, right - x, bottom - y);
    }

    private static (int From, int To) Outwards(int from, int count, int all, int scaled) =>
        ((int)((long)from * scaled / all), (int)(((long)(from + count) * scaled + all - 1) / all));

    private static RgbImage? Decode(SKCodec codec, PictureWindow own)
    {
        int width = codec.Info.Width, height = codec.Info.Height;
        int left = Math.Max(0, own.X - Margin), right = Math.Min(width, own.X + own.Width + Margin);
        // As ImageDecoder: no colour space leaves the stored values alone.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
        var columns = new SKCodecOptions(new SKRectI(left, 0, right, height));
        if (codec.StartScanlineDecode(info, columns) != SKCodecResult.Success
            || (own.Y > 0 && !codec.SkipScanlines(own.Y)))
            return null;
        var stride = 4 * (right - left);
        var rgba = ArrayPool<byte>.Shared.Rent(RowsATime * stride);
        try
        {
            var picture = new RgbImage(own.Width, own.Height);
            var length = own.Width * RgbImage.Channels;
            for (var y = 0; y < own.Height; y += RowsATime)
            {
                var rows = Math.Min(RowsATime, own.Height - y);
                if (!Fill(codec, rgba, rows, stride)) return null;
                for (var row = 0; row < rows; row++)
                {
                    ImageDecoder.OnWhite(rgba.AsSpan(row * stride + 4 * (own.X - left), 4 * own.Width),
                        picture.Pixels.AsSpan((y + row) * length, length));
                }
            }
            return picture;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    private static unsafe bool Fill(SKCodec codec, byte[] rgba, int rows, int stride)
    {
        fixed (byte* target = rgba)
            return codec.GetScanlines((nint)target, rows, stride) == rows;
    }
}
