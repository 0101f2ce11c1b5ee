namespace AmcEngine.DataTools;

/// <summary>Training samples from generated scenes, rendered when asked for; nothing is read or kept.</summary>
public sealed class SceneDataset : IRegionDataset
{
    private readonly ISceneSource _scenes;
    private readonly SceneDatasetOptions _options;
    private readonly PictureTarget[] _size;

    /// <summary>Creates the dataset.</summary>
    /// <param name="scenes">Where the scenes come from.</param>
    /// <param name="options">How many, and which.</param>
    /// <exception cref="ArgumentOutOfRangeException">The count is not positive.</exception>
    public SceneDataset(ISceneSource scenes, SceneDatasetOptions options)
    {
        ArgumentNullException.ThrowIfNull(scenes);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(options.Count);
        (_scenes, _options, _size) = (scenes, options, [options.Augmentation.Wanted(scenes.Size)]);
    }

    /// <inheritdoc/>
    public int Count => _options.Count;

    /// <inheritdoc/>
    public int ImageSize => _scenes.Size;

    /// <inheritdoc/>
    public RegionSample Get(int index, ulong seed, int epoch)
    {
        var random = SampleBuilder.RandomOf(index, Count, seed, epoch);
        var number = _options.NewScenesEachEpoch ? index + (long)epoch * Count : index;
        var scene = _scenes.Render(_options.Seed, _options.Split, number);
        var caption = CaptionCleaner.Clean(scene.Phrase, CaptionCleaner.TrainingMaxWords);
        var paraphrase = CaptionCleaner.Clean(scene.Paraphrase, CaptionCleaner.TrainingMaxWords);
        var regions = SceneRegions.Of(
            scene, _options.Regions, _options.RegionShare, _options.Seed, _options.Split, number);
        var picture = PictureViews.Of(scene.Picture, _size);
        var window = SampleBuilder.DrawWindow(picture.Width, picture.Height, _options.Augmentation, random);
        return SampleBuilder.Build(
            picture, window, number, caption, paraphrase, regions, ImageSize,
            _options.Augmentation, random);
    }
}
