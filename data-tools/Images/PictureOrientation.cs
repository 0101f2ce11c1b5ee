using System.Buffers.Binary;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>Turns pictures upright by the orientation in their EXIF data.</summary>
internal static class PictureOrientation
{
    private const ushort OrientationTag = 0x0112;
    private const int TagLength = 12;

    /// <summary>The picture upright.</summary>
    /// <param name="image">The picture as stored.</param>
    /// <param name="origin">The orientation that Skia found; it reads those of JPEG and WebP.</param>
    /// <param name="encoded">The file, in which that of a PNG is looked up.</param>
    public static RgbImage Turn(RgbImage image, SKEncodedOrigin origin, ReadOnlySpan<byte> encoded) =>
        Turn(image, origin is SKEncodedOrigin.TopLeft or SKEncodedOrigin.Default ? OfPng(encoded) : origin);

    /// <summary>The size of a picture once it is turned.</summary>
    public static (int Width, int Height) Size(int width, int height, SKEncodedOrigin origin) =>
        origin is SKEncodedOrigin.LeftTop or SKEncodedOrigin.RightTop or SKEncodedOrigin.RightBottom
            or SKEncodedOrigin.LeftBottom ? (height, width) : (width, height);

    /// <summary>Some rows of the turned picture.</summary>
    /// <param name="image">The picture as stored.</param>
    /// <param name="origin">Its orientation.</param>
    /// <param name="first">The first row wanted, of the turned picture.</param>
    /// <param name="rows">How many.</param>
    /// <param name="target">Where they go.</param>
    public static void Turn(RgbImage image, SKEncodedOrigin origin, int first, int rows, Span<byte> target)
    {
        int w = image.Width, h = image.Height, width = Size(w, h, origin).Width;
        // Columns outside: where the sides are swapped, pixels of a stored row are then read one after the other.
        for (var x = 0; x < width; x++)
        {
            for (var y = first; y < first + rows; y++)
            {
                // EXIF numbers the eight ways a camera can be held; the source of each target pixel follows from the
                // name.
                (var sx, var sy) = origin switch
                {
                    SKEncodedOrigin.TopRight => (w - 1 - x, y),
                    SKEncodedOrigin.BottomRight => (w - 1 - x, h - 1 - y),
                    SKEncodedOrigin.BottomLeft => (x, h - 1 - y),
                    SKEncodedOrigin.LeftTop => (y, x),
                    SKEncodedOrigin.RightTop => (y, h - 1 - x),
                    SKEncodedOrigin.RightBottom => (w - 1 - y, h - 1 - x),
                    _ => (w - 1 - y, x),
                };
                image.Pixels.AsSpan((sy * w + sx) * 3, 3).CopyTo(target[(((y - first) * width + x) * 3)..]);
            }
        }
    }

    /// <summary>
    /// The orientation in a PNG file; <see cref="SKEncodedOrigin.TopLeft"/> for others. Moves the stream's position.
    /// </summary>
    public static SKEncodedOrigin OfPng(Stream file)
    {
        Span<byte> start = stackalloc byte[PngChunks.HeaderLength];
        file.Position = 0;
        if (file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) < start.Length
            || !start.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47]))
            return SKEncodedOrigin.TopLeft;
        // Pictures are passed over, not read.
        while (file.ReadAtLeast(start, start.Length, throwOnEndOfStream: false) == start.Length)
        {
            var length = BinaryPrimitives.ReadUInt32BigEndian(start);
            if (length > file.Length - file.Position)
                break;
            if (start[4..].SequenceEqual("eXIf"u8))
            {
                var exif = new byte[length];
                file.ReadExactly(exif);
                return OfExif(exif);
            }
            file.Position += length + PngChunks.ChecksumLength;
        }
        return SKEncodedOrigin.TopLeft;
    }

    // The picture upright.
    private static RgbImage Turn(RgbImage image, SKEncodedOrigin origin)
    {
        if (origin is SKEncodedOrigin.TopLeft)
            return image;
        (var width, var height) = Size(image.Width, image.Height, origin);
        var result = new RgbImage(width, height);
        Turn(image, origin, 0, height, result.Pixels);
        return result;
    }

    private static SKEncodedOrigin OfPng(ReadOnlySpan<byte> encoded)
    {
        if (!encoded.StartsWith((ReadOnlySpan<byte>)[0x89, 0x50, 0x4E, 0x47]))
            return SKEncodedOrigin.TopLeft;
        foreach ((var start, var length) in PngChunks.In(encoded))
        {
            if (encoded.Slice(start + 4, 4).SequenceEqual("eXIf"u8))
                return OfExif(encoded.Slice(start + PngChunks.HeaderLength, length));
        }
        return SKEncodedOrigin.TopLeft;
    }

    // A TIFF header (byte order, 42, place of the first directory) and a directory of tags of 12 bytes.
    private static SKEncodedOrigin OfExif(ReadOnlySpan<byte> exif)
    {
        var bigEndian = exif.StartsWith("MM"u8);
        if (exif.Length < 8 || !(bigEndian || exif.StartsWith("II"u8)))
            return SKEncodedOrigin.TopLeft;
        var directory = ReadUInt32(exif[4..], bigEndian);
        if (directory > exif.Length - 2)
            return SKEncodedOrigin.TopLeft;
        var tags = exif[((int)directory + 2)..];
        var count = Math.Min(ReadUInt16(exif[(int)directory..], bigEndian), tags.Length / TagLength);
        for (var i = 0; i < count; i++)
        {
            var tag = tags.Slice(i * TagLength, TagLength);
            if (ReadUInt16(tag, bigEndian) == OrientationTag)
                return ReadUInt16(tag[8..], bigEndian) is >= 1 and <= 8 and var value
                    ? (SKEncodedOrigin)value
                    : SKEncodedOrigin.TopLeft;
        }
        return SKEncodedOrigin.TopLeft;
    }

    private static ushort ReadUInt16(ReadOnlySpan<byte> bytes, bool bigEndian) =>
        bigEndian ? BinaryPrimitives.ReadUInt16BigEndian(bytes) : BinaryPrimitives.ReadUInt16LittleEndian(bytes);

    private static uint ReadUInt32(ReadOnlySpan<byte> bytes, bool bigEndian) =>
        bigEndian ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt32LittleEndian(bytes);
}
