namespace AmcEngine.DataTools;

/// <summary>What to do with a picture that is not whole.</summary>
public enum BadPictures
{
    /// <summary>
    /// Use what can be decoded, the rest grey, as the reference does; go on without pictures of which nothing can be.
    /// </summary>
    Load = 0,

    /// <summary>Go on without pictures that are not whole.</summary>
    Skip = 1,

    /// <summary>Stop at the first.</summary>
    Error = 2,
}

/// <summary>What to do with the orientation that a camera notes in a picture's EXIF data.</summary>
public enum ExifOrientation
{
    /// <summary>Turn the picture upright, as viewers show it.</summary>
    Apply = 0,

    /// <summary>Leave the pixels as they are stored, as the reference does.</summary>
    Ignore = 1,
}

/// <summary>How the pictures and boxes of a data set are read.</summary>
public sealed record PictureOptions
{
    /// <summary>What to do with pictures that are not whole.</summary>
    public BadPictures Bad { get; init; } = BadPictures.Load;

    /// <summary>
    /// Share of a set's pictures that may be undecodable, or of its entries that may be unusable, before the set is
    /// refused.
    /// </summary>
    public double MaxBadShare { get; init; } = BadBounds.DefaultShare;

    /// <summary>What to do with EXIF orientation; boxes belong to one way or the other.</summary>
    public ExifOrientation Exif { get; init; } = ExifOrientation.Apply;

    /// <summary>
    /// Whether a JPEG may be decoded at a fraction of its size, no smaller than what is wanted of it; faster, and other
    /// pixels.
    /// </summary>
    public bool FastDecode { get; init; }

    /// <summary>Where pictures are kept in the size that is wanted; null for nowhere.</summary>
    public PictureCache? Cache { get; init; }

    /// <summary>What the numbers of a box mean.</summary>
    public BoxFormat Boxes { get; init; } = BoxFormat.Auto;
}
