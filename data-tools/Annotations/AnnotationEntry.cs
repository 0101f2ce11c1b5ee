using System.Globalization;
using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>Turns JSON objects into <see cref="RegionAnnotation"/>s and counts what is wrong with bad ones.</summary>
/// <param name="path">The file, for messages.</param>
/// <param name="format">What the numbers of a box mean.</param>
/// <param name="census">Counts what is wrong.</param>
internal sealed class AnnotationEntry(string path, BoxFormat format, AnnotationCensus census)
{
    /// <summary>
    /// The entry without its bad boxes and phrases; null where nothing of it can be used, which is counted.
    /// </summary>
    /// <param name="entry">The JSON.</param>
    /// <param name="number">Its number in the file, from 0.</param>
    public RegionAnnotation? Parse(JsonElement entry, int number)
    {
        try
        {
            if (ParseParts(entry, number) is { } annotation)
                return annotation;
        }
        catch (InvalidOperationException)
        {
            // Valid JSON may still hold text that is not Unicode: broken UTF-8 or half of a surrogate pair.
            Wrong(AnnotationFault.NotUnicode, number, "holds text that is not valid Unicode; save the file as UTF-8");
        }
        census.Lose(all: true, 0, 0);
        return null;
    }

    private RegionAnnotation? ParseParts(JsonElement entry, int number)
    {
        if (entry.ValueKind != JsonValueKind.Object)
        {
            Wrong(AnnotationFault.NotAnObject, number,
                $"is {RegionReader.Kind(entry)}, not an object with image, caption and bbox");
            return null;
        }
        // All three are looked at, so that everything that is wrong gets listed.
        var image = ParseImage(entry, number);
        (var captions, var badCaptions) = ParseCaptions(entry, number);
        (var paraphrases, var badParaphrases) = ParseParaphrases(entry, number);
        (var exchange, var badExchanges) = ParseExchange(entry, number);
        (var regions, var badRegions) = ParseRegions(entry, number);
        if (image is null || captions.Count == 0 || (regions.Count == 0 && badRegions > 0))
            return null;
        census.Lose(all: false, badRegions, badCaptions + badParaphrases + badExchanges);
        return new RegionAnnotation(image, captions, regions)
        {
            Paraphrases = paraphrases,
            Exchange = exchange,
            Reference = Text(entry, "ref_id"),
            File = path,
            Number = number,
            Width = Side(entry, "width"),
            Height = Side(entry, "height"),
            Id = Text(entry, "id"),
            Entity = Text(entry, "entity"),
            Category = Text(entry, "category"),
            Split = Text(entry, "split"),
        };
    }

    private string? ParseImage(JsonElement entry, int number)
    {
        if (!entry.TryGetProperty("image", out var value))
        {
            Wrong(AnnotationFault.NoPicture, number, "image: the field is missing");
            return null;
        }
        var image = value.ValueKind == JsonValueKind.String ? value.GetString() : null;
        if (!string.IsNullOrWhiteSpace(image) && !image.Contains('\0', StringComparison.Ordinal))
            return image;
        Wrong(AnnotationFault.NoPicture, number, "image: must be the picture's path below image_root");
        return null;
    }

    private (List<string> Good, int Bad) ParseCaptions(JsonElement entry, int number)
    {
        // ALBEF's files of referring expressions and SelfEQ's of COCO have names of their own.
        foreach (var field in new[] { "phrase_chunks", "caption", "text" })
        {
            if (!entry.TryGetProperty(field, out var value))
                continue;
            if (value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0)
                Wrong(AnnotationFault.BadPhrase, number, $"{field}: the list is empty; give at least one phrase");
            return ParsePhrases(field, value, number);
        }
        Wrong(AnnotationFault.BadPhrase, number, "caption: the field is missing");
        return ([], 1);
    }

