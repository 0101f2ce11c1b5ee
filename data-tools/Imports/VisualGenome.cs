using System.Globalization;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// Visual Genome: region descriptions, and phrases such as "red car" of attributes with the objects that have them. One
/// split, <c>train</c>. Boxes are clamped to the picture as the reference's training does (specification 5); a box that
/// covers no pixel of it is left out. Descriptions come first, one entry each; then attributes, one entry a phrase of a
/// picture with the boxes of all objects that it fits.
/// </summary>
public sealed class VisualGenome : ImportedDataset
{
    private const string Train = "train";
    private const string ImageData = "image_data.json";
    private const string Descriptions = "region_descriptions.json";
    private const string Attributes = "attributes.json";

    /// <inheritdoc/>
    public override string Name => "vg";

    /// <inheritdoc/>
    public override string Title => "Visual Genome";

    /// <inheritdoc/>
    public override string Home => "https://homes.cs.washington.edu/~ranjay/visualgenome/";

    /// <inheritdoc/>
    public override string Licence => "CC BY 4.0 (annotations)";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Splits => [Train];

    /// <inheritdoc/>
    public override IReadOnlyList<LayoutPart> Layout =>
    [
        new(ImageData, "sizes and addresses of the pictures"),
        new(Descriptions, "phrases with boxes"),
        new(Attributes, "attributes of objects with boxes", IsRequired: false),
        new("VG_100K", "pictures", IsRequired: false),
        new("VG_100K_2", "pictures", IsRequired: false),
    ];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, PublishedCounts> Published =>
        new Dictionary<string, PublishedCounts> { [Train] = new(108_077) };

    /// <inheritdoc/>
    internal override ImportPlan Plan(ImportRequest request)
    {
        CheckLayout(request.Root);
        List<string> inputs = [Path.Combine(request.Root, ImageData), Path.Combine(request.Root, Descriptions)];
        var attributes = Path.Combine(request.Root, Attributes);
        if (File.Exists(attributes))
            inputs.Add(attributes);
        else
            request.Say?.Invoke($"note: {attributes} is not there; region descriptions alone are imported");
        return new ImportPlan([Train], inputs, run => Carry(run, inputs));
    }

    private static void Carry(ImportRun run, List<string> inputs)
    {
        var pictures = ReadPictures(run, inputs[0]);
        var ids = new IdSet();
        using (var scan = run.Reading(new JsonScan(inputs[1])))
        {
            foreach (var entry in scan.List())
            {
                WriteDescriptions(run, pictures, entry, ids);
                run.EndUnit();
            }
        }
        if (inputs.Count < 3)
            return;
        using (var scan = run.Reading(new JsonScan(inputs[2])))
        {
            foreach (var entry in scan.List())
            {
                WriteAttributes(run, pictures, entry);
                run.EndUnit();
            }
        }
    }

    private static Dictionary<long, Picture> ReadPictures(ImportRun run, string path)
    {
        var folder = PictureFolder.Find(
            run.Request, (".", "VG_100K"), (".", "VG_100K_2"), ("images", "VG_100K"), ("images", "VG_100K_2"));
        run.ImageRoot = folder.Root;
        Dictionary<long, Picture> pictures = [];
        using var scan = run.Reading(new JsonScan(path));
        foreach (var entry in scan.List())
        {
            if (PictureId(entry) is not { } id || entry.Whole("width") is not { } width
                || entry.Whole("height") is not { } height
                || width is < 1 or > int.MaxValue || height is < 1 or > int.MaxValue)
            {
                run.Drop(Train, DropReasons.Malformed);
                continue;
            }
            var name = string.Create(CultureInfo.InvariantCulture, $"{id}.jpg");
            // The address tells in which of the two archives the picture is.
            var first =
                entry.Text("url")?.Contains("VG_100K_2/", StringComparison.Ordinal) == true ? "VG_100K_2" : "VG_100K";
            var second = first == "VG_100K" ? "VG_100K_2" : "VG_100K";
            var image = folder.Locate($"{first}/{name}", $"{second}/{name}", name);
            if (image is null)
                run.Missing($"{first}/{name}");
            if (!pictures.TryAdd(id, new Picture(image, (int)width, (int)height)))
                run.Drop(Train, DropReasons.DuplicateId);
        }
        run.CheckPictures(pictures.Count);
        return pictures;
    }

