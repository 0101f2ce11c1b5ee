using System.Buffers;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>Turns the bytes of a picture file into RGB by way of Skia, damaged ones as far as they go.</summary>
internal static class ImageDecoder
{
    /// <summary>What stands where nothing could be decoded: the grey that a JPEG decoder leaves, too.</summary>
    public const byte MissingGray = 128;

    private const int PixelsAtATime = 4;

    /// <summary>Decodes; see <see cref="PictureFile"/> for the rules.</summary>
    /// <exception cref="UnreadablePictureException">Nothing can be decoded.</exception>
    public static DecodedPicture Decode(ReadOnlySpan<byte> encoded, string name, ExifOrientation exif)
    {
        if (encoded.IsEmpty)
            throw new UnreadablePictureException($"{name}: the picture is empty (0 bytes); replace the file.");
        // A progressive JPEG that is cut off is whole to Skia, only blurred; and the rest of any JPEG comes out as the
        // reference's decoder leaves it when the missing end mark is there.
        var repaired = PictureRepair.CompleteJpeg(encoded);
        var decoded = TryDecode(repaired ?? encoded, name, exif, damaged: repaired is not null);
        // Skia stops at the first wrong checksum, the reference's decoder does not look at those of the pixels.
        if (decoded is not { Damage: null } && PictureRepair.WithRightChecksums(encoded) is { } png)
            decoded = TryDecode(png, name, exif, damaged: true) ?? decoded;
        return decoded ?? throw new UnreadablePictureException(
            $"{name}: the picture is damaged, nothing of it can be decoded; replace the file.");
    }

    /// <summary>Width × height that a picture's bytes tell; 0 where they tell none.</summary>
    public static unsafe long PixelsOf(byte[] encoded)
    {
        fixed (byte* bytes = encoded)
        {
            using var data = SKData.Create((nint)bytes, encoded.Length);
            using var codec = SKCodec.Create(data);
            return codec is null ? 0 : (long)codec.Info.Width * codec.Info.Height;
        }
    }

    /// <summary>Lays RGBA pixels (not premultiplied) on white.</summary>
    public static RgbImage OnWhite(ReadOnlySpan<byte> rgba, int width, int height)
    {
        var image = new RgbImage(width, height);
        OnWhite(rgba, image.Pixels);
        return image;
    }

    /// <summary>The same into as many RGB pixels.</summary>
    public static void OnWhite(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (var o = 0; o < rgb.Length;)
        {
            o += Opaque(rgba[(o / 3 * 4)..], rgb[o..]);
            var end = Math.Min(o + 3 * PixelsAtATime, rgb.Length);
            Blend(rgba[(o / 3 * 4)..], rgb[o..end]);
            o = end;
        }
    }

    // As many pixels as are opaque, from the first on, and can be had four at a time; the bytes written.
    private static int Opaque(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        var colours = Vector128.Create((byte)0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 3, 7, 11, 15);
        var alpha = Vector128.Create(0xFF000000).AsByte();
        ref byte source = ref MemoryMarshal.GetReference(rgba), target = ref MemoryMarshal.GetReference(rgb);
        var o = 0;
        // The four bytes behind the pixels are written over by those that follow.
        for (nuint i = 0; o <= rgb.Length - Vector128<byte>.Count; i += 16, o += 3 * PixelsAtATime)
        {
            var pixels = Vector128.LoadUnsafe(ref source, i);
            if ((pixels & alpha) != alpha)
                break;
            Vector128.Shuffle(pixels, colours).StoreUnsafe(ref target, (nuint)o);
        }
        return o;
    }

    private static void Blend(ReadOnlySpan<byte> rgba, Span<byte> rgb)
    {
        for (int i = 0, o = 0; o < rgb.Length; i += 4, o += 3)
        {
            int alpha = rgba[i + 3];
            if (alpha == 255)
            {
                (rgb[o], rgb[o + 1], rgb[o + 2]) = (rgba[i], rgba[i + 1], rgba[i + 2]);
                continue;
            }
            var white = 255 * (255 - alpha) + 127; // 127: round to nearest in the division by 255.
            for (var c = 0; c < 3; c++)
                rgb[o + c] = (byte)((rgba[i + c] * alpha + white) / 255);
        }
    }

    // Null where not one pixel could be decoded.
    private static DecodedPicture? TryDecode(
        ReadOnlySpan<byte> encoded, string name, ExifOrientation exif, bool damaged)
    {
        using var data = SKData.CreateCopy(encoded);
        using var codec = SKCodec.Create(data)
            ?? throw new UnreadablePictureException(
                $"{name}: not a picture that can be read; use a complete JPEG, PNG, WebP, GIF or BMP file.");
        int width = codec.Info.Width, height = codec.Info.Height;
        if (width < 1 || height < 1 || (long)width * height * 4 > Array.MaxLength)
            throw new UnreadablePictureException(
                $"{name}: a picture of {width}×{height} pixels cannot be held in memory; make it smaller.");
        // Four bytes a pixel are wanted for a moment only: a buffer of the pool is not garbage afterwards.
        var length = 4 * width * height;
        var rgba = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            var result = ReadPixels(codec, codec.Info.Size, rgba);
            if (result is not (SKCodecResult.Success or SKCodecResult.IncompleteInput or SKCodecResult.ErrorInInput))
                return null;
            damaged |= result != SKCodecResult.Success;
            if (damaged && !FillMissing(rgba.AsSpan(0, length), width, codec.Info.AlphaType == SKAlphaType.Opaque))
                return null;
            var picture = OnWhite(rgba, width, height);
            if (exif == ExifOrientation.Apply)
                picture = PictureOrientation.Turn(picture, codec.EncodedOrigin, encoded);
            return new DecodedPicture(
                picture, damaged ? $"{name}: the picture is damaged or cut off; fetch or copy the file again." : null);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(rgba);
        }
    }

    /// <summary>Decodes a picture in its own size or another that the codec has, four bytes a pixel.</summary>
    public static SKCodecResult ReadPixels(SKCodec codec, SKSizeI size, byte[] rgba)
    {
        // No colour space: Skia then leaves the stored values alone, as OpenCV and Pillow do.
        var info = new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
        unsafe
        {
            fixed (byte* target = rgba)
                return codec.GetPixels(info, (nint)target);
        }
    }

    // Skia leaves transparent black where its decoder did not come; false where all of the picture is missing.
    private static bool FillMissing(Span<byte> rgba, int width, bool opaque)
    {
        var any = false;
        if (opaque)
        {
            for (var i = 0; i < rgba.Length; i += 4)
            {
                if (rgba[i + 3] == 0)
                    FillGray(rgba.Slice(i, 4));
                else
                    any |= rgba[i] != MissingGray || rgba[i + 1] != MissingGray || rgba[i + 2] != MissingGray;
            }
            return any;
        }
        // A transparent pixel may be a decoded one: only whole rows at the end are surely missing.
        int end = rgba.LastIndexOfAnyExcept((byte)0) + 1, stride = 4 * width;
        for (var i = (end + stride - 1) / stride * stride; i < rgba.Length; i += 4)
            FillGray(rgba.Slice(i, 4));
        return end > 0;
    }

    private static void FillGray(Span<byte> pixel)
    {
        pixel[..3].Fill(MissingGray);
        pixel[3] = 255;
    }
}
