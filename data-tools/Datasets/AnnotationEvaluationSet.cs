using System.Collections;

namespace AmcEngine.DataTools;

/// <summary>
/// The questions of annotation files: one a phrase, with all regions of its entry; entries without one ask none.
/// Pictures are read when asked for.
/// </summary>
public sealed class AnnotationEvaluationSet : IEvaluationSet, IFileDataset
{
    private readonly List<(RegionAnnotation Annotation, string Caption)> _questions = [];
    private readonly string _imageRoot;
    private readonly int _maxWords;

    /// <summary>Reads the annotation files.</summary>
    /// <param name="annotationFiles">At least one file in the format of <see cref="AnnotationFile"/>.</param>
    /// <param name="imageRoot">The folder that picture paths start from.</param>
    /// <param name="maxWords">Words kept of a phrase: 50 on Flickr30k, 30 on RefCOCO+ and RefCLEF.</param>
    /// <param name="pictures">How pictures and boxes are read.</param>
    /// <param name="warn">Told in one line each about what is wrong with the data and left out.</param>
    /// <exception cref="DataException">
    /// A file or the folder is missing, too many entries are bad, or none has a region.
    /// </exception>
    /// <exception cref="ArgumentException">
    /// There is no file, or <paramref name="maxWords"/> is not positive.
    /// </exception>
    public AnnotationEvaluationSet(
        IReadOnlyList<string> annotationFiles, string imageRoot, int maxWords = CaptionCleaner.TrainingMaxWords,
        PictureOptions? pictures = null, Action<string>? warn = null)
        : this(
            () => AnnotationFiles.Load(annotationFiles, pictures ?? new PictureOptions(), warn),
            string.Join(", ", annotationFiles), imageRoot, maxWords, pictures, warn)
    {
    }

    /// <summary>The questions of entries from elsewhere.</summary>
    /// <param name="load">Reads them, with what is wrong in them; called when all else is checked.</param>
    /// <param name="source">What messages call them.</param>
    /// <param name="imageRoot">The folder that picture paths start from.</param>
    /// <param name="maxWords">Words kept of a phrase.</param>
    /// <param name="pictures">How pictures are read.</param>
    /// <param name="warn">Told in one line each about what is wrong with the pictures and left out.</param>
    /// <exception cref="DataException">The folder is missing, no entry has a region, or as loading says.</exception>
    /// <exception cref="ArgumentException"><paramref name="maxWords"/> is not positive.</exception>
    public AnnotationEvaluationSet(
        Func<(List<RegionAnnotation> Annotations, AnnotationCensus Census)> load, string source, string imageRoot,
        int maxWords, PictureOptions? pictures, Action<string>? warn)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxWords);
        _imageRoot = AnnotationDataset.CheckFolder(imageRoot);
        _maxWords = maxWords;
        (var annotations, Annotations) = load();
        foreach (var annotation in annotations.Where(a => a.Regions.Count > 0))
            _questions.AddRange(annotation.Captions.Select(caption => (annotation, caption)));
        if (_questions.Count == 0)
            throw new DataException($"{source}: no entry has a region, so that there is nothing to ask; "
                + (annotations.Exists(a => a.Reference is not null)
                    ? "refcoco_data must name the folder in which REFER's files have the boxes of their ref_id."
                    : "name files with boxes or other regions in test_file."));
        Pictures = AnnotationFiles.Pictures(
            _questions.Select(q => q.Annotation), pictures ?? new PictureOptions(), warn);
    }

    /// <inheritdoc/>
    public PictureCensus Pictures { get; }

    /// <inheritdoc/>
    public AnnotationCensus Annotations { get; }

    /// <summary>Questions in the set.</summary>
    public int Count => _questions.Count;

    /// <summary>Reads one question with its whole picture.</summary>
    /// <exception cref="UnusableSampleException">
    /// The question cannot be asked; it is counted, and the others go on.
    /// </exception>
    /// <exception cref="DataException">
    /// Too many pictures or entries are unusable, or the options say to stop at the first.
    /// </exception>
    public EvaluationSample this[int index] => Read(index, [PictureTarget.Whole]);

    /// <inheritdoc/>
    public string PictureOf(int index) => _questions[index].Annotation.Image;

    /// <inheritdoc/>
    public PictureReader ReaderOf(int index, IReadOnlyList<PictureTarget> targets) =>
        Pictures.Reader(PathOf(_questions[index].Annotation), targets);

    /// <inheritdoc/>
    public EvaluationSample Read(int index, IReadOnlyList<PictureTarget> targets, PictureReader? picture = null)
    {
        (var annotation, var caption) = _questions[index];
        var path = PathOf(annotation);
        var views = Pictures.Read(path, picture ?? Pictures.Reader(path, targets));
        var regions = Annotations.UsableRegions(annotation, views.Width, views.Height, _imageRoot);
        return new EvaluationSample(annotation.Image, views, CaptionCleaner.Clean(caption, _maxWords), regions)
        {
            Id = annotation.Id,
            Entity = annotation.Entity,
            Category = annotation.Category,
            Split = annotation.Split,
            File = annotation.File,
        };
    }

    /// <summary>The questions in order, each read when reached.</summary>
    public IEnumerator<EvaluationSample> GetEnumerator() =>
        Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private string PathOf(RegionAnnotation annotation) => Path.Combine(_imageRoot, annotation.Image);
}
