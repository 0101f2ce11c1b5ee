using System.Globalization;

namespace AmcEngine.DataTools;

/// <summary>
/// A data set of the REFER family: each expression is an entry with the box of its object, converted from x, y, width,
/// height. From <c>NAME/refs(SPLITBY).p</c> and <c>NAME/instances.json</c>, or from the parquet files of a mirror on
/// Hugging Face.
/// </summary>
/// <param name="name">Its name on the command line, and its folder's.</param>
/// <param name="title">Its name for people.</param>
/// <param name="splits">Its splits.</param>
/// <param name="splitBy">Whose divisions into splits are published, the usual one first.</param>
/// <param name="pictureFolder">
/// The folder of its pictures as its entries name them; empty where they name files alone.
/// </param>
public abstract class Refer(string name, string title, IReadOnlyList<string> splits, IReadOnlyList<string> splitBy,
    string pictureFolder) : ImportedDataset
{
    private const string Instances = "instances.json";

    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Title => title;

    /// <inheritdoc/>
    public override string Home => "https://github.com/lichengunc/refer";

    /// <inheritdoc/>
    public override string Licence =>
        "not stated for the expressions; COCO's annotations CC BY 4.0, pictures under Flickr's terms";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Splits => splits;

    /// <inheritdoc/>
    public override IReadOnlyList<LayoutPart> Layout =>
    [
        new($"{Name}/refs({splitBy[0]}).p", "expressions"),
        new($"{Name}/{Instances}", "pictures, boxes and outlines"),
    ];

    /// <summary>How the name reads in the file names of the mirror.</summary>
    private string MirrorName => Name.Replace("+", "_plus", StringComparison.Ordinal);

    /// <inheritdoc/>
    internal override ImportPlan Plan(ImportRequest request)
    {
        var by = request.SplitBy ?? splitBy[0];
        if (!splitBy.Contains(by, StringComparer.Ordinal))
            throw new DataException($"--split-by {by}: {Title} was divided into splits by "
                + $"{string.Join(" and ", splitBy)}; use one of these.");
        LayoutPart[] layout = [new($"{Name}/refs({by}).p", "expressions"), Layout[1]];
        // The folder may be the one that holds the data set's, or the data set's own.
        var folder = Path.Combine(request.Root, Name);
        if (!Directory.Exists(folder) && File.Exists(Path.Combine(request.Root, Instances)))
            folder = request.Root;
        string refs = Path.Combine(folder, $"refs({by}).p"), instances = Path.Combine(folder, Instances);
        if (!File.Exists(refs) && ReferMirror.Find(request.Root, MirrorName, by) is { Count: > 0 } mirror)
            return new ImportPlan([.. mirror.Select(m => m.Split).Distinct(StringComparer.Ordinal)],
                [.. mirror.Select(m => m.Path)], run => CarryMirror(run, mirror))
            {
                IsUsual = by == splitBy[0]
            };
        if (!File.Exists(refs) || !File.Exists(instances))
            CheckLayout(request.Root, layout);
        var expressions = ReferPickle.Load(refs);
        var found = expressions.OfType<ReferExpression>().Select(e => e.Split)
            .Distinct(StringComparer.Ordinal).ToArray();
        if (found.FirstOrDefault(s => s.Any(c => !char.IsAsciiLetterOrDigit(c))) is { } wrong)
            throw new DataException($"{refs}: \"{wrong}\" is not the name of a split; give refs(…).p as published.");
        return new ImportPlan([.. splits.Intersect(found), .. found.Except(splits)], [refs, instances],
            run => Carry(run, expressions, instances))
        {
            IsUsual = by == splitBy[0]
        };
    }

    private void Carry(ImportRun run, IReadOnlyList<ReferExpression?> expressions, string instances)
    {
        var known = ReferInstances.Load(run, instances, expressions);
        var images = LocatePictures(run, expressions.OfType<ReferExpression>().Select(e => e.Picture).Distinct()
            .Where(known.Pictures.ContainsKey).ToDictionary(id => id, id => known.Pictures[id].File));
        var ids = new IdSet();
        foreach (var expression in expressions)
        {
            if (expression is null)
                run.DropEverywhere(DropReasons.Malformed);
            else if (!ids.Add(expression.Id))
                run.Drop(expression.Split, DropReasons.DuplicateId, expression.Sentences.Count);
            else if (!known.Objects.TryGetValue(expression.Annotation, out var target))
                run.Drop(expression.Split, DropReasons.UnknownAnnotation, expression.Sentences.Count);
            else if (!known.Pictures.TryGetValue(expression.Picture, out var picture))
                run.Drop(expression.Split, DropReasons.UnknownPicture, expression.Sentences.Count);
            else
            {
                var category = expression.Category ?? target.Category;
                WriteSentences(run, expression, target, picture, images[expression.Picture],
                    category is { } c ? known.Categories.GetValueOrDefault(c) : null);
            }
            run.EndUnit();
        }
    }

    private void CarryMirror(ImportRun run, IReadOnlyList<ReferMirror.File> files)
    {
        // The mirror brings the pictures, which are unpacked where no folder of pictures is at hand.
        var folder = FindPictures(run);
        var unpacks = folder.Root is null;
        var ids = new IdSet();
        Dictionary<string, string?> images = new(StringComparer.Ordinal);
        if (!unpacks)
        {
            foreach (var row in files.SelectMany(f => ReferMirror.Rows(f.Path)))
            {
                if (images.TryAdd(row.Picture.File, folder.Locate(Paths(row.Picture.File)))
                    && images[row.Picture.File] is null)
                    run.Missing(Paths(row.Picture.File)[0]);
            }
            run.CheckPictures(images.Count);
        }
        foreach (var file in files)
        {
            foreach (var row in ReferMirror.Rows(file.Path))
            {
                var image = unpacks ? run.Unpack(row.Picture.File, row.Bytes) : images[row.Picture.File];
                foreach (var (expression, target) in row.Objects)
                {
                    if (expression is null || target is null)
                        run.Drop(file.Split, DropReasons.Malformed);
                    else if (!ids.Add(expression.Id))
                        run.Drop(file.Split, DropReasons.DuplicateId, expression.Sentences.Count);
                    else
                        WriteSentences(run, expression with { Split = file.Split }, target, row.Picture, image, null);
                }
                run.EndUnit();
            }
        }
    }

    private static void WriteSentences(ImportRun run, ReferExpression expression, CocoObject target,
        CocoPicture picture, string? image, string? category)
    {
        var wrong = image is null ? DropReasons.MissingPicture : target.Box.Area > 0 ? null : DropReasons.FlatBox;
        var region = target.Region(picture, out var hasBadShape);
        if (hasBadShape)
            run.Drop(expression.Split, DropReasons.BadShape);
        foreach (var sentence in expression.Sentences)
        {
            if (sentence is null || wrong is not null)
            {
                run.Drop(expression.Split, sentence is null ? DropReasons.Malformed : wrong!);
                continue;
            }
            run.Write(expression.Split, new ImportedEntry(image!, [sentence.Text], [region])
            {
                Width = picture.Width,
                Height = picture.Height,
                Id = string.Create(CultureInfo.InvariantCulture, $"{expression.Id}/{sentence.Id}"),
                Entity = expression.Annotation.ToString(CultureInfo.InvariantCulture),
                Category = category,
            });
        }
    }

    private Dictionary<long, string?> LocatePictures(ImportRun run, Dictionary<long, string> files)
    {
        var folder = FindPictures(run);
        Dictionary<long, string?> images = [];
        foreach ((var id, var file) in files)
        {
            images[id] = folder.Locate(Paths(file));
            if (images[id] is null)
                run.Missing(Paths(file)[0]);
        }
        run.CheckPictures(images.Count);
        return images;
    }

    private PictureFolder FindPictures(ImportRun run)
    {
        (string, string)[] usual = pictureFolder.Length > 0
            ? [("images/mscoco/images", pictureFolder), ("images/mscoco", pictureFolder), ("images", pictureFolder),
                (".", pictureFolder), ("..", pictureFolder), ("../images/mscoco/images", pictureFolder)]
            : [("images/saiapr_tc-12", "*"), ("saiapr_tc-12", "*"), ("../images/saiapr_tc-12", "*"),
                ("../saiapr_tc-12", "*")];
        var folder = PictureFolder.Find(run.Request, usual);
        run.ImageRoot = folder.Root;
        return folder;
    }

    private string[] Paths(string file) => pictureFolder.Length > 0
        ? [$"{pictureFolder}/{file}", file]
        : [file, .. SaiaprPath(file)];

    // SAIAPR's own archive has a folder for each thousand pictures or so; REFER's copy has none.
    private static IEnumerable<string> SaiaprPath(string file) =>
        int.TryParse(
            Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? [string.Create(CultureInfo.InvariantCulture, $"{number / 1000:D2}/images/{file}")]
            : [];
}
