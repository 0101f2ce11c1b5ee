namespace AmcEngine.DataTools;

/// <summary>
/// Pictures and categories of a file of COCO, and where in it the annotations of each picture lie: they stand in no
/// order, and holding them all would take gigabytes where their places take megabytes.
/// </summary>
internal sealed class CocoIndex
{
    private readonly List<(long Picture, Place Place)> _places = [];

    private CocoIndex(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>The pictures in the file's order.</summary>
    public List<CocoPicture> Pictures { get; } = [];

    /// <summary>File name of a picture → its id.</summary>
    public Dictionary<string, long> Ids { get; } = new(StringComparer.Ordinal);

    /// <summary>Category id → name.</summary>
    public Dictionary<long, string> Categories { get; } = [];

    /// <summary>Where an annotation lies in the file, in bytes.</summary>
    public readonly record struct Place(long Offset, int Length);

    /// <summary>Reads a file once.</summary>
    /// <param name="run">Counts what is wrong.</param>
    /// <param name="split">The file's split.</param>
    /// <param name="path">The file.</param>
    /// <exception cref="DataException">The file is damaged or another one.</exception>
    public static CocoIndex Load(ImportRun run, string split, string path)
    {
        CocoIndex index = new(path);
        IdSet seen = new(), categories = new();
        using var scan = run.Reading(new JsonScan(path));
        // Captions have no categories.
        foreach ((var list, var element) in scan.Lists(["images", "annotations"], "categories"))
        {
            var id = element.Whole("id");
            var isNew = true;
            if (list == "images" && CocoPicture.Of(element) is (var pictureId, var picture))
            {
                isNew = index.Ids.TryAdd(picture.File, pictureId);
                if (isNew)
                    index.Pictures.Add(picture);
            }
            else if (list == "annotations" && id is { } annotation && element.Whole("image_id") is { } place)
            {
                isNew = seen.Add(annotation);
                if (isNew)
                    index._places.Add((place, new Place(scan.Slice.Offset, scan.Slice.Length)));
            }
            else if (list == "categories" && id is { } category && element.Text("name") is { } name)
            {
                isNew = categories.Add(category);
                if (isNew)
                    index.Categories[category] = name;
            }
            else
                run.Drop(split, DropReasons.Malformed);
            if (!isNew)
                run.Drop(split, DropReasons.DuplicateId);
        }
        index.Resolve(run, split);
        return index;
    }

    /// <summary>The annotations of each picture that has any, in the order of the pictures and of the file.</summary>
    public IEnumerable<(int Picture, IReadOnlyList<Place> Places)> ByPicture()
    {
        for (var i = 0; i < _places.Count;)
        {
            var picture = (int)_places[i].Picture;
            List<Place> places = [];
            for (; i < _places.Count && _places[i].Picture == picture; i++)
                places.Add(_places[i].Place);
            yield return (picture, places);
        }
    }

    // Puts the picture's number in place of its id, and sorts.
    private void Resolve(ImportRun run, string split)
    {
        Dictionary<long, int> numbers = [];
        for (var i = 0; i < Pictures.Count; i++)
        {
            if (!numbers.TryAdd(Ids[Pictures[i].File], i))
                run.Drop(split, DropReasons.DuplicateId);
        }
        var known = 0;
        for (var i = 0; i < _places.Count; i++)
        {
            if (numbers.TryGetValue(_places[i].Picture, out var number))
                _places[known++] = (number, _places[i].Place);
        }
        run.Drop(split, DropReasons.UnknownPicture, _places.Count - known);
        _places.RemoveRange(known, _places.Count - known);
        _places.Sort((a, b) =>
            a.Picture != b.Picture ? a.Picture.CompareTo(b.Picture) : a.Place.Offset.CompareTo(b.Place.Offset));
    }
}
