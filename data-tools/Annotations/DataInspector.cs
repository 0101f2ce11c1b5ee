namespace AmcEngine.DataTools;

/// <summary>Summarises annotation files, so that a user sees at a glance what a file holds.</summary>
public static class DataInspector
{
    /// <summary>Counts the entries of a file and measures its phrases and boxes.</summary>
    /// <param name="path">A file in the format of <see cref="AnnotationFile"/>.</param>
    /// <param name="imageRoot">The picture folder; if given, every picture is read and every box checked against it.</param>
    /// <exception cref="DataException">The file or a picture is unusable, or a box covers no pixel of its picture.</exception>
    public static AnnotationSummary Inspect(string path, string? imageRoot = null)
    {
        IReadOnlyList<RegionAnnotation> annotations = AnnotationFile.Load(path);
        double[] shares = imageRoot is null ? [] : MeasureShares(annotations, AnnotationDataset.CheckFolder(imageRoot));
        List<Box> boxes = [.. annotations.SelectMany(a => a.Boxes)];
        List<string> captions = [.. annotations.SelectMany(a => a.Captions).Select(c => CaptionCleaner.Clean(c, CaptionCleaner.TrainingMaxWords))];
        return new AnnotationSummary
        {
            Entries = annotations.Count,
            Pictures = annotations.Select(a => a.Image).Distinct(StringComparer.Ordinal).Count(),
            Captions = captions.Count,
            MeanWords = captions.Average(c => c.Split(' ').Length),
            Boxes = boxes.Count,
            MeanBoxWidth = boxes.Average(b => b.Width),
            MeanBoxHeight = boxes.Average(b => b.Height),
            MeanBoxShare = shares.Length > 0 ? shares.Average() : null,
        };
    }

    private static double[] MeasureShares(IReadOnlyList<RegionAnnotation> annotations, string imageRoot)
    {
        var shares = new List<double>();
        // Entries of one picture are read together: Visual Genome has some fifty a picture.
        foreach (IGrouping<string, RegionAnnotation> entries in annotations.GroupBy(a => a.Image, StringComparer.Ordinal))
        {
            RgbImage picture = RgbImage.Load(Path.Combine(imageRoot, entries.Key));
            foreach (RegionAnnotation entry in entries)
            {
                entry.CheckBoxes(picture.Width, picture.Height);
                shares.AddRange(entry.Boxes.Select(b => Inside(b, picture) / ((double)picture.Width * picture.Height)));
            }
        }
        return [.. shares];
    }

    private static double Inside(Box box, RgbImage picture) => new Box(
        Math.Max(box.X1, 0), Math.Max(box.Y1, 0), Math.Min(box.X2, picture.Width), Math.Min(box.Y2, picture.Height)).Area;
}
