using System.Buffers;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>
/// Decodes a JPEG at the smallest eighth of its size that is no smaller than what is wanted of it: the decoder then
/// makes fewer pixels from the same coefficients. Each of those is a mean of what it stands for, so that the values
/// differ from those of decoding the whole and resizing it, which takes single pixels.
/// </summary>
internal static class ScaledJpeg
{
    private const int Eighths = 8;

    /// <summary>
    /// The views of a picture, or null where there is nothing to gain, or it is no JPEG, damaged or unreadable.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="targets">The sizes.</param>
    /// <param name="exif">What to do with EXIF orientation.</param>
    public static PictureViews? TryRead(string path, IReadOnlyList<PictureTarget> targets, ExifOrientation exif)
    {
        if (Read(path) is not { } encoded)
            return null;
        using var data = SKData.CreateCopy(encoded);
        using var codec = SKCodec.Create(data);
        if (codec is not { EncodedFormat: SKEncodedImageFormat.Jpeg })
            return null;
        var origin = exif == ExifOrientation.Apply ? codec.EncodedOrigin : SKEncodedOrigin.TopLeft;
        (var width, var height) = PictureOrientation.Size(codec.Info.Width, codec.Info.Height, origin);
        var sizes = targets.Select(t => t.Size(width, height)).ToArray();
        (var needsWidth, var needsHeight) =
            PictureOrientation.Size(sizes.Max(s => s.Width), sizes.Max(s => s.Height), origin);
        if (Scaled(codec, needsWidth, needsHeight) is not { } size || Decode(codec, size) is not { } picture)
            return null;
        var upright = PictureOrientation.Turn(picture, origin, encoded);
        return PictureViews.Of(upright, targets, width, height);
    }

    /// <summary>The bytes of a file; null where it is unreadable, empty or a JPEG that is cut off.</summary>
    public static byte[]? Read(string path)
    {
        try
        {
            var encoded = File.ReadAllBytes(path);
            return encoded.Length == 0 || PictureRepair.CompleteJpeg(encoded) is not null ? null : encoded;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>
    /// The smallest size that the decoder has and is no smaller than what is wanted; null where that is the whole.
    /// </summary>
    public static SKSizeI? Scaled(SKCodec codec, int leastWidth, int leastHeight)
    {
        for (var n = 1; n < Eighths; n++)
        {
            var size = codec.GetScaledDimensions(n / (float)Eighths);
            if (size.Width >= leastWidth && size.Height >= leastHeight)
                return size.Width < codec.Info.Width ? size : null;
        }
        return null;
    }

    /// <summary>The picture in a size that the decoder has; null where it is damaged.</summary>
    public static RgbImage? Decode(SKCodec codec, SKSizeI size)
    {
        var length = 4 * size.Width * size.Height;
        var rgba = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            return ImageDecoder.ReadPixels(codec, size, rgba) == SKCodecResult.Success
                ? ImageDecoder.OnWhite(rgba.AsSpan(0, length), size.Width, size.Height)
                : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }
}
