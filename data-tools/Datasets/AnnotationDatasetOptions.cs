namespace AmcEngine.DataTools;

/// <summary>Settings of an <see cref="AnnotationDataset"/>.</summary>
public sealed record AnnotationDatasetOptions
{
    /// <summary>Side of the square pictures and masks in pixels; the recipe's is 256.</summary>
    public int ImageSize { get; init; } = 256;

    /// <summary>Words kept of a phrase.</summary>
    public int MaxWords { get; init; } = CaptionCleaner.TrainingMaxWords;

    /// <summary>Augmentation; the recipe's unless told otherwise.</summary>
    public AugmentationOptions Augmentation { get; init; } = AugmentationOptions.Recipe;
}
