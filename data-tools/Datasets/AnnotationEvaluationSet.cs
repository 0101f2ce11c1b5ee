using System.Collections;

namespace AmcEngine.DataTools;

/// <summary>
/// The questions of an annotation file: one a phrase, with all boxes of its entry. Pictures are read when asked for.
/// </summary>
public sealed class AnnotationEvaluationSet : IEvaluationSet, ICountsPictures
{
    private readonly List<(RegionAnnotation Annotation, string Caption)> _questions = [];
    private readonly string _imageRoot;
    private readonly int _maxWords;

    /// <summary>Reads the annotation files.</summary>
    /// <param name="annotationFiles">At least one file in the format of <see cref="AnnotationFile"/>.</param>
    /// <param name="imageRoot">The folder that picture paths start from.</param>
    /// <param name="maxWords">Words kept of a phrase: 50 on Flickr30k, 30 on RefCOCO+ and RefCLEF.</param>
    /// <param name="pictures">How pictures are read.</param>
    /// <param name="warn">Told in one line about each picture that is not whole.</param>
    /// <exception cref="DataException">A file or the folder is missing, or an entry is wrong.</exception>
    /// <exception cref="ArgumentException">There is no file, or <paramref name="maxWords"/> is not positive.</exception>
    public AnnotationEvaluationSet(
        IReadOnlyList<string> annotationFiles, string imageRoot, int maxWords = CaptionCleaner.TrainingMaxWords, PictureOptions? pictures = null, Action<string>? warn = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(annotationFiles.Count);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(maxWords);
        _imageRoot = AnnotationDataset.CheckFolder(imageRoot);
        _maxWords = maxWords;
        foreach (RegionAnnotation annotation in annotationFiles.SelectMany(AnnotationFile.Load))
            _questions.AddRange(annotation.Captions.Select(caption => (annotation, caption)));
        int count = _questions.Select(q => q.Annotation.Image).Distinct(StringComparer.Ordinal).Count();
        Pictures = new PictureCensus(count, pictures ?? new PictureOptions(), warn);
    }

    /// <inheritdoc/>
    public PictureCensus Pictures { get; }

    /// <summary>Questions in the set.</summary>
    public int Count => _questions.Count;

    /// <summary>Reads one question with its whole picture.</summary>
    /// <exception cref="UnusableSampleException">The question cannot be asked; it is counted, and the others go on.</exception>
    /// <exception cref="DataException">A box covers no pixel of the picture, or too many pictures are unusable.</exception>
    public EvaluationSample this[int index] => Read(index, [PictureTarget.Whole]);

    /// <inheritdoc/>
    public string PictureOf(int index) => _questions[index].Annotation.Image;

    /// <inheritdoc/>
    public EvaluationSample Read(int index, IReadOnlyList<PictureTarget> targets)
    {
        (RegionAnnotation annotation, string caption) = _questions[index];
        PictureViews views = Pictures.Read(Path.Combine(_imageRoot, annotation.Image), targets);
        annotation.CheckBoxes(views.Width, views.Height);
        return new EvaluationSample(annotation.Image, views, CaptionCleaner.Clean(caption, _maxWords), annotation.Boxes);
    }

    /// <summary>The questions in order, each read when reached.</summary>
    public IEnumerator<EvaluationSample> GetEnumerator() => Enumerable.Range(0, Count).Select(i => this[i]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}
