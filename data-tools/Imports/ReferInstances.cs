namespace AmcEngine.DataTools;

/// <summary>
/// What <c>instances.json</c> of the REFER data sets says of the objects that expressions name. Others are not kept.
/// </summary>
internal sealed class ReferInstances
{
    /// <summary>Picture id → picture.</summary>
    public Dictionary<long, CocoPicture> Pictures { get; } = [];

    /// <summary>Annotation id → object.</summary>
    public Dictionary<long, CocoObject> Objects { get; } = [];

    /// <summary>Category id → name.</summary>
    public Dictionary<long, string> Categories { get; } = [];

    /// <summary>Reads the file.</summary>
    /// <param name="run">Counts what is wrong.</param>
    /// <param name="path">The file.</param>
    /// <param name="expressions">The expressions.</param>
    /// <exception cref="DataException">The file is missing, damaged, or another one.</exception>
    public static ReferInstances Load(ImportRun run, string path, IEnumerable<ReferExpression?> expressions)
    {
        HashSet<long> annotations = [], pictures = [];
        foreach (var expression in expressions.OfType<ReferExpression>())
        {
            annotations.Add(expression.Annotation);
            pictures.Add(expression.Picture);
        }
        ReferInstances instances = new();
        using var scan = run.Reading(new JsonScan(path));
        foreach ((var list, var element) in scan.Lists(["images", "annotations"], "categories"))
        {
            var id = element.Whole("id");
            var isNew = list switch
            {
                "images" => CocoPicture.Of(element) is not (var pictureId, var picture) || !pictures.Contains(pictureId)
                    || instances.Pictures.TryAdd(pictureId, picture),
                "annotations" => id is not { } a || !annotations.Contains(a)
                    || CocoObject.Of(element.Clone()) is not { } target || instances.Objects.TryAdd(a, target),
                _ => id is not { } c || element.Text("name") is not { } name || instances.Categories.TryAdd(c, name),
            };
            if (!isNew)
                run.DropEverywhere(DropReasons.DuplicateId);
        }
        return instances;
    }
}
