using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>Turns one JSON object into a <see cref="RegionAnnotation"/> and says what is wrong with bad ones.</summary>
internal static class AnnotationEntry
{
    /// <summary>Parses entry number <paramref name="index"/> (from 0) of a file.</summary>
    /// <exception cref="DataException">A field is missing or holds a value that makes no sense.</exception>
    public static RegionAnnotation Parse(JsonElement entry, string path, int index)
    {
        if (entry.ValueKind != JsonValueKind.Object)
            throw Wrong(path, index, $"is {Kind(entry)}, not an object with image, caption and bbox");
        try
        {
            return new RegionAnnotation(ParseImage(entry, path, index), ParseCaptions(entry, path, index), ParseBoxes(entry, path, index));
        }
        catch (InvalidOperationException e)
        {
            // Valid JSON may still hold text that is not Unicode: broken UTF-8 or half of a surrogate pair.
            throw new DataException($"{path}: entry {index}: holds text that is not valid Unicode; save the file as UTF-8.", e);
        }
    }

    private static string ParseImage(JsonElement entry, string path, int index)
    {
        JsonElement value = Field(entry, "image", path, index);
        string? image = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        return string.IsNullOrWhiteSpace(image)
            ? throw Wrong(path, index, "image: must be the picture's path below image_root")
            : image;
    }

    private static List<string> ParseCaptions(JsonElement entry, string path, int index)
    {
        JsonElement value = Field(entry, "caption", path, index);
        List<JsonElement> items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        if (items.Count == 0)
            throw Wrong(path, index, "caption: the list is empty; give at least one phrase");
        return items.ConvertAll(item =>
        {
            if (item.ValueKind != JsonValueKind.String)
                throw Wrong(path, index, $"caption: must be a phrase or a list of phrases, found {Kind(item)}");
            string phrase = item.GetString()!;
            // The recipe deletes punctuation, so a phrase such as "..." would reach the model as nothing.
            return CaptionCleaner.Clean(phrase, CaptionCleaner.TrainingMaxWords).Length == 0
                ? throw Wrong(path, index, "caption: the phrase is empty, or empty after cleaning; give it a word")
                : phrase;
        });
    }

    private static List<Box> ParseBoxes(JsonElement entry, string path, int index)
    {
        JsonElement value = Field(entry, "bbox", path, index);
        if (value.ValueKind != JsonValueKind.Array)
            throw Wrong(path, index, $"bbox: must be a list of [x1, y1, x2, y2], found {Kind(value)}");
        var boxes = new List<Box>();
        foreach (JsonElement item in value.EnumerateArray())
            boxes.Add(ParseBox(item, path, index, boxes.Count));
        return boxes.Count == 0 ? throw Wrong(path, index, "bbox: the list is empty; give at least one box") : boxes;
    }

    private static Box ParseBox(JsonElement item, string path, int index, int number)
    {
        string field = $"bbox[{number}]";
        if (item.ValueKind != JsonValueKind.Array || item.GetArrayLength() != 4)
            throw Wrong(path, index, $"{field}: must be four numbers [x1, y1, x2, y2]");
        double[] values = new double[4];
        for (int i = 0; i < values.Length; i++)
        {
            // A number too large for a double reads as infinity.
            if (item[i].ValueKind != JsonValueKind.Number || !item[i].TryGetDouble(out values[i]) || !double.IsFinite(values[i]))
                throw Wrong(path, index, $"{field}: must be four finite numbers, found {Kind(item[i])} {item[i].GetRawText()}");
        }
        var box = new Box(values[0], values[1], values[2], values[3]);
        if (!(box.Area > 0))
            throw Wrong(path, index, $"{field}: {RegionAnnotation.Text(box)} has no area; boxes are [x1, y1, x2, y2] with x1 < x2 and y1 < y2");
        if (box.X2 <= 0 || box.Y2 <= 0)
            throw Wrong(path, index, $"{field}: {RegionAnnotation.Text(box)} lies outside the picture; coordinates count from its top left corner");
        return box;
    }

    private static JsonElement Field(JsonElement entry, string name, string path, int index) =>
        entry.TryGetProperty(name, out JsonElement value) ? value : throw Wrong(path, index, $"{name}: the field is missing");

    private static string Kind(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => "an object",
        JsonValueKind.Array => "a list",
        JsonValueKind.String => "a string",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "a truth value",
    };

    private static DataException Wrong(string path, int index, string what) => new($"{path}: entry {index}: {what}.");
}
