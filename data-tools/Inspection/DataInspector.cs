namespace AmcEngine.DataTools;

/// <summary>What an annotation file holds, and everything that is wrong with it.</summary>
/// <param name="Summary">What the usable entries hold.</param>
/// <param name="Annotations">What is wrong with entries.</param>
/// <param name="Pictures">What is wrong with pictures; null where they were not read.</param>
/// <param name="PictureProblems">A line about each picture that is not whole, the first twenty.</param>
public sealed record Inspection(
    AnnotationSummary Summary, AnnotationCensus Annotations, PictureCensus? Pictures,
    IReadOnlyList<string> PictureProblems)
{
    /// <summary>The regions by kind, in the order of their names.</summary>
    public required IReadOnlyList<KindSummary> Kinds { get; init; }
}

/// <summary>The regions of one kind.</summary>
/// <param name="Kind">What files call the kind.</param>
/// <param name="Count">How many there are.</param>
/// <param name="MeanShare">
/// Mean share of the picture that one covers; null where pictures were not read, or none could be used.
/// </param>
public sealed record KindSummary(string Kind, int Count, double? MeanShare);

/// <summary>Summarises annotation files, so that a user sees at a glance what a file holds.</summary>
public static class DataInspector
{
    /// <summary>
    /// Counts the entries of a file and measures its phrases and boxes. What is wrong is counted, whatever its share.
    /// </summary>
    /// <param name="path">A file in the format of <see cref="AnnotationFile"/>.</param>
    /// <param name="imageRoot">
    /// The picture folder; if given, every picture is read and every box checked against it.
    /// </param>
    /// <param name="options">
    /// How pictures and boxes are read; the share of bad ones and what to do with them are not looked at.
    /// </param>
    /// <exception cref="DataException">The file is unusable as a whole, or the folder is missing.</exception>
    public static Inspection Inspect(string path, string? imageRoot = null, PictureOptions? options = null)
    {
        options = (options ?? new PictureOptions()) with { Bad = BadPictures.Load, MaxBadShare = 1 };
        var census = new AnnotationCensus(options.MaxBadShare);
        var annotations = AnnotationFile.Load(path, options.Boxes, census);
        List<string> problems = [];
        var pictures = annotations.Select(a => a.Image).Distinct(StringComparer.Ordinal).Count();
        var pictureCensus = imageRoot is null ? null : new PictureCensus(pictures, options, line =>
        {
            if (problems.Count < AnnotationCensus.Listed)
                problems.Add(line);
        });
        var shares = pictureCensus is null ? [] : MeasureShares(
            annotations, AnnotationDataset.CheckFolder(imageRoot!), census, pictureCensus);
        List<Box> boxes = [.. annotations.SelectMany(a => a.Regions).OfType<Box>()];
        List<string> captions = [.. annotations.SelectMany(a => a.Captions).Select(
            c => CaptionCleaner.Clean(c, CaptionCleaner.TrainingMaxWords))];
        var summary = new AnnotationSummary
        {
            Entries = annotations.Count,
            Pictures = pictures,
            Captions = captions.Count,
            MeanWords = captions.Average(c => c.Split(' ').Length),
            Boxes = boxes.Count,
            IsNormalised = annotations.Any(a => a.IsNormalised),
            MeanBoxWidth = boxes.Select(b => b.Width).DefaultIfEmpty().Average(),
            MeanBoxHeight = boxes.Select(b => b.Height).DefaultIfEmpty().Average(),
            MeanBoxShare = shares.Count > 0 ? shares.Average(s => s.Share) : null,
        };
        return new Inspection(summary, census, pictureCensus, problems) { Kinds = Kinds(annotations, shares) };
    }

    private static KindSummary[] Kinds(
        IReadOnlyList<RegionAnnotation> annotations, List<(string Kind, double Share)> shares)
    {
        var means = shares.GroupBy(s => s.Kind).ToDictionary(g => g.Key, g => g.Average(s => s.Share));
        var counts = annotations.SelectMany(a => a.Regions).CountBy(r => r.Kind);
        return [.. counts.OrderBy(k => k.Key, StringComparer.Ordinal)
            .Select(k => new KindSummary(k.Key, k.Value, means.TryGetValue(k.Key, out var mean) ? mean : null))];
    }

    private static List<(string Kind, double Share)> MeasureShares(
        IReadOnlyList<RegionAnnotation> annotations, string imageRoot, AnnotationCensus census, PictureCensus pictures)
    {
        List<(string Kind, double Share)> shares = [];
        // Entries of one picture are read together: Visual Genome has some fifty a picture.
        foreach (var entries in annotations.GroupBy(a => a.Image, StringComparer.Ordinal))
        {
            try
            {
                var picture = pictures.Read(Path.Combine(imageRoot, entries.Key));
                foreach (var region in entries.SelectMany(e => UsableRegions(e, picture, census, imageRoot)))
                    shares.Add((region.Kind, Share(region, picture)));
            }
            catch (UnreadablePictureException)
            {
                // Counted and named by the census.
            }
        }
        return shares;
    }

    private static IReadOnlyList<Region> UsableRegions(
        RegionAnnotation entry, RgbImage picture, AnnotationCensus census, string imageRoot)
    {
        try
        {
            return census.UsableRegions(entry, picture.Width, picture.Height, imageRoot);
        }
        catch (UnusableSampleException)
        {
            return [];
        }
    }

    // What of a region lies in the picture; of a box exactly, of others by their pixels.
    private static double Share(Region region, RgbImage picture)
    {
        var area = region is Box box
            ? new Box(Math.Max(box.X1, 0), Math.Max(box.Y1, 0), Math.Min(box.X2, picture.Width),
                Math.Min(box.Y2, picture.Height)).Area
            : region.Rasterize(picture.Width, picture.Height).Values.Count(v => v > 0);
        return area / ((double)picture.Width * picture.Height);
    }
}
