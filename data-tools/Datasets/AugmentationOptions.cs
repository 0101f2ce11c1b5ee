namespace AmcEngine.DataTools;

/// <summary>
/// How a picture comes to its size, and how often each augmentation is applied (specification 5, steps 1–4).
/// </summary>
public sealed record AugmentationOptions
{
    /// <summary>The recipe's augmentation.</summary>
    public static AugmentationOptions Recipe { get; } = new();

    /// <summary>No augmentation.</summary>
    public static AugmentationOptions None { get; } =
        new() { FlipProbability = 0, GrayProbability = 0, JitterProbability = 0 };

    /// <summary>ALBEF's pre-training: random crops, mirrored or not, and RandAugment.</summary>
    public static AugmentationOptions Albef { get; } =
        None with { FlipProbability = 0.5, LeastCrop = 0.2, RandAugments = true, Resize = Resampling.Bicubic };

    /// <summary>
    /// ALBEF's fine-tuning on referring expressions: whole pictures, mirrored or not, and RandAugment.
    /// </summary>
    public static AugmentationOptions Grounding => Albef with { LeastCrop = 1 };

    /// <summary>
    /// Mirror left and right. The phrase is not changed, so "left" and "right" become wrong, as in the reference.
    /// </summary>
    public double FlipProbability { get; init; } = 0.5;

    /// <summary>Grey in three channels; comes before the jitter, which then colours the grey again.</summary>
    public double GrayProbability { get; init; } = 0.2;

    /// <summary>The colour jitter of <see cref="ImageOps.ColorJitter"/>.</summary>
    public double JitterProbability { get; init; } = 0.5;

    /// <summary>How a picture or its crop is resized.</summary>
    public Resampling Resize { get; init; } = Resampling.Bilinear;

    /// <summary>Least share of a picture's area that is cut out and seen; 1 keeps the whole picture.</summary>
    public double LeastCrop { get; init; } = 1;

    /// <summary>Whether two operations of RandAugment are drawn, at level 7 of 10.</summary>
    public bool RandAugments { get; init; }

    /// <summary>What is wanted of a picture: all of it, to be cropped, or the size of the sample.</summary>
    /// <param name="size">Side of the sample.</param>
    internal PictureTarget Wanted(int size) => LeastCrop < 1 ? PictureTarget.Whole : PictureTarget.Square(size, Resize);
}
