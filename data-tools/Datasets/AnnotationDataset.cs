namespace AmcEngine.DataTools;

/// <summary>
/// Training samples of annotation files: one or more JSON files, concatenated, and a folder of pictures.
/// </summary>
public sealed class AnnotationDataset : IRegionDataset, IFileDataset
{
    private readonly List<RegionAnnotation> _annotations;
    private readonly int[] _pictureNumbers;
    private readonly string _imageRoot;
    private readonly AnnotationDatasetOptions _options;
    private readonly PictureTarget[] _size;

    /// <summary>Reads the annotation files; pictures are read when asked for.</summary>
    /// <param name="annotationFiles">At least one file in the format of <see cref="AnnotationFile"/>.</param>
    /// <param name="imageRoot">The folder that picture paths start from.</param>
    /// <param name="options">Settings; the recipe's by default.</param>
    /// <exception cref="DataException">A file or the folder is missing, or too many entries are bad.</exception>
    /// <exception cref="ArgumentException">There is no file, or a setting is out of range.</exception>
    public AnnotationDataset(
        IReadOnlyList<string> annotationFiles, string imageRoot, AnnotationDatasetOptions? options = null)
    {
        _options = options ?? new AnnotationDatasetOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.ImageSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.MaxWords);
        _imageRoot = CheckFolder(imageRoot);
        (_annotations, Annotations) = AnnotationFiles.Load(annotationFiles, _options.Pictures, _options.Warn);
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        _pictureNumbers = [.. _annotations.Select(
            a => numbers.TryGetValue(a.Image, out var known) ? known : numbers[a.Image] = numbers.Count)];
        _size = [_options.Augmentation.Wanted(_options.ImageSize)];
        Pictures = AnnotationFiles.Pictures(_annotations, _options.Pictures, _options.Warn);
    }

    /// <inheritdoc/>
    public PictureCensus Pictures { get; }

    /// <inheritdoc/>
    public AnnotationCensus Annotations { get; }

    /// <inheritdoc/>
    public int Count => _annotations.Count;

    /// <inheritdoc/>
    public int ImageSize => _options.ImageSize;

    /// <inheritdoc/>
    /// <remarks>
    /// One region and, independently, one phrase are drawn; regions that cover no pixel are passed over (specification
    /// 5). An entry without regions has an empty mask.
    /// </remarks>
    public RegionSample Get(int index, ulong seed, int epoch)
    {
        var random = SampleBuilder.RandomOf(index, Count, seed, epoch);
        var annotation = _annotations[index];
        Choice? drawn = null;
        // A cache keeps whole pictures, which serve all windows.
        var original = Pictures.Read(Path.Combine(_imageRoot, annotation.Image),
            _options is { Augmentation.LeastCrop: < 1, Pictures.Cache: null }
                ? [PictureTarget.WholeOr((width, height) => Drawn(width, height).Window!.Value, ImageSize)] : _size);
        var (regions, caption, window) = Drawn(original.Width, original.Height);
        var paraphrase = SampleBuilder.DrawParaphrase(annotation, caption, _options.MaxWords, index, seed, epoch);
        return SampleBuilder.Build(original, window, _pictureNumbers[index], caption, paraphrase, regions, ImageSize,
            _options.Augmentation, random);

        // What is drawn hangs on the picture's size, which is known before its pixels are.
        Choice Drawn(int width, int height) => drawn ??= Draw(annotation, width, height, random);
    }

    private Choice Draw(RegionAnnotation annotation, int width, int height, SeededRandom random)
    {
        var usable = Annotations.UsableRegions(annotation, width, height, _imageRoot);
        var regions = usable.Count == 0 || _options.MaskAll ? usable : [random.Pick(usable).Draw(random)];
        var caption = CaptionCleaner.Clean(random.Pick(annotation.Captions), _options.MaxWords);
        return new Choice(
            regions, caption, SampleBuilder.DrawWindow(width, height, _options.Augmentation, random));
    }

    // What is drawn for one sample before its picture is augmented.
    private sealed record Choice(IReadOnlyList<Region> Regions, string Caption, PictureWindow? Window);

    internal static string CheckFolder(string imageRoot) =>
        Directory.Exists(imageRoot)
            ? imageRoot
            : throw new DataException($"{imageRoot}: the picture folder does not exist; "
                + "set image_root to the folder that picture paths start from.");
}
