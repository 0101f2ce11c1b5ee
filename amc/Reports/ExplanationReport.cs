using System.Text.Encodings.Web;
using System.Text.Json;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Maps;
using AmcEngine.Files;

namespace AmcEngine.Amc.Reports;

/// <summary>What <c>amcx explain</c> writes beside the picture: numbers and arrays.</summary>
/// <param name="Image">The picture's file as the user named it.</param>
/// <param name="Width">Its width.</param>
/// <param name="Height">Its height.</param>
/// <param name="Phrases">The phrases with their maps.</param>
internal sealed record ExplanationReport(string Image, int Width, int Height, IReadOnlyList<PhraseMaps> Phrases)
{
    /// <summary>The end of names under which arrays are written apart, by name.</summary>
    public const string ArchiveEnd = ".npz";

    private static readonly JsonWriterOptions Options =
        new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The model's file or folder as the user named it.</summary>
    public required string Checkpoint { get; init; }

    /// <summary>The explanation method.</summary>
    public required string Method { get; init; }

    /// <summary>All maps by the names that arrays have.</summary>
    public IEnumerable<(string Name, PhraseMaps Phrase, PartMap Part)> Maps => Phrases.SelectMany(
        (phrase, i) => phrase.Maps.Select(part => (NameOf(i, part), phrase, part)));

    /// <summary>Writes one JSON object.</summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void SaveJson(string path)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            json.WriteStartObject();
            json.WriteString("image", Image);
            json.WriteNumber("width", Width);
            json.WriteNumber("height", Height);
            json.WriteString("checkpoint", Checkpoint);
            json.WriteString("method", Method);
            json.WriteStartArray("maps");
            foreach ((var name, var phrase, var part) in Maps)
                Write(json, name, phrase, part);
            json.WriteEndArray();
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        DurableFile.Write(path, buffer.ToArray());
    }

    /// <summary>
    /// Writes the maps of patches as NumPy reads them: an archive with an array a map where the name ends with
    /// <c>.npz</c>, else one array.
    /// </summary>
    /// <exception cref="FileWriteException">The file cannot be written.</exception>
    public void SaveArrays(string path)
    {
        if (path.EndsWith(ArchiveEnd, StringComparison.OrdinalIgnoreCase))
            DurableFile.Write(path, stream => ArrayFile.WriteArchive(stream, Maps.Select(m => (m.Name, m.Part.Map))));
        else
            DurableFile.Write(path, stream => ArrayFile.WriteArray(stream, [.. Maps.Select(m => m.Part.Map)]));
    }

    private static string NameOf(int phrase, PartMap part) => part.Part switch
    {
        MapPart.Sentence => FormattableString.Invariant($"phrase{phrase}"),
        MapPart.Word => FormattableString.Invariant($"phrase{phrase}_word{part.Number}"),
        _ => FormattableString.Invariant($"phrase{phrase}_layer{part.Number}"),
    };

    private void Write(Utf8JsonWriter json, string name, PhraseMaps phrase, PartMap part)
    {
        json.WriteStartObject();
        json.WriteString("name", name);
        json.WriteString("phrase", phrase.Phrase);
        json.WriteNumber("score", Math.Round(phrase.Score, 6));
        if (part.Part == MapPart.Word)
            json.WriteString("word", part.Label);
        if (part.Part == MapPart.Layer)
            json.WriteNumber("layer", part.Number);
        if (part.Map.Peak(Width, Height) is { } point)
        {
            json.WriteStartArray("point");
            json.WriteNumberValue(point.X);
            json.WriteNumberValue(point.Y);
            json.WriteEndArray();
        }
        else
        {
            json.WriteNull("point");
        }
        var numbers = MapStatistics.Of(part.Map);
        json.WriteNumber("min", numbers.Min);
        json.WriteNumber("max", numbers.Max);
        json.WriteNumber("mean", numbers.Mean);
        Write(json, "energy_share", numbers.EnergyShare);
        Write(json, "area_above_half", numbers.AreaAboveHalf);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, string name, double? number)
    {
        if (number is { } value)
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }
}
