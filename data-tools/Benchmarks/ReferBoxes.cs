namespace AmcEngine.DataTools;

/// <summary>
/// The boxes of the REFER data sets for entries that name their object by number (<c>ref_id</c>) and bring no region,
/// as the reference's evaluation of RefCOCO+ and RefCLEF has them: from <c>NAME/refs(SPLITBY).p</c> and
/// <c>NAME/instances.json</c> below one folder.
/// </summary>
public sealed class ReferBoxes
{
    private const string Instances = "instances.json";

    private static readonly string[] Names = ["refcoco+", "refcocog", "refclef", "refcoco"];
    private static readonly string[] Dividers = ["unc", "umd", "google", "berkeley"];

    private readonly string _folder;
    private readonly string _refs;

    private ReferBoxes(string folder, string refs) => (_folder, _refs) = (folder, refs);

    /// <summary>Gives entries their boxes, splits and categories; those that bring a region stay as they are.</summary>
    /// <param name="root">The folder that holds the data set's.</param>
    /// <param name="files">
    /// The annotation files, whose names say which of several data sets is meant, as in <c>refcoco+_val.json</c>.
    /// </param>
    /// <param name="annotations">The entries.</param>
    /// <param name="census">Counts those that name no object of the data set, which are left out.</param>
    /// <exception cref="DataException">
    /// The data set is not there, it is not clear which one is meant, or a file is damaged.
    /// </exception>
    public static List<RegionAnnotation> Complete(string root, IReadOnlyList<string> files,
        List<RegionAnnotation> annotations, AnnotationCensus census) =>
        annotations.Any(IsIncomplete) ? Find(root, files).Complete(annotations, census) : annotations;

    private static ReferBoxes Find(string root, IReadOnlyList<string> files)
    {
        var named = files.Select(f => Names.FirstOrDefault(
            n => Path.GetFileName(f).Contains(n, StringComparison.OrdinalIgnoreCase))).Distinct().ToArray();
        string[] there = [.. Names.Where(n => Refs(Path.Combine(root, n)) is not null)];
        var chosen = named is [{ } one] ? one : there is [var only] ? only : null;
        if (chosen is not null && Refs(Path.Combine(root, chosen)) is { } refs
            && File.Exists(Path.Combine(root, chosen, Instances)))
            return new ReferBoxes(Path.Combine(root, chosen), refs);
        throw new DataException(chosen is null && there.Length > 1
            ? $"{root}: holds {string.Join(", ", there)}, and the names of test_file do not say which is meant; "
                + "name the data set in them, as in refcoco+_val.json."
            : $"{root}: {chosen ?? Names[0]}/refs(unc).p and {chosen ?? Names[0]}/{Instances} are not there; "
                + "refcoco_data must name the folder that holds REFER's data sets.");
    }

    private List<RegionAnnotation> Complete(List<RegionAnnotation> annotations, AnnotationCensus census)
    {
        var expressions = ReferPickle.Load(_refs).OfType<ReferExpression>().DistinctBy(e => e.Id)
            .ToDictionary(e => Text(e.Id), StringComparer.Ordinal);
        var wanted = annotations.Where(IsIncomplete).Select(a => expressions.GetValueOrDefault(a.Reference!))
            .OfType<ReferExpression>().Select(e => e.Annotation).ToHashSet();
        (var objects, var categories) = Objects(wanted);
        List<RegionAnnotation> complete = [];
        foreach (var annotation in annotations)
        {
            if (!IsIncomplete(annotation))
            {
                complete.Add(annotation);
                continue;
            }
            census.WithoutBox--;
            if (expressions.GetValueOrDefault(annotation.Reference!) is { } expression
                && objects.TryGetValue(expression.Annotation, out var target) && target.Box.Area > 0)
            {
                complete.Add(annotation with
                {
                    Regions = [target.Box],
                    Id = annotation.Id ?? FormattableString.Invariant($"{annotation.Reference}/{annotation.Number}"),
                    Entity = annotation.Entity ?? Text(expression.Annotation),
                    Category = annotation.Category ?? ((expression.Category ?? target.Category) is { } c
                        ? categories.GetValueOrDefault(c) : null),
                    Split = annotation.Split ?? expression.Split,
                });
                continue;
            }
            census.Add(AnnotationFault.UnknownReference, $"{annotation.Source}: ref_id {annotation.Reference} "
                + $"has no box in {_refs} and {Path.Combine(_folder, Instances)}.");
            census.Lose(all: true, 0, 0);
        }
        return complete;
    }

    /// <summary>Whether an entry waits for its box.</summary>
    internal static bool IsIncomplete(RegionAnnotation annotation) =>
        annotation is { Regions.Count: 0, Reference: not null };

    private (Dictionary<long, CocoObject> Objects, Dictionary<long, string> Categories) Objects(HashSet<long> wanted)
    {
        Dictionary<long, CocoObject> objects = [];
        Dictionary<long, string> categories = [];
        using var scan = new JsonScan(Path.Combine(_folder, Instances));
        foreach ((var list, var element) in scan.Lists(["annotations"], "categories"))
        {
            if (element.Whole("id") is not { } id)
                continue;
            if (list == "categories" && element.Text("name") is { } name)
                categories.TryAdd(id, name);
            else if (list == "annotations" && wanted.Contains(id) && CocoObject.Of(element) is { } target)
                objects.TryAdd(id, target with { Segmentation = null });
        }
        return (objects, categories);
    }

    private static string? Refs(string folder) => Dividers.Select(d => Path.Combine(folder, $"refs({d}).p"))
        .FirstOrDefault(File.Exists);

    private static string Text(long number) => FormattableString.Invariant($"{number}");
}