    // Without paraphrases an entry trains the losses that need none.
    private (List<string> Good, int Bad) ParseParaphrases(JsonElement entry, int number) =>
        entry.TryGetProperty("paraphrases", out var value) && value.ValueKind != JsonValueKind.Null
            ? ParsePhrases("paraphrases", value, number)
            : ([], 0);

    // SelfEQ's "relation": a part of the caption and what else it may be called. Its other kinds of words are not used.
    private (PhraseExchange? Good, int Bad) ParseExchange(JsonElement entry, int number)
    {
        if (!entry.TryGetProperty("relation", out var value) || value.ValueKind == JsonValueKind.Null)
            return (null, 0);
        if (value.ValueKind != JsonValueKind.Object || Text(value, "group") is not { } part
            || !value.TryGetProperty("synonym", out var list) || list.ValueKind != JsonValueKind.Array)
        {
            Wrong(AnnotationFault.BadPhrase, number, "relation: must be {\"group\": phrase, \"synonym\": [phrase, …]}");
            return (null, 1);
        }
        string[] others =
            [.. list.EnumerateArray().Where(s => s.ValueKind == JsonValueKind.String).Select(s => s.GetString()!)];
        return (others.Length > 0 && PhraseExchange.IsWord(part) ? new PhraseExchange(part, others) : null, 0);
    }

    // One phrase, or a list of phrases, of which the good ones are taken.
    private (List<string> Good, int Bad) ParsePhrases(string field, JsonElement value, int number)
    {
        List<JsonElement> items = value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : [value];
        List<string> good = [];
        foreach (var item in items)
        {
            if (item.ValueKind != JsonValueKind.String)
                Wrong(AnnotationFault.BadPhrase, number,
                    $"{field}: must be a phrase or a list of phrases, found {RegionReader.Kind(item)}");
            // The recipe deletes punctuation, so a phrase such as "..." would reach the model as nothing.
            else if (CaptionCleaner.Clean(item.GetString()!, CaptionCleaner.TrainingMaxWords).Length == 0)
                Wrong(AnnotationFault.BadPhrase, number,
                    $"{field}: the phrase is empty, or empty after cleaning; give it a word");
            else
                good.Add(item.GetString()!);
        }
        return (good, items.Count - good.Count);
    }

    // The reference's field, or the richer one in its place.
    private (List<Region> Good, int Bad) ParseRegions(JsonElement entry, int number)
    {
        var reader = new RegionReader(format, (fault, text) => Wrong(fault, number, text));
        if (entry.TryGetProperty("regions", out var regions) && regions.ValueKind != JsonValueKind.Null)
            return reader.ParseList(regions, "regions");
        if (!entry.TryGetProperty("bbox", out var value) || value.ValueKind == JsonValueKind.Null)
            return ([], 0);
        if (value.ValueKind != JsonValueKind.Array)
        {
            Wrong(AnnotationFault.BadBox, number,
                $"bbox: must be a list of [x1, y1, x2, y2], found {RegionReader.Kind(value)}");
            return ([], 1);
        }
        // One box is often given without the list around it.
        var isFlat = value.GetArrayLength() > 0 && value[0].ValueKind != JsonValueKind.Array;
        List<Region> good = [];
        var count = 0;
        foreach (var item in isFlat ? [value] : value.EnumerateArray().ToArray())
        {
            var field = isFlat ? "bbox" : string.Create(CultureInfo.InvariantCulture, $"bbox[{count}]");
            if (reader.ParseBox(item, field) is { } box)
                good.Add(box);
            count++;
        }
        return (good, count - good.Count);
    }

    private static string? Text(JsonElement entry, string field)
    {
        if (!entry.TryGetProperty(field, out var value))
            return null;
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString(),
            JsonValueKind.Number => value.GetRawText(),
            _ => null,
        };
    }

    private static int? Side(JsonElement entry, string field) =>
        entry.TryGetProperty(field, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out var side) && side > 0 ? side : null;

    private void Wrong(AnnotationFault fault, int number, string what) =>
        census.Add(fault, $"{path}: entry {number}: {what}.");
}
