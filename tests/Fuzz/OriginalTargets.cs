using System.Runtime.InteropServices;
using System.Text.Json;
using AmcEngine.DataTools;

namespace AmcEngine.Tests.Fuzz;

/// <summary>The readers of data sets' original files.</summary>
internal static class OriginalTargets
{
    private const int MaxSide = 64;

    /// <summary>Reads expressions of the REFER data sets from a pickle.</summary>
    public static void Refs(FuzzSession session) => _ = ReferPickle.Load(session.Path);

    /// <summary>
    /// Reads a file of COCO, and holds that the place of an annotation leads to it again, and that a shape which is
    /// written is read as a region.
    /// </summary>
    public static void Coco(FuzzSession session)
    {
        using var slices = new JsonSlices(session.Path);
        using var scan = new JsonScan(session.Path);
        CocoPicture picture = default;
        foreach ((var list, var element) in scan.Lists(["images", "annotations"], "categories"))
        {
            using var again = slices.Read(scan.Slice.Offset, scan.Slice.Length);
            if (!JsonMarshal.GetRawUtf8Value(again.RootElement).SequenceEqual(JsonMarshal.GetRawUtf8Value(element)))
                throw new FuzzFailure("an element is not where it was");
            if (list == "images" && CocoPicture.Of(element) is { } known)
                picture = known.Picture;
            // Masks of huge pictures are slow by their nature.
            if (list == "annotations" && picture is { Width: <= MaxSide, Height: <= MaxSide }
                && CocoObject.Of(element) is { } target)
                CheckShape(target.Region(picture, out _));
        }
    }

    /// <summary>Reads boxes of Flickr30k Entities.</summary>
    public static void FlickrXml(FuzzSession session) => _ = FlickrAnnotation.Load(session.Path).Boxes("1");

    /// <summary>Reads marked sentences of Flickr30k Entities.</summary>
    public static void Sentences(FuzzSession session)
    {
        if (FlickrSentence.Load(session.Path).SelectMany(s => s).Any(p => p.Entity.Length == 0 || p.Types.Count == 0))
            throw new FuzzFailure("a phrase has no chain or type");
    }

    private static void CheckShape(ImportedRegion region)
    {
        if (region.Shape.IsEmpty)
            return;
        using var document = JsonDocument.Parse(region.Shape);
        var reader = new RegionReader(BoxFormat.Corners,
            (_, problem) => throw new FuzzFailure($"a shape that was written is refused: {problem}"));
        reader.ParseList(document.RootElement, "shape");
    }
}
