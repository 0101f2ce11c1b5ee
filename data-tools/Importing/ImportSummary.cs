using System.Text.Json;

namespace AmcEngine.DataTools;

/// <summary>What an import wrote and left out; <c>summary.json</c> says the same.</summary>
/// <param name="Dataset">The data set.</param>
/// <param name="Splits">Split → counts.</param>
/// <param name="ImageRoot">
/// The folder that paths of pictures start from (<c>image_root</c>); null where no pictures were found.
/// </param>
public sealed record ImportSummary(Dataset Dataset, IReadOnlyDictionary<string, SplitCounts> Splits, string? ImageRoot)
{
    /// <summary>
    /// Whether the data set's published counts are those of what was imported: not so for another division into splits
    /// than the usual.
    /// </summary>
    public bool IsUsual { get; init; } = true;

    /// <summary>Name of the file in the output folder.</summary>
    public const string FileName = "summary.json";

    /// <summary>The JSON of <c>summary.json</c>.</summary>
    internal byte[] ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("dataset", Dataset.Name);
            json.WriteString("image_root", ImageRoot);
            json.WriteStartObject("splits");
            foreach ((var split, var counts) in Splits)
                Write(json, split, counts);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    /// <summary>
    /// The splits that a summary speaks of; none where the file is missing or is no summary. A name that leads out of
    /// the folder is none of an import.
    /// </summary>
    internal static IReadOnlyList<string> SplitsOf(string path)
    {
        try
        {
            using var summary = JsonDocument.Parse(File.ReadAllBytes(path));
            return [.. summary.RootElement.GetProperty("splits").EnumerateObject().Select(s => s.Name)
                .Where(s => Path.GetFileName(s) == s)];
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException or JsonException
            or KeyNotFoundException or InvalidOperationException)
        {
            return [];
        }
    }

    private static void Write(Utf8JsonWriter json, string split, SplitCounts counts)
    {
        json.WriteStartObject(split);
        json.WriteNumber("pictures", counts.Pictures);
        json.WriteNumber("phrases", counts.Phrases);
        json.WriteNumber("regions", counts.Regions);
        json.WriteNumber("words_per_phrase", Math.Round(counts.MeanWords, 3));
        json.WriteNumber("region_width", Math.Round(counts.MeanWidth, 3));
        json.WriteNumber("region_height", Math.Round(counts.MeanHeight, 3));
        json.WriteStartObject("dropped");
        foreach ((var reason, var count) in counts.Dropped)
            json.WriteNumber(reason, count);
        json.WriteEndObject();
        json.WriteEndObject();
    }
}