    private static void WriteDescriptions(
        ImportRun run, Dictionary<long, Picture> pictures, JsonElement entry, IdSet ids)
    {
        // Older releases name the picture in each region only.
        var entryId = PictureId(entry);
        foreach (var region in entry.Elements("regions"))
        {
            var phrase = region.Text("phrase");
            if (phrase is null || BoxOf(region, "width", "height") is not { } box
                || (region.Whole("image_id") ?? entryId) is not { } pictureId)
            {
                run.Drop(Train, DropReasons.Malformed);
                continue;
            }
            var id = region.Whole("region_id");
            if (id is { } known && !ids.Add(known))
                run.Drop(Train, DropReasons.DuplicateId);
            else if (Clamp(run, pictures, pictureId, box) is (var picture, { } clamped))
            {
                run.Write(Train, new ImportedEntry(picture.Image!, [phrase], [new ImportedRegion(clamped)])
                {
                    Width = picture.Width,
                    Height = picture.Height,
                    Id = id?.ToString(CultureInfo.InvariantCulture),
                });
            }
        }
        if (entry.Field("regions") is not { ValueKind: JsonValueKind.Array })
            run.Drop(Train, DropReasons.Malformed);
    }

    private static void WriteAttributes(ImportRun run, Dictionary<long, Picture> pictures, JsonElement entry)
    {
        if (PictureId(entry) is not { } pictureId
            || entry.Field("attributes") is not { ValueKind: JsonValueKind.Array })
        {
            run.Drop(Train, DropReasons.Malformed);
            return;
        }
        // Phrase → boxes, in the order of first mention.
        OrderedDictionary<string, (string Name, List<ImportedRegion> Regions)> phrases = new(StringComparer.Ordinal);
        Picture? picture = null;
        foreach (var item in entry.Elements("attributes"))
        {
            var name = item.Elements("names").Concat(item.Elements("object_names")).Select(n => n.AsText())
                .FirstOrDefault()?.Trim();
            // Objects without an attribute are no mistake.
            if (item.Field("attributes") is null)
                continue;
            if (name is null || BoxOf(item, "w", "h") is not { } box)
            {
                run.Drop(Train, DropReasons.Malformed);
                continue;
            }
            if (Clamp(run, pictures, pictureId, box) is not (var found, { } clamped))
                continue;
            picture = found;
            foreach (var phrase in item.Elements("attributes").Select(a => a.AsText()?.Trim()).OfType<string>()
                .Distinct(StringComparer.Ordinal).Select(a => $"{a} {name}"))
            {
                if (!phrases.TryGetValue(phrase, out var known))
                    phrases[phrase] = known = (name, []);
                known.Regions.Add(new ImportedRegion(clamped));
            }
        }
        foreach ((var phrase, (var name, var regions)) in phrases)
            run.Write(Train, new ImportedEntry(picture!.Value.Image!, [phrase], regions)
            {
                Width = picture.Value.Width,
                Height = picture.Value.Height,
                Category = name
            });
    }

    // The picture and the box within it; null where one of them cannot be used, which is counted.
    private static (Picture Picture, Box? Box)? Clamp(
        ImportRun run, Dictionary<long, Picture> pictures, long id, Box box)
    {
        string? reason = null;
        if (!pictures.TryGetValue(id, out var picture))
            reason = DropReasons.UnknownPicture;
        else if (picture.Image is null)
            reason = DropReasons.MissingPicture;
        else if (!(box.Area > 0))
            reason = DropReasons.FlatBox;
        else if (!box.Covers(picture.Width, picture.Height))
            reason = DropReasons.BoxOutside;
        if (reason is null)
        {
            return (picture, new Box(
                Math.Clamp(box.X1, 0, picture.Width - 1), Math.Clamp(box.Y1, 0, picture.Height - 1),
                Math.Clamp(box.X2, 1, picture.Width), Math.Clamp(box.Y2, 1, picture.Height)));
        }
        run.Drop(Train, reason);
        return null;
    }

    private static Box? BoxOf(JsonElement region, string width, string height) =>
        region.Number("x") is { } x && region.Number("y") is { } y && region.Number(width) is { } w
            && region.Number(height) is { } h
            ? new Box(x, y, x + w, y + h)
            : null;

    // Releases differ in what they call it.
    private static long? PictureId(JsonElement entry) => entry.Whole("image_id") ?? entry.Whole("id");

    private readonly record struct Picture(string? Image, int Width, int Height);
}
