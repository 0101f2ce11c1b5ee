namespace AmcEngine.DataTools;

/// <summary>Reads and writes masks as pictures.</summary>
public static class MaskFile
{
    /// <summary>
    /// Reads a mask: grey values as they are, of colours their luminance. EXIF orientation is not applied, and
    /// transparency is laid on white, as everywhere.
    /// </summary>
    /// <param name="path">The file.</param>
    /// <exception cref="UnreadablePictureException">The file is missing, unreadable or not a whole picture.</exception>
    public static MaskPicture Read(string path)
    {
        var picture = RgbImage.Load(path, ExifOrientation.Ignore);
        var gray = new byte[picture.Width * picture.Height];
        var three = ImageOps.ToGray(picture).Pixels;
        for (var i = 0; i < gray.Length; i++)
            gray[i] = three[i * RgbImage.Channels];
        return new MaskPicture(picture.Width, picture.Height, gray, path);
    }

    /// <summary>Writes a mask as a grey picture, in the format that the name says.</summary>
    /// <exception cref="DataException">The name says no format.</exception>
    /// <exception cref="Files.FileWriteException">The file cannot be written.</exception>
    public static void Save(string path, MaskPicture mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        var picture = new RgbImage(mask.Width, mask.Height);
        for (var i = 0; i < mask.Gray.Length; i++)
            picture.Pixels.AsSpan(i * RgbImage.Channels, RgbImage.Channels).Fill(mask.Gray[i]);
        picture.Save(path);
    }
}
