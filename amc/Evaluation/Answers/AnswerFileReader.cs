using System.Text.Json;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Answers;

/// <summary>A line of a samples file.</summary>
/// <param name="Index">Which question of the test set.</param>
/// <param name="Phrase">The phrase as it was asked.</param>
/// <param name="Image">The picture.</param>
/// <param name="Hit">Whether it was right.</param>
/// <param name="Measures">Measures of the map by name.</param>
internal sealed record AnswerLine(
    int Index, string Phrase, string Image, bool Hit, IReadOnlyDictionary<string, double> Measures)
{
    /// <summary>The pointed pixel; null where the map was flat.</summary>
    public (int X, int Y)? Point { get; init; }

    /// <summary>How likely phrase and picture belong together, by the model.</summary>
    public double Score { get; init; }

    /// <summary>Share of the picture that its regions cover; 0 where the file does not say.</summary>
    public double RegionShare { get; init; }
}

/// <summary>Reads what <see cref="AnswerFile"/> has written; fields that it does not know are passed over.</summary>
internal static class AnswerFileReader
{
    /// <summary>The lines of a file.</summary>
    /// <exception cref="DataException">The file is missing or empty, or a line is no answer; the message names
    /// it.</exception>
    public static IReadOnlyList<AnswerLine> Read(string path)
    {
        List<AnswerLine> lines = [];
        HashSet<int> known = [];
        var number = 0;
        try
        {
            foreach (var line in File.ReadLines(path))
            {
                number++;
                if (line.Length == 0)
                    continue;
                var answer = Guarded(path, number, line, Parse);
                if (!known.Add(answer.Index))
                    throw new DataException($"{path}: line {number}: question {answer.Index} was answered before; "
                        + "give the file as eval --samples wrote it.");
                lines.Add(answer);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"{path}: the samples cannot be read ({e.Message.TrimEnd('.')}); "
                + "give a file that eval --samples wrote.", e);
        }
        return lines.Count > 0 ? lines : throw new DataException(
            $"{path}: holds no answer; give a file that eval --samples wrote.");
    }

    /// <summary>Parses a line.</summary>
    /// <param name="path">The file, for the message.</param>
    /// <param name="number">Which line, from 1.</param>
    /// <param name="line">The line.</param>
    /// <param name="parse">Makes something of it.</param>
    /// <exception cref="DataException">The line is no answer.</exception>
    internal static T Guarded<T>(string path, int number, string line, Func<JsonElement, T> parse)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            return parse(document.RootElement);
        }
        // Not JSON; not an object; no such field; not of its type; a point of one number.
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException
            or FormatException or IndexOutOfRangeException)
        {
            throw new DataException(
                $"{path}: line {number}: is no answer; give a file that eval --samples wrote, whole.", e);
        }
    }

    /// <summary>What every answer says.</summary>
    internal static AnswerLine Parse(JsonElement root)
    {
        var measures = new Dictionary<string, double>(StringComparer.Ordinal);
        if (root.TryGetProperty("measures", out var values))
        {
            foreach (var value in values.EnumerateObject())
                measures[value.Name] = value.Value.GetDouble();
        }
        return new AnswerLine(
            root.GetProperty("index").GetInt32(), root.GetProperty("phrase").GetString()!, root.GetProperty("image")
                .GetString()!, root.GetProperty("hit").GetBoolean(), measures)
        {
            Point = root.TryGetProperty("point", out var point) && point.ValueKind == JsonValueKind.Array
                ? (point[0].GetInt32(), point[1].GetInt32()) : null,
            Score = root.TryGetProperty("score", out var score) ? score.GetDouble() : 0,
            RegionShare = root.TryGetProperty("region_share", out var share) ? share.GetDouble() : 0,
        };
    }
}
