namespace AmcEngine.DataTools;

/// <summary>Training samples of annotation files: one or more JSON files, concatenated, and a folder of pictures.</summary>
public sealed class AnnotationDataset : IRegionDataset
{
    private readonly List<RegionAnnotation> _annotations = [];
    private readonly string _imageRoot;
    private readonly AnnotationDatasetOptions _options;

    /// <summary>Reads the annotation files; pictures are read when asked for.</summary>
    /// <param name="annotationFiles">At least one file in the format of <see cref="AnnotationFile"/>.</param>
    /// <param name="imageRoot">The folder that picture paths start from.</param>
    /// <param name="options">Settings; the recipe's by default.</param>
    /// <exception cref="DataException">A file or the folder is missing, or an entry is wrong.</exception>
    /// <exception cref="ArgumentException">There is no file, or a setting is out of range.</exception>
    public AnnotationDataset(IReadOnlyList<string> annotationFiles, string imageRoot, AnnotationDatasetOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(annotationFiles.Count);
        _options = options ?? new AnnotationDatasetOptions();
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.ImageSize);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(_options.MaxWords);
        _imageRoot = CheckFolder(imageRoot);
        foreach (string file in annotationFiles)
            _annotations.AddRange(AnnotationFile.Load(file));
    }

    /// <inheritdoc/>
    public int Count => _annotations.Count;

    /// <inheritdoc/>
    public int ImageSize => _options.ImageSize;

    /// <inheritdoc/>
    /// <remarks>One box and, independently, one phrase are drawn; boxes that cover no pixel are passed over (specification 5).</remarks>
    public RegionSample Get(int index, ulong seed, int epoch)
    {
        SeededRandom random = SampleBuilder.RandomOf(index, Count, seed, epoch);
        RegionAnnotation annotation = _annotations[index];
        RgbImage original = RgbImage.Load(Path.Combine(_imageRoot, annotation.Image));
        List<Box> usable = [.. annotation.Boxes.Where(b => RegionMask.Covers(b, original.Width, original.Height))];
        if (usable.Count == 0)
            annotation.CheckBoxes(original.Width, original.Height);
        Box box = random.Pick(usable);
        string caption = CaptionCleaner.Clean(random.Pick(annotation.Captions), _options.MaxWords);
        return SampleBuilder.Build(original, caption, box, annotation.Boxes, ImageSize, _options.Augmentation, random);
    }

    internal static string CheckFolder(string imageRoot) =>
        Directory.Exists(imageRoot)
            ? imageRoot
            : throw new DataException($"{imageRoot}: the picture folder does not exist; set image_root to the folder that picture paths start from.");
}
