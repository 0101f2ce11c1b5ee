namespace AmcEngine.DataTools;

/// <summary>A picture with what is known about its damage.</summary>
/// <param name="Picture">The picture; parts that could not be decoded are grey.</param>
/// <param name="Damage">One line that says what is wrong, or null where the picture is whole.</param>
public sealed record DecodedPicture(RgbImage Picture, string? Damage);

/// <summary>Reads a picture in the sizes that are wanted.</summary>
/// <returns>The picture, and one line about its damage or null.</returns>
/// <exception cref="UnreadablePictureException">Nothing can be decoded.</exception>
public delegate (PictureViews Views, string? Damage) PictureReader();

/// <summary>Reads picture files, damaged ones as far as they go.</summary>
public static class PictureFile
{
    private const int SmallFile = 1 << 20;

    /// <summary>Reads what can be decoded of a picture file, by the rules of <see cref="RgbImage.Load"/>.</summary>
    /// <param name="path">The file.</param>
    /// <param name="exif">What to do with EXIF orientation.</param>
    /// <exception cref="UnreadablePictureException">Nothing can be decoded.</exception>
    public static DecodedPicture Read(string path, ExifOrientation exif = ExifOrientation.Apply) =>
        Decode(Bytes(path), path, exif);

    /// <summary>Decodes what can be of the bytes of a picture file.</summary>
    /// <param name="encoded">The whole file.</param>
    /// <param name="name">What to call the picture in messages.</param>
    /// <param name="exif">What to do with EXIF orientation.</param>
    /// <exception cref="UnreadablePictureException">Nothing can be decoded.</exception>
    public static DecodedPicture Decode(
        ReadOnlySpan<byte> encoded, string name, ExifOrientation exif = ExifOrientation.Apply) =>
        ImageDecoder.Decode(encoded, name, exif);

    /// <summary>
    /// Reads a picture file in other sizes; large ones are never held as a whole where that can be helped.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <param name="targets">The sizes.</param>
    /// <param name="exif">What to do with EXIF orientation.</param>
    /// <param name="fast">Whether a JPEG may be decoded at a fraction of its size, which gives other pixels.</param>
    /// <returns>The picture in these sizes, and one line about its damage or null.</returns>
    /// <exception cref="UnreadablePictureException">Nothing can be decoded.</exception>
    public static (PictureViews Views, string? Damage) Read(
        string path, IReadOnlyList<PictureTarget> targets, ExifOrientation exif = ExifOrientation.Apply,
        bool fast = false)
    {
        if (targets is [{ Window: { } window } target])
        {
            if (JpegWindow.TryRead(path, window, exif, fast ? target.WindowSide : null) is { } shown)
                return (shown, null);
        }
        else if (fast && ScaledJpeg.TryRead(path, targets, exif) is { } scaled)
        {
            return (scaled, null);
        }
        // The bytes of most pictures are few, and tell at once that nothing is large.
        var encoded = IsSmall(path) ? Bytes(path) : null;
        if ((encoded is null || ImageDecoder.PixelsOf(encoded) >= LargePicture.LeastPixels)
            && LargePicture.TryRead(path, targets, exif) is { } views)
            return (views, null);
        var decoded = encoded is null ? Read(path, exif) : Decode(encoded, path, exif);
        return (PictureViews.Of(decoded.Picture, targets), decoded.Damage);
    }

    private static byte[] Bytes(string path)
    {
        try
        {
            return File.ReadAllBytes(path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new UnreadablePictureException($"{path}: picture not found; check the path and image_root.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UnreadablePictureException(
                $"{path}: picture cannot be read ({e.Message}); check that it is a readable file.", e);
        }
    }

    private static bool IsSmall(string path)
    {
        try
        {
            return new FileInfo(path).Length <= SmallFile;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
