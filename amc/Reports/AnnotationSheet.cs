using AmcEngine.Amc.Drawing;
using AmcEngine.DataTools;
using SkiaSharp;

namespace AmcEngine.Amc.Reports;

/// <summary>
/// Draws entries of an annotation file in a grid: the picture with its regions, the phrase and what the regions are.
/// </summary>
internal static class AnnotationSheet
{
    /// <summary>Most entries on a sheet.</summary>
    public const int Most = 24;

    private const int Columns = 4;
    private const int Side = 224;
    private const int Tallest = 280;
    private const int Gap = 16;
    private const int Margin = 24;
    private const int Head = 56;
    private const int Words = 48;

    private static readonly SKColor Ink = new(30, 30, 30);
    private static readonly SKColor Faint = new(110, 110, 110);

    private static readonly QuestionPanel Panel = new(Side, Tallest);

    /// <summary>Draws and writes a sheet. Entries that cannot be drawn leave their places to others.</summary>
    /// <param name="path">The file to write.</param>
    /// <param name="file">The annotation file.</param>
    /// <param name="imageRoot">The folder of the pictures.</param>
    /// <param name="options">How pictures and coordinates are read.</param>
    /// <exception cref="DataException">The file is unusable, or no entry of it can be drawn.</exception>
    /// <exception cref="Files.FileWriteException">The sheet cannot be written.</exception>
    public static void Save(string path, string file, string imageRoot, PictureOptions options)
    {
        AnnotationCensus census = new(maxBadShare: 1);
        var annotations = AnnotationFile.Load(file, options.Boxes, census);
        options = options with { Bad = BadPictures.Load, MaxBadShare = 1 };
        PictureCensus pictures = new(annotations.Count, options, _ => { });
        var samples = InTurn(annotations).Select(a => Read(a, imageRoot, census, pictures)).OfType<EvaluationSample>();
        EvaluationSample[] shown = [.. samples.Take(Most)];
        if (shown.Length == 0)
            throw new DataException($"{file}: no entry can be drawn; correct what is listed above.");
        Draw(path, shown, $"{Path.GetFileName(file)}: {shown.Length} of {annotations.Count} entries");
    }

    /// <summary>
    /// Entries in an order in which all kinds of regions come early, and those of a kind from all over the file.
    /// </summary>
    internal static IEnumerable<RegionAnnotation> InTurn(IReadOnlyList<RegionAnnotation> annotations)
    {
        RegionAnnotation[][] kinds = [.. annotations.GroupBy(a => a.Regions.Count == 0 ? "" : a.Regions[0].Kind)
            .OrderBy(g => g.Key, StringComparer.Ordinal).Select(g => Spread([.. g]))];
        for (var i = 0; i < kinds.Max(k => k.Length); i++)
        {
            foreach (var kind in kinds.Where(k => k.Length > i))
                yield return kind[i];
        }
    }

    // Every n-th entry first, then those behind them.
    private static RegionAnnotation[] Spread(RegionAnnotation[] entries)
    {
        var stride = (entries.Length + Most - 1) / Most;
        return [.. entries.Select((e, i) => (e, i)).OrderBy(p => p.i % stride).ThenBy(p => p.i).Select(p => p.e)];
    }

    private static EvaluationSample? Read(
        RegionAnnotation annotation, string imageRoot, AnnotationCensus census, PictureCensus pictures)
    {
        try
        {
            var views = pictures.Read(Path.Combine(imageRoot, annotation.Image), [Panel.Picture]);
            var regions = census.UsableRegions(annotation, views.Width, views.Height, imageRoot);
            return new EvaluationSample(annotation.Image, views, annotation.Captions[0], regions);
        }
        catch (UnusableSampleException)
        {
            return null;
        }
    }

    private static void Draw(string path, EvaluationSample[] shown, string title)
    {
        int columns = Math.Min(Columns, shown.Length), top = Head;
        EvaluationSample[][] rows = [.. shown.Chunk(columns)];
        int[] heights = [.. rows.Select(row => row.Max(Panel.Height))];
        var width = columns * Side + (columns - 1) * Gap;
        using var sheet = new Sheet(2 * Margin + width, Head + heights.Sum(h => h + Words + Gap) + Margin);
        sheet.Text(title, Margin, 36, 20, Ink, maxWidth: width);
        for (var row = 0; row < rows.Length; row++)
        {
            for (var column = 0; column < rows[row].Length; column++)
            {
                var sample = rows[row][column];
                int left = Margin + column * (Side + Gap), below = top + heights[row];
                // Pictures of a row stand on one line, so that phrases do.
                Panel.Draw(sheet, sample, null, left, below - Panel.Height(sample));
                sheet.Text(sample.Caption, left, below + 18, 14, Ink, maxWidth: Side);
                sheet.Text(Kinds(sample), left, below + 36, 12, Faint, maxWidth: Side);
            }
            top += heights[row] + Words + Gap;
        }
        sheet.Save(path);
    }

    private static string Kinds(EvaluationSample sample) => sample.Regions.Count == 0
        ? "no region"
        : string.Join(
            ", ", sample.Regions.CountBy(r => r.Kind).Select(k => k.Value == 1 ? k.Key : $"{k.Value} × {k.Key}"));
}
