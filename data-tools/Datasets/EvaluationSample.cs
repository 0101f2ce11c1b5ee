namespace AmcEngine.DataTools;

/// <summary>One question of the pointing game (specification 7): where in the picture is the phrase?</summary>
/// <param name="Image">What the picture is called: its path in the annotation file, or the number of a scene.</param>
/// <param name="Views">The picture in the sizes that were wanted, with its own size.</param>
/// <param name="Caption">The cleaned phrase.</param>
/// <param name="Boxes">The boxes of the phrase, in pixels of the picture; a point strictly inside any of them is right.</param>
public sealed record EvaluationSample(string Image, PictureViews Views, string Caption, IReadOnlyList<Box> Boxes)
{
    /// <summary>A question about a picture in memory.</summary>
    public EvaluationSample(RgbImage picture, string caption, IReadOnlyList<Box> boxes)
        : this("", PictureViews.Of(picture, [PictureTarget.Whole]), caption, boxes)
    {
    }

    /// <summary>Width of the picture, whatever the sizes that were wanted.</summary>
    public int Width => Views.Width;

    /// <summary>Height of the picture.</summary>
    public int Height => Views.Height;

    /// <summary>The picture in the first size that was wanted.</summary>
    public RgbImage Picture => Views.Images[0];
}
