using System.Globalization;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>
/// Flickr30k Entities: every phrase of every sentence about something with a box is an entry with all boxes of that
/// thing; repeats count each time, as in the reference (specification 6). Boxes are as published, less 1, so that
/// corners count from 0.
/// </summary>
public sealed class FlickrEntities : ImportedDataset
{
    private const string Annotations = "Annotations";
    private const string Sentences = "Sentences";

    /// <inheritdoc/>
    public override string Name => "flickr30k";

    /// <inheritdoc/>
    public override string Title => "Flickr30k Entities";

    /// <inheritdoc/>
    public override string Home => "https://github.com/BryanPlummer/flickr30k_entities";

    /// <inheritdoc/>
    public override string Licence => "for research; the pictures are their photographers' (Flickr)";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Splits { get; } = ["train", "val", "test"];

    /// <inheritdoc/>
    public override IReadOnlyList<LayoutPart> Layout =>
    [
        new($"{Annotations}/*.xml", "boxes"),
        new($"{Sentences}/*.txt", "marked sentences"),
        .. SplitFiles,
    ];

    private IReadOnlyList<LayoutPart> SplitFiles =>
        [.. Splits.Select(s => new LayoutPart($"{s}.txt", "numbers of pictures", IsRequired: false))];

    /// <inheritdoc/>
    internal override ImportPlan Plan(ImportRequest request)
    {
        if (request.InfoGround is { } folder && !Directory.Exists(folder))
            throw new DataException($"{folder}: there is no such folder; --info-ground names the folder of "
                + "bounding_boxes_SPLIT.json and sentences_SPLIT.json.");
        if (request.InfoGround is null)
            CheckLayout(request.Root);
        // The lists of numbers come with either.
        Dictionary<string, string> lists = [];
        foreach (var split in Splits)
        {
            string?[] places = [request.InfoGround, request.Root];
            if (places.OfType<string>().Select(p => Path.Combine(p, $"{split}.txt"))
                .FirstOrDefault(File.Exists) is { } list)
                lists[split] = list;
        }
        if (lists.Count == 0)
            throw new DataException(
                $"{request.Root}: {Title} is expected as {string.Join(", ", Layout.Select(p => p.Path))}; "
                    + $"none of {string.Join(", ", SplitFiles.Select(p => p.Path))} is there.");
        List<string> inputs = [.. lists.Values];
        if (request.InfoGround is { } infoGround)
        {
            CheckLayout(infoGround, [.. lists.Keys.SelectMany(
                s => new[] { new LayoutPart(BoxesName(s), "boxes"), new LayoutPart(SentencesName(s), "sentences") })]);
            inputs.AddRange(lists.Keys.SelectMany(
                s => new[] { Path.Combine(infoGround, BoxesName(s)), Path.Combine(infoGround, SentencesName(s)) }));
        }
        else
            inputs.AddRange([Path.Combine(request.Root, Annotations), Path.Combine(request.Root, Sentences)]);
        return new ImportPlan([.. lists.Keys], inputs, run => Carry(run, lists));
    }

    private static void Carry(ImportRun run, Dictionary<string, string> lists)
    {
        var folder = PictureFolder.Find(run.Request,
            ("flickr30k-images", "*.jpg"), ("flickr30k_images", "*.jpg"), ("images", "*.jpg"), ("Images", "*.jpg"),
            (".", "*.jpg"));
        run.ImageRoot = folder.Root;
        var ids = lists.ToDictionary(l => l.Key, l => ReadIds(run, l.Key, l.Value));
        var images = new Dictionary<string, string?>(StringComparer.Ordinal);
        foreach (var id in ids.Values.SelectMany(i => i))
        {
            images[id] = folder.Locate($"{id}.jpg");
            if (images[id] is null)
                run.Missing($"{id}.jpg");
        }
        run.CheckPictures(images.Count);
        foreach (var split in lists.Keys)
        {
            if (run.Request.InfoGround is { } infoGround)
                CarryInfoGround(run, split, infoGround, ids[split], images);
            else
            {
                foreach (var id in ids[split])
                {
                    CarryOriginal(run, split, id, images[id]);
                    run.EndUnit();
                }
            }
        }
    }

