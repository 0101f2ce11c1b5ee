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

    /// <summary>Whether the mask is the union of all regions of an entry, rather than one that is drawn.</summary>
    public bool MaskAll { get; init; }

    /// <summary>How pictures and boxes are read.</summary>
    public PictureOptions Pictures { get; init; } = new();

    /// <summary>Told in one line each about what is wrong with the data and left out; may be null.</summary>
    public Action<string>? Warn { get; init; }
}
