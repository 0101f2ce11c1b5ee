namespace AmcEngine.DataTools;

/// <summary>The annotation files of a data set with what is wrong in them.</summary>
public static class AnnotationFiles
{
    /// <summary>Reads and concatenates files; says what is wrong.</summary>
    /// <param name="files">At least one file.</param>
    /// <param name="options">How boxes are read, and how many bad entries are too many.</param>
    /// <param name="warn">Told everything that is wrong; may be null.</param>
    /// <param name="complete">Adds what lies in other files, before all is judged; may be null.</param>
    /// <exception cref="DataException">A file is unusable, or too many entries are bad.</exception>
    public static (List<RegionAnnotation> Annotations, AnnotationCensus Census) Load(
        IReadOnlyList<string> files, PictureOptions options, Action<string>? warn,
        Func<List<RegionAnnotation>, AnnotationCensus, List<RegionAnnotation>>? complete = null)
    {
        ArgumentOutOfRangeException.ThrowIfZero(files.Count);
        var census = new AnnotationCensus(options.MaxBadShare, warn);
        List<RegionAnnotation> annotations = [];
        foreach (var file in files)
            annotations.AddRange(AnnotationFile.Load(file, options.Boxes, census));
        if (complete is not null)
            annotations = complete(annotations, census);
        foreach (var line in census.Lines())
            warn?.Invoke(line);
        census.Finish();
        return (annotations, census);
    }

    /// <summary>A count of the pictures that annotations name.</summary>
    public static PictureCensus Pictures(
        IEnumerable<RegionAnnotation> annotations, PictureOptions options, Action<string>? warn) =>
        new(annotations.Select(a => a.Image).Distinct(StringComparer.Ordinal).Count(), options, warn);
}
