namespace AmcEngine.DataTools;

/// <summary>One question of the pointing game (specification 7): where in the picture is the phrase?</summary>
/// <param name="Image">What the picture is called: its path in the annotation file, or the number of a scene.</param>
/// <param name="Views">The picture in the sizes that were wanted, with its own size.</param>
/// <param name="Caption">The cleaned phrase.</param>
/// <param name="Regions">
/// The regions of the phrase, in pixels of the picture; a point strictly inside any of them is right.
/// </param>
public sealed record EvaluationSample(string Image, PictureViews Views, string Caption, IReadOnlyList<Region> Regions)
{
    /// <summary>A question about a picture in memory.</summary>
    public EvaluationSample(RgbImage picture, string caption, IReadOnlyList<Region> regions)
        : this("", PictureViews.Of(picture, [PictureTarget.Whole]), caption, regions)
    {
    }

    /// <summary>The bounds of the regions, one each.</summary>
    public IReadOnlyList<Box> Boxes => [.. Regions.Select(r => r.Bounds)];

    /// <summary>What the data set calls the question; null where it gives no name.</summary>
    public string? Id { get; init; }

    /// <summary>
    /// What the data set calls the thing in the picture, so that phrases of the same thing can be told; may be null.
    /// </summary>
    public string? Entity { get; init; }

    /// <summary>The kind of thing, by which results are broken down; may be null.</summary>
    public string? Category { get; init; }

    /// <summary>The part of the data set that the question belongs to; may be null.</summary>
    public string? Split { get; init; }

    /// <summary>The file that the question comes from; null for a generated scene.</summary>
    public string? File { get; init; }

    /// <summary>Width of the picture, whatever the sizes that were wanted.</summary>
    public int Width => Views.Width;

    /// <summary>Height of the picture.</summary>
    public int Height => Views.Height;

    /// <summary>The picture in the first size that was wanted.</summary>
    public RgbImage Picture => Views.Images[0];
}
