using AmcEngine.Files;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>A picture in memory: 8-bit RGB, rows from top to bottom, channels interleaved (height, width, 3).</summary>
public sealed class RgbImage
{
    /// <summary>Red, green and blue.</summary>
    public const int Channels = 3;

    /// <summary>Creates a black picture.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">A side is not positive.</exception>
    public RgbImage(int width, int height) : this(width, height, new byte[ByteCount(width, height)])
    {
    }

    /// <summary>Wraps pixels without copying them.</summary>
    /// <param name="width">Width in pixels, at least 1.</param>
    /// <param name="height">Height in pixels, at least 1.</param>
    /// <param name="pixels">height × width × 3 bytes.</param>
    /// <exception cref="ArgumentException">The number of bytes does not fit the sides.</exception>
    public RgbImage(int width, int height, byte[] pixels)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        if (pixels.Length != ByteCount(width, height))
            throw new ArgumentException(
                $"{width}×{height} RGB needs {ByteCount(width, height)} bytes, got {pixels.Length}.", nameof(pixels));
        Width = width;
        Height = height;
        Pixels = pixels;
    }

    /// <summary>Width in pixels.</summary>
    public int Width { get; }

    /// <summary>Height in pixels.</summary>
    public int Height { get; }

    /// <summary>The pixels, height × width × 3 (red, green, blue).</summary>
    public byte[] Pixels { get; }

    /// <summary>
    /// Reads a whole picture file. Grey, palette, CMYK and 16-bit pictures become 8-bit RGB, transparency is laid on
    /// white, and the orientation in EXIF data is applied. Colour profiles are not, as in OpenCV and Pillow.
    /// <see cref="PictureFile"/> also reads what is left of a damaged one.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="exif">What to do with EXIF orientation.</param>
    /// <exception cref="UnreadablePictureException">
    /// The file is missing, unreadable, empty, not a picture, damaged or cut off.
    /// </exception>
    public static RgbImage Load(string path, ExifOrientation exif = ExifOrientation.Apply) =>
        Whole(PictureFile.Read(path, exif));

    /// <summary>Decodes the bytes of a whole picture file, by the rules of <see cref="Load"/>.</summary>
    /// <param name="encoded">The whole file.</param>
    /// <param name="name">What to call the picture in errors.</param>
    /// <param name="exif">What to do with EXIF orientation.</param>
    /// <exception cref="UnreadablePictureException">The bytes are empty, not a picture, damaged or cut off.</exception>
    public static RgbImage Decode(
        ReadOnlySpan<byte> encoded, string name, ExifOrientation exif = ExifOrientation.Apply) =>
        Whole(PictureFile.Decode(encoded, name, exif));

    /// <summary>Writes a PNG file (lossless), by way of a temporary file in the same folder.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void SavePng(string path) => Save(path, SKEncodedImageFormat.Png, 100);

    /// <summary>Writes a JPEG file, by way of a temporary file in the same folder.</summary>
    /// <param name="path">The file.</param>
    /// <param name="quality">1 (smallest) to 100 (best).</param>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void SaveJpeg(string path, int quality = 92)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quality, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(quality, 100);
        Save(path, SKEncodedImageFormat.Jpeg, quality);
    }

    /// <summary>How the names of pictures end that <see cref="Save(string)"/> writes.</summary>
    public static IReadOnlyList<string> SavedAs { get; } = [".png", ".jpg", ".jpeg", ".webp"];

    /// <summary>Whether <see cref="Save(string)"/> knows a format by this name.</summary>
    public static bool CanSave(string path) =>
        SavedAs.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// Writes a picture file in the format that its name says, by way of a temporary file in the same folder.
    /// </summary>
    /// <exception cref="DataException">The name says no format.</exception>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void Save(string path)
    {
        (var format, var quality) = Path.GetExtension(path).ToLowerInvariant() switch
        {
            ".png" => (SKEncodedImageFormat.Png, 100),
            ".jpg" or ".jpeg" => (SKEncodedImageFormat.Jpeg, 92),
            ".webp" => (SKEncodedImageFormat.Webp, 92),
            _ => throw new DataException(
                $"{path}: pictures are written as {string.Join(", ", SavedAs)}; choose such a name."),
        };
        Save(path, format, quality);
    }

    /// <summary>A copy as a Skia bitmap (RGBA 8888, opaque); the caller disposes it.</summary>
    public SKBitmap ToBitmap()
    {
        var bitmap = new SKBitmap(new SKImageInfo(Width, Height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        var target = bitmap.GetPixelSpan();
        for (var y = 0; y < Height; y++)
        {
            var row = target.Slice(y * bitmap.RowBytes, Width * 4);
            ReadOnlySpan<byte> source = Pixels.AsSpan(y * Width * 3, Width * 3);
            for (var x = 0; x < Width; x++)
            {
                source.Slice(x * 3, 3).CopyTo(row[(x * 4)..]);
                row[x * 4 + 3] = 255;
            }
        }
        return bitmap;
    }

    /// <summary>A copy of a Skia bitmap; transparent parts are laid on white.</summary>
    /// <exception cref="ArgumentException">The bitmap is empty or its pixels cannot be converted.</exception>
    public static RgbImage FromBitmap(SKBitmap bitmap)
    {
        ArgumentNullException.ThrowIfNull(bitmap);
        var info = new SKImageInfo(bitmap.Width, bitmap.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul);
        var rgba = new byte[info.BytesSize];
        unsafe
        {
            fixed (byte* target = rgba)
            {
                using var source = bitmap.PeekPixels();
                if (source is null || !source.ReadPixels(info, (nint)target, info.RowBytes))
                    throw new ArgumentException(
                        $"a {bitmap.ColorType} bitmap of {bitmap.Width}×{bitmap.Height} cannot be converted to RGB.",
                        nameof(bitmap));
            }
        }
        return ImageDecoder.OnWhite(rgba, bitmap.Width, bitmap.Height);
    }

    private static RgbImage Whole(DecodedPicture decoded) =>
        decoded.Damage is { } damage ? throw new UnreadablePictureException(damage) : decoded.Picture;

    private void Save(string path, SKEncodedImageFormat format, int quality)
    {
        using var bitmap = ToBitmap();
        using var data = bitmap.Encode(format, quality)
            ?? throw new DataException(
                $"{path}: a picture of {Width}×{Height} cannot be written as {format}; use a smaller one or PNG.");
        DurableFile.Write(path, stream => stream.Write(data.AsSpan()));
    }

    private static int ByteCount(int width, int height)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        return checked(width * height * 3);
    }
}
