namespace AmcEngine.DataTools;

/// <summary>How often each augmentation of the recipe is applied (specification 5, steps 2–4).</summary>
public sealed record AugmentationOptions
{
    /// <summary>The recipe's augmentation.</summary>
    public static AugmentationOptions Recipe { get; } = new();

    /// <summary>No augmentation.</summary>
    public static AugmentationOptions None { get; } =
        new() { FlipProbability = 0, GrayProbability = 0, JitterProbability = 0 };

    /// <summary>
    /// Mirror left and right. The phrase is not changed, so "left" and "right" become wrong, as in the reference.
    /// </summary>
    public double FlipProbability { get; init; } = 0.5;

    /// <summary>Grey in three channels; comes before the jitter, which then colours the grey again.</summary>
    public double GrayProbability { get; init; } = 0.2;

    /// <summary>The colour jitter of <see cref="ImageOps.ColorJitter"/>.</summary>
    public double JitterProbability { get; init; } = 0.5;
}
