namespace AmcEngine.DataTools;

/// <summary>
/// One training sample: a normalised square picture, a cleaned phrase and the mask of the phrase's region.
/// </summary>
public sealed class RegionSample
{
    /// <summary>
    /// 3 × size × size numbers, channels first, normalised (specification 5, step 5); made anew by each call.
    /// </summary>
    public float[] Image
    {
        get
        {
            var image = new float[3 * Picture.Width * Picture.Height];
            WriteImage(image);
            return image;
        }
    }

    /// <summary>The cleaned phrase.</summary>
    public required string Caption { get; init; }

    /// <summary>A cleaned phrase that says the same in other words, or null where there is none.</summary>
    public string? Paraphrase { get; init; }

    /// <summary>
    /// size × size weights: those of the drawn region inside of it (1 as a rule), 0 elsewhere, and everywhere if the
    /// entry has no region. One much smaller than the shrinking factor may vanish.
    /// </summary>
    public required float[] Mask { get; init; }

    /// <summary>The picture after resizing and augmentation, before normalising.</summary>
    public required RgbImage Picture { get; init; }

    /// <summary>A number that samples of the same picture share, and no others of the data set.</summary>
    public required long PictureNumber { get; init; }

    /// <summary>Writes <see cref="Image"/> into a batch.</summary>
    /// <param name="target">3 × size × size numbers.</param>
    /// <exception cref="ArgumentException">There is another number of them.</exception>
    public void WriteImage(Span<float> target) =>
        ImageOps.Normalize(Picture, ImageOps.DefaultMean, ImageOps.DefaultStd, target);
}
