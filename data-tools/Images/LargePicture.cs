using System.Runtime.InteropServices;
using SkiaSharp;

namespace AmcEngine.DataTools;

/// <summary>
/// Reads large pictures in smaller sizes without holding them: JPEG is decoded and resized band by band; what Skia
/// decodes only as a whole (PNG, WebP) takes four bytes a pixel for that moment, and what is turned by EXIF three. The
/// values are those of decoding, turning and resizing the whole picture.
/// </summary>
internal static class LargePicture
{
    /// <summary>Smaller pictures gain nothing.</summary>
    public const long LeastPixels = 2_000_000;

    private const int RowsATime = 64;

    /// <summary>
    /// The views of a picture, or null where it is small, damaged or unreadable: <see cref="ImageDecoder"/> then says
    /// what to do.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="targets">The sizes.</param>
    /// <param name="exif">What to do with EXIF orientation.</param>
    /// <param name="leastPixels">Width × height from which on it is read this way.</param>
    public static PictureViews? TryRead(
        string path, IReadOnlyList<PictureTarget> targets, ExifOrientation exif, long leastPixels = LeastPixels)
    {
        try
        {
            using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16);
            if (file.Length == 0)
                return null;
            var png = exif == ExifOrientation.Apply ? PictureOrientation.OfPng(file) : SKEncodedOrigin.TopLeft;
            var ends = EndsAsJpeg(file);
            file.Position = 0;
            using var codec = SKCodec.Create(file);
            if (codec is null || (long)codec.Info.Width * codec.Info.Height < leastPixels
                || (codec.EncodedFormat == SKEncodedImageFormat.Jpeg && !ends))
                return null;
            var origin = exif == ExifOrientation.Ignore ? SKEncodedOrigin.TopLeft
                : codec.EncodedOrigin is SKEncodedOrigin.Default or SKEncodedOrigin.TopLeft ? png : codec.EncodedOrigin;
            return Read(codec, origin, targets);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    private static PictureViews? Read(SKCodec codec, SKEncodedOrigin origin, IReadOnlyList<PictureTarget> targets)
    {
        int width = codec.Info.Width, height = codec.Info.Height;
        if (origin == SKEncodedOrigin.TopLeft)
        {
            var views = new Views(width, height, targets);
            return Decode(codec, views.Push) ? views.Result : null;
        }
        if ((long)width * height * RgbImage.Channels > Array.MaxLength)
            return null;
        var stored = new RgbImage(width, height);
        var done = 0;
        var whole = Decode(codec, rows =>
        {
            rows.CopyTo(stored.Pixels.AsSpan(done));
            done += rows.Length;
        });
        if (!whole)
            return null;
        (var turnedWidth, var turnedHeight) = PictureOrientation.Size(width, height, origin);
        var turned = new Views(turnedWidth, turnedHeight, targets);
        var band = new byte[RowsATime * turnedWidth * RgbImage.Channels];
        for (var y = 0; y < turnedHeight; y += RowsATime)
        {
            var rows = Math.Min(RowsATime, turnedHeight - y);
            var part = band.AsSpan(0, rows * turnedWidth * RgbImage.Channels);
            PictureOrientation.Turn(stored, origin, y, rows, part);
            turned.Push(part);
        }
        return turned.Result;
    }

    // Gives RGB rows from top to bottom; false where the picture is not whole.
    private static unsafe bool Decode(SKCodec codec, RowsAction push)
    {
        int width = codec.Info.Width, height = codec.Info.Height;
        // As ImageDecoder: no colour space leaves the stored values alone.
        var info = new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
        var rgb = new byte[RowsATime * width * RgbImage.Channels];
        var bands = codec.ScanlineOrder == SKCodecScanlineOrder.TopDown
            && codec.StartScanlineDecode(info) == SKCodecResult.Success;
        var rgba = (byte*)NativeMemory.Alloc((nuint)width * 4 * (nuint)(bands ? RowsATime : height));
        try
        {
            if (!bands && codec.GetPixels(info, (nint)rgba) != SKCodecResult.Success)
                return false;
            for (var y = 0; y < height; y += RowsATime)
            {
                var rows = Math.Min(RowsATime, height - y);
                if (bands && codec.GetScanlines((nint)rgba, rows, width * 4) != rows)
                    return false;
                var part = rgb.AsSpan(0, rows * width * RgbImage.Channels);
                ImageDecoder.OnWhite(
                    new ReadOnlySpan<byte>(rgba + (bands ? 0 : (long)y * width * 4), rows * width * 4), part);
                push(part);
            }
            return true;
        }
        finally
        {
            NativeMemory.Free(rgba);
        }
    }

    private static bool EndsAsJpeg(FileStream file)
    {
        if (file.Length < 2)
            return false;
        file.Position = file.Length - 2;
        return file.ReadByte() == 0xFF && file.ReadByte() == 0xD9;
    }

    private delegate void RowsAction(ReadOnlySpan<byte> rows);

    private sealed class Views
    {
        private readonly int _width, _height;
        private readonly (PictureTarget Target, RowResampler Rows, int Width, int Height)[] _views;

        public Views(int width, int height, IReadOnlyList<PictureTarget> targets)
        {
            (_width, _height) = (width, height);
            _views = [.. targets.Select(t => t.Size(width, height) is var (w, h)
                ? (t, RowResampler.Create(t.Rule, width, height, w, h), w, h)
                : default)];
        }

        public PictureViews Result => new(_width, _height,
            [.. _views.Select(v => v.Target.Finish(new RgbImage(v.Width, v.Height, v.Rows.Result)))]);

        public void Push(ReadOnlySpan<byte> rows)
        {
            foreach (var view in _views)
                view.Rows.Push(rows);
        }
    }
}