    private static List<string> ReadIds(ImportRun run, string split, string path)
    {
        List<string> ids = [];
        HashSet<string> seen = new(StringComparer.Ordinal);
        foreach (var id in OriginalFile.Lines(path).SelectMany(
            l => l.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)))
        {
            if (id.Any(c => !char.IsAsciiLetterOrDigit(c) && c is not ('_' or '-')))
                throw new DataException($"{path}: \"{id}\" is not the number of a picture; "
                    + "the file must hold numbers of pictures, one a line.");
            if (seen.Add(id))
                ids.Add(id);
            else
                run.Drop(split, DropReasons.DuplicateId);
        }
        return ids;
    }

    private static void CarryOriginal(ImportRun run, string split, string id, string? image)
    {
        string xml = Path.Combine(run.Request.Root, Annotations, $"{id}.xml"),
            text = Path.Combine(run.Request.Root, Sentences, $"{id}.txt");
        if (!File.Exists(xml) || !File.Exists(text))
        {
            run.Drop(split, DropReasons.UnknownPicture);
            return;
        }
        var annotation = FlickrAnnotation.Load(xml);
        run.Drop(split, DropReasons.Malformed, annotation.Malformed);
        var sentences = FlickrSentence.Load(text);
        for (var i = 0; i < sentences.Count; i++)
            WritePhrases(run, split, id, image, annotation, sentences[i], i);
    }

    private static void CarryInfoGround(
        ImportRun run, string split, string folder, List<string> ids, Dictionary<string, string?> images)
    {
        HashSet<string> wanted = new(ids, StringComparer.Ordinal);
        Dictionary<string, FlickrAnnotation> annotations = new(StringComparer.Ordinal);
        using (var scan = run.Reading(new JsonScan(Path.Combine(folder, BoxesName(split)))))
        {
            foreach ((var id, var value) in scan.Members())
            {
                if (wanted.Contains(id) && !annotations.TryAdd(id, FlickrAnnotation.Of(value)))
                    run.Drop(split, DropReasons.DuplicateId);
            }
        }
        using (var scan = run.Reading(new JsonScan(Path.Combine(folder, SentencesName(split)))))
        {
            foreach ((var id, var value) in scan.Members())
            {
                if (!wanted.Contains(id) || !annotations.Remove(id, out var annotation))
                    continue;
                run.Drop(split, DropReasons.Malformed, annotation.Malformed);
                var number = 0;
                foreach (var sentence in value.ValueKind == JsonValueKind.Array
                    ? [.. value.EnumerateArray()]
                    : Array.Empty<JsonElement>())
                {
                    if (FlickrSentence.Phrases(sentence) is { } phrases)
                        WritePhrases(run, split, id, images[id], annotation, phrases, number);
                    else
                        run.Drop(split, DropReasons.Malformed);
                    number++;
                }
                wanted.Remove(id);
                run.EndUnit();
            }
        }
        // What is left has no boxes, no sentences, or neither.
        run.Drop(split, DropReasons.UnknownPicture, wanted.Count);
    }

    private static void WritePhrases(ImportRun run, string split, string id, string? image, FlickrAnnotation annotation,
        IReadOnlyList<FlickrPhrase> phrases, int sentence)
    {
        for (var i = 0; i < phrases.Count; i++)
        {
            var phrase = phrases[i];
            var all = annotation.Boxes(phrase.Entity);
            Box[] boxes = [.. all.Where(b => b.Area > 0)];
            if (image is null)
                run.Drop(split, DropReasons.MissingPicture);
            else if (!phrase.IsVisual)
                run.Drop(split, DropReasons.NotVisual);
            else if (boxes.Length == 0)
                run.Drop(split, all.Count == 0 ? DropReasons.NoBox : DropReasons.FlatBox);
            else
            {
                run.Write(split, new ImportedEntry(image, [phrase.Text], [.. boxes.Select(b => new ImportedRegion(b))])
                {
                    Width = annotation.Width,
                    Height = annotation.Height,
                    Id = string.Create(CultureInfo.InvariantCulture, $"{id}/{sentence}/{i}"),
                    Entity = phrase.Entity,
                    Category = phrase.Types.Count > 0 ? string.Join('/', phrase.Types) : null,
                });
            }
        }
    }

    private static string BoxesName(string split) => $"bounding_boxes_{split}.json";

    private static string SentencesName(string split) => $"sentences_{split}.json";
}
