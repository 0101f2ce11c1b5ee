namespace AmcEngine.DataTools;

/// <summary>Settings of a <see cref="SceneDataset"/>.</summary>
public sealed record SceneDatasetOptions
{
    /// <summary>Scenes in an epoch.</summary>
    public required int Count { get; init; }

    /// <summary>
    /// Seed of the scenes; apart from the seed of the training run, so that runs can share their data.
    /// </summary>
    public ulong Seed { get; init; }

    /// <summary>Which stream of scenes.</summary>
    public SceneSplit Split { get; init; } = SceneSplit.Train;

    /// <summary>Whether every epoch shows scenes never seen before, rather than the same ones again.</summary>
    public bool NewScenesEachEpoch { get; init; }

    /// <summary>How the items are annotated.</summary>
    public SceneRegionKind Regions { get; init; }

    /// <summary>
    /// Share of the scenes that are annotated at all; the others train the losses that need no region.
    /// </summary>
    public double RegionShare { get; init; } = 1;

    /// <summary>Augmentation; none by default, since a mirrored scene no longer fits "left" and "right".</summary>
    public AugmentationOptions Augmentation { get; init; } = AugmentationOptions.None;
}
