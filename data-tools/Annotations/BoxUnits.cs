namespace AmcEngine.DataTools;

/// <summary>
/// Tells whether the coordinates of a file are pixels or shares of the picture. Masks have the picture's pixels, and
/// say nothing.
/// </summary>
internal static class BoxUnits
{
    /// <summary>
    /// Whether a box can be one of normalised ones: it may reach beyond the picture, but not by more than its size.
    /// </summary>
    public static bool CanBeNormalised(Box box) =>
        box is { X1: > -1 and < 1, Y1: > -1 and < 1, X2: > 0 and < 2, Y2: > 0 and < 2 };

    /// <summary>
    /// Gives a whole file one unit. Boxes that all lie in 0…1 are normalised; where units are mixed, those of fewer
    /// boxes are bad, and entries that lose all their boxes go.
    /// </summary>
    public static List<RegionAnnotation> Settle(
        List<RegionAnnotation> annotations, string path, AnnotationCensus census)
    {
        int boxes = 0, unit = 0, share = 0;
        foreach (var box in annotations.SelectMany(a => a.Regions).Select(r => r.Coordinates).OfType<Box>())
        {
            boxes++;
            unit += LiesInUnit(box) ? 1 : 0;
            share += IsShare(box) ? 1 : 0;
        }
        if (unit == 0)
            return annotations;
        if (unit == boxes)
            census.Note(
                $"{path}: all boxes lie in 0…1 and are taken as normalised; box_format: xyxy takes them as pixels.");
        var normalised = unit == boxes || 2 * share > boxes;
        return [.. annotations.Select(a => Settle(a, normalised, census)).OfType<RegionAnnotation>()];
    }

    private static RegionAnnotation? Settle(RegionAnnotation annotation, bool normalised, AnnotationCensus census)
    {
        bool Fits(Box box) => normalised ? CanBeNormalised(box) : !IsShare(box);

        List<Region> good = [.. annotation.Regions.Where(r => r.Coordinates is not { } box || Fits(box))];
        var bad = annotation.Regions.Count - good.Count;
        foreach (var region in annotation.Regions.Except(good))
        {
            var what = region is Box ? $"bbox: {region}" : $"{region}";
            census.Add(AnnotationFault.OtherUnit, $"{annotation.Source}: {what} {(normalised
                ? "is in pixels, but most boxes of the file are normalised"
                : "is normalised, but other boxes of the file are in pixels")}; give all boxes in one unit.");
        }
        if (bad > 0)
            census.Lose(all: good.Count == 0, bad, 0);
        return bad > 0 && good.Count == 0
            ? null
            : annotation with { Regions = bad == 0 ? annotation.Regions : good, IsNormalised = normalised };
    }

    private static bool LiesInUnit(Box box) => box is { X1: >= 0, Y1: >= 0, X2: <= 1, Y2: <= 1 };

    // [0, 0, 1, 1] may also be the first pixel.
    private static bool IsShare(Box box) => LiesInUnit(box) && (box.X1 > 0 || box.Y1 > 0 || box.X2 < 1 || box.Y2 < 1);
}
