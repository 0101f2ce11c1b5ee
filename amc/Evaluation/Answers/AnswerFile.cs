using System.Text.Encodings.Web;
using System.Text.Json;
using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Answers;

/// <summary>Answers as JSON, one a line.</summary>
/// <param name="mark">The mark of the evaluation (<see cref="RunMark"/>), by which it can be resumed; null for
/// none.</param>
internal sealed class AnswerFile(string? mark = null)
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly MemoryStream _lines = new();

    /// <summary>Adds an answer.</summary>
    public void Add(PointingAnswer answer)
    {
        using (var json = new Utf8JsonWriter(_lines, Options))
            Write(json, answer);
        _lines.WriteByte((byte)'\n');
    }

    /// <summary>The lines.</summary>
    public byte[] ToBytes() => _lines.ToArray();

    private void Write(Utf8JsonWriter json, PointingAnswer answer)
    {
        var sample = answer.Sample;
        json.WriteStartObject();
        json.WriteNumber("index", answer.Index);
        json.WriteString("phrase", sample.Caption);
        json.WriteString("image", sample.Image);
        json.WriteNumber("width", sample.Width);
        json.WriteNumber("height", sample.Height);
        json.WriteStartArray("boxes");
        foreach (var box in sample.Boxes)
            WriteList(json, box.X1, box.Y1, box.X2, box.Y2);
        json.WriteEndArray();
        if (answer.Point is { } point)
        {
            json.WritePropertyName("point");
            WriteList(json, point.X, point.Y);
        }
        else
        {
            json.WriteNull("point");
        }
        json.WriteBoolean("hit", answer.Hit);
        json.WriteNumber("score", Math.Round(answer.Score, 6));
        json.WriteBoolean("flat", answer.IsFlat);
        WriteText(json, "id", sample.Id);
        WriteText(json, "entity", sample.Entity);
        WriteText(json, "category", sample.Category);
        if (answer.Details is { } details)
            Write(json, details);
        json.WriteNumber("chance", answer.Chance);
        WriteText(json, "run", mark);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, AnswerDetails details)
    {
        json.WriteString("split", details.Split);
        json.WriteNumber("words", details.Words);
        json.WriteNumber("region_share", details.RegionShare);
        json.WriteStartObject("measures");
        foreach ((var name, var value) in details.Measures)
            json.WriteNumber(name, value);
        json.WriteEndObject();
    }

    private static void WriteText(Utf8JsonWriter json, string name, string? text)
    {
        if (text is not null)
            json.WriteString(name, text);
    }

    private static void WriteList(Utf8JsonWriter json, params ReadOnlySpan<double> numbers)
    {
        json.WriteStartArray();
        foreach (var number in numbers)
            json.WriteNumberValue(number);
        json.WriteEndArray();
    }
}
