using System.Globalization;
using System.Text.Json;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>
/// Boxes that a detector proposes (specification 6, <c>dets.json</c>): <c>{"5555": [[x, y, width, height, …], …]}</c>
/// in pixels, by the picture's number in COCO, its path, its file name, or that name without its ending.
/// </summary>
internal sealed class ProposalFile
{
    private readonly Dictionary<string, Box[]> _boxes = new(StringComparer.Ordinal);

    private ProposalFile(string path) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Reads a file.</summary>
    /// <exception cref="DataException">It is missing or of another form; the message names the entry.</exception>
    public static ProposalFile Load(string path)
    {
        var file = new ProposalFile(path);
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(path));
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw new DataException(
                    $"{path}: must hold one object, {{\"picture\": [[x, y, width, height], …], …}}.");
            foreach (var picture in document.RootElement.EnumerateObject())
                file._boxes[picture.Name] = Parse(path, picture);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException(
                $"{path}: the file of boxes cannot be read ({e.Message.TrimEnd('.')}); check --boxes.", e);
        }
        catch (JsonException e)
        {
            throw new DataException(
                $"{path}: not valid JSON in line {e.LineNumber + 1}; the file of boxes may be cut off.", e);
        }
        return file;
    }

    /// <summary>The boxes of a picture; null where the file does not name it.</summary>
    public IReadOnlyList<Box>? Of(string image)
    {
        string name = System.IO.Path.GetFileName(image), stem = System.IO.Path.GetFileNameWithoutExtension(image);
        string[] names = [image, name, stem, Number(stem)];
        foreach (var key in names)
        {
            if (_boxes.TryGetValue(key, out var boxes))
                return boxes;
        }
        return null;
    }

    // COCO_train2014_000000005555 is number 5555.
    private static string Number(string stem)
    {
        var digits = stem.AsSpan(stem.AsSpan().LastIndexOfAnyExceptInRange('0', '9') + 1).TrimStart('0');
        return digits.ToString();
    }

    private static Box[] Parse(string path, JsonProperty picture)
    {
        if (picture.Value.ValueKind != JsonValueKind.Array)
            throw Wrong(path, picture.Name, "must be a list of boxes");
        return [.. picture.Value.EnumerateArray().Select((box, number) => Parse(box)
            ?? throw Wrong(path, picture.Name, string.Create(CultureInfo.InvariantCulture,
                $"box {number} must begin with four finite numbers, width and height above 0")))];
    }

    private static Box? Parse(JsonElement box)
    {
        if (box.ValueKind != JsonValueKind.Array || box.GetArrayLength() < 4)
            return null;
        var v = new double[4];
        for (var i = 0; i < v.Length; i++)
        {
            if (box[i].ValueKind != JsonValueKind.Number || !box[i].TryGetDouble(out v[i]) || !double.IsFinite(v[i]))
                return null;
        }
        return v[2] > 0 && v[3] > 0 ? new Box(v[0], v[1], v[0] + v[2], v[1] + v[3]) : null;
    }

    private static DataException Wrong(string path, string picture, string what) =>
        new($"{path}: \"{picture}\": {what} [x, y, width, height].");
}
