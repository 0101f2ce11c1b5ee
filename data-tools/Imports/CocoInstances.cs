using System.Globalization;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// COCO. <c>instances_SPLIT.json</c> becomes the split SPLIT: for each picture, the name of each category that it shows
/// is a phrase with all objects of that category as its regions (outlines; run-lengths for crowds), so that a point on
/// any of them is a hit, as the pointing game on COCO counts. <c>captions_SPLIT.json</c> becomes the split
/// SPLIT_captions: an entry a picture with its captions and without region, since a caption names no place; such
/// entries train the losses that need none.
/// </summary>
public sealed class CocoInstances : ImportedDataset
{
    private const string Folder = "annotations";
    private const string InstancesPrefix = "instances_";
    private const string CaptionsPrefix = "captions_";
    private const string CaptionsSuffix = "_captions";

    /// <inheritdoc/>
    public override string Name => "coco";

    /// <inheritdoc/>
    public override string Title => "COCO";

    /// <inheritdoc/>
    public override string Home => "https://cocodataset.org";

    /// <inheritdoc/>
    public override string Licence => "CC BY 4.0 (annotations); pictures under Flickr's terms";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Splits { get; } =
        [.. new[] { "train2014", "val2014", "train2017", "val2017" }.SelectMany(s => new[] { s, s + CaptionsSuffix })];

    /// <inheritdoc/>
    public override IReadOnlyList<LayoutPart> Layout =>
    [
        new($"{Folder}/{InstancesPrefix}*.json", "objects"),
        new($"{Folder}/{CaptionsPrefix}*.json", "captions", IsRequired: false),
    ];

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, PublishedCounts> Published { get; } =
        new Dictionary<string, PublishedCounts>
        {
            ["train2017" + CaptionsSuffix] = new(118_287, 591_753),
            ["val2017" + CaptionsSuffix] = new(5_000, 25_014),
        };

    /// <inheritdoc/>
    internal override ImportPlan Plan(ImportRequest request)
    {
        CheckLayout(request.Root);
        List<(string Split, string Path, bool IsCaptions)> files =
            [.. Files(request.Root, InstancesPrefix).Select(f => (f.Name, f.Path, false)),
                .. Files(request.Root, CaptionsPrefix).Select(f => (f.Name + CaptionsSuffix, f.Path, true))];
        return new ImportPlan([.. files.Select(f => f.Split)], [.. files.Select(f => f.Path)], run =>
        {
            var folder = PictureFolder.Find(request, files.Select(f => PictureName(f.Split))
                .Distinct(StringComparer.Ordinal).SelectMany(s => new[] { (".", s), ("images", s) }));
            run.ImageRoot = folder.Root;
            var indices = files.ConvertAll(f => CocoIndex.Load(run, f.Split, f.Path));
            var pictures = Locate(run, folder, files.Select(f => PictureName(f.Split)).Zip(indices));
            for (var i = 0; i < files.Count; i++)
                Carry(run, files[i].Split, indices[i], pictures[i], files[i].IsCaptions);
        });
    }

    private static IEnumerable<(string Name, string Path)> Files(string root, string prefix) =>
        Directory.EnumerateFiles(Path.Combine(root, Folder), $"{prefix}*.json").Order(StringComparer.Ordinal)
            .Select(p => (Path.GetFileNameWithoutExtension(p)[prefix.Length..], p));

    private static string PictureName(string split) => split.Replace(CaptionsSuffix, "", StringComparison.Ordinal);

    // Path or null for each picture of each file.
    private static List<string?[]> Locate(
        ImportRun run, PictureFolder folder, IEnumerable<(string Name, CocoIndex Index)> files)
    {
        List<string?[]> all = [];
        HashSet<string> looked = new(StringComparer.Ordinal);
        foreach ((var name, var index) in files)
        {
            var paths = new string?[index.Pictures.Count];
            for (var i = 0; i < paths.Length; i++)
            {
                var file = index.Pictures[i].File;
                // Divisions of one's own (minival2014) name pictures of COCO's folders, which the names of 2014 tell.
                var parts = file.Split('_');
                paths[i] = folder.Locate($"{name}/{file}", parts.Length > 1 ? $"{parts[1]}/{file}" : file, file);
                looked.Add(file);
                if (paths[i] is null)
                    run.Missing($"{name}/{file}");
            }
            all.Add(paths);
        }
        run.CheckPictures(looked.Count);
        return all;
    }

    private static void Carry(ImportRun run, string split, CocoIndex index, string?[] pictures, bool isCaptions)
    {
        using var slices = new JsonSlices(index.Path);
        foreach ((var picture, var places) in index.ByPicture())
        {
            if (pictures[picture] is not { } image)
                run.Drop(split, DropReasons.MissingPicture, places.Count);
            else if (isCaptions)
                WriteCaptions(run, split, index.Pictures[picture], image, places, slices);
            else
                WriteObjects(run, split, index, index.Pictures[picture], image, places, slices);
            run.EndUnit();
        }
    }

    private static void WriteCaptions(ImportRun run, string split, CocoPicture picture, string image,
        IReadOnlyList<CocoIndex.Place> places, JsonSlices slices)
    {
        List<string> captions = [];
        foreach (var place in places)
        {
            using var document = slices.Read(place.Offset, place.Length);
            if (document.RootElement.Text("caption") is { } caption)
                captions.Add(caption);
            else
                run.Drop(split, DropReasons.Malformed);
        }
        if (captions.Count > 0)
            run.Write(split, new ImportedEntry(image, captions, []) { Width = picture.Width, Height = picture.Height });
    }

    private static void WriteObjects(ImportRun run, string split, CocoIndex index, CocoPicture picture, string image,
        IReadOnlyList<CocoIndex.Place> places, JsonSlices slices)
    {
        OrderedDictionary<long, List<ImportedRegion>> categories = [];
        foreach (var place in places)
        {
            using var document = slices.Read(place.Offset, place.Length);
            var target = CocoObject.Of(document.RootElement);
            var wrong = target switch
            {
                null or { Category: null } => DropReasons.Malformed,
                _ when !index.Categories.ContainsKey(target.Category.Value) => DropReasons.UnknownCategory,
                _ when !(target.Box.Area > 0) => DropReasons.FlatBox,
                _ => null,
            };
            if (wrong is not null)
            {
                run.Drop(split, wrong);
                continue;
            }
            var region = target!.Region(picture, out var hasBadShape);
            if (hasBadShape)
                run.Drop(split, DropReasons.BadShape);
            if (!categories.TryGetValue(target.Category!.Value, out var regions))
                categories[target.Category.Value] = regions = [];
            regions.Add(region);
        }
        foreach ((var category, var regions) in categories)
        {
            var name = index.Categories[category];
            run.Write(split, new ImportedEntry(image, [name], regions)
            {
                Width = picture.Width,
                Height = picture.Height,
                Id = string.Create(CultureInfo.InvariantCulture, $"{index.Ids[picture.File]}/{category}"),
                Category = name,
            });
        }
    }
}
