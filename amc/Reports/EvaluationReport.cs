using System.Globalization;
using System.Text;
using System.Text.Json;
using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.DataTools;
using AmcEngine.Files;

namespace AmcEngine.Amc.Reports;

/// <summary>The result of an evaluation as files.</summary>
/// <param name="Result">The numbers.</param>
/// <param name="Split">What the data is called.</param>
/// <param name="Protocol">How it was measured.</param>
/// <param name="Checkpoint">The model's file as the user named it.</param>
internal sealed record EvaluationReport(PointingResult Result, string Split, string Protocol, string Checkpoint)
{
    /// <summary>The explanation method's name.</summary>
    public required string Method { get; init; }

    /// <summary>Whether all questions were asked.</summary>
    public bool Complete { get; init; } = true;

    /// <summary>All numbers with their intervals; null where nobody asks.</summary>
    public EvaluationSummary? Summary { get; init; }

    /// <summary>What a reader of the numbers is to know about the training data; null for nothing.</summary>
    public string? Overlap { get; init; }

    /// <summary>The data set, which knows what is wrong with its files; null where scenes are generated.</summary>
    public IFileDataset? Data { get; init; }

    /// <summary>The result in one line, for people.</summary>
    public string Text
    {
        get
        {
            var text = new StringBuilder();
            text.Append(CultureInfo.InvariantCulture,
                $"{Split}: pointing accuracy {100 * Result.Accuracy:0.00} % on {Result.Count} samples");
            text.Append(CultureInfo.InvariantCulture,
                $" (a random point {100 * Result.RandomAccuracy:0.00} %), {Result.Seconds:0.0} s");
            if (Result.Flat > 0)
                text.Append(CultureInfo.InvariantCulture, $", {Result.Flat} with a flat heatmap, which is no hit");
            if (Result.Skipped > 0)
                text.Append(
                    CultureInfo.InvariantCulture, $", {Result.Skipped} more could not be asked and do not count");
            if (Result.LeftOut > 0)
                text.Append(CultureInfo.InvariantCulture, $", {Result.LeftOut} left out by the protocol");
            if (Data?.Pictures is { HasBad: true } pictures)
                text.Append(CultureInfo.InvariantCulture, $"; {pictures.Summary}");
            if (Data?.Annotations is { Counts.Count: > 0 } annotations)
                text.Append(CultureInfo.InvariantCulture, $"; {annotations.Summary}");
            return text.ToString();
        }
    }

    /// <summary>Writes one JSON object.</summary>
    public void SaveJson(string path)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteNumber("pointing_accuracy", Result.Accuracy);
            json.WriteNumber("random_accuracy", Result.RandomAccuracy);
            json.WriteNumber("count", Result.Count);
            json.WriteString("split", Split);
            json.WriteString("protocol", Protocol);
            json.WriteString("method", Method);
            json.WriteString("checkpoint", Checkpoint);
            json.WriteNumber("seconds", Math.Round(Result.Seconds, 3));
            json.WriteNumber("flat", Result.Flat);
            json.WriteNumber("skipped", Result.Skipped);
            json.WriteNumber("pictures_partial", Data?.Pictures.Partial ?? 0);
            json.WriteNumber("pictures_undecodable", Data?.Pictures.Undecodable ?? 0);
            json.WriteNumber("bad_entries", Data?.Annotations.BadEntries ?? 0);
            json.WriteNumber("dropped_boxes", Data?.Annotations.DroppedBoxes ?? 0);
            json.WriteBoolean("complete", Complete);
            json.WriteNumber("left_out", Result.LeftOut);
            if (Overlap is not null)
                json.WriteString("training_overlap", Overlap);
            if (Summary is not null)
                SummaryJson.Write(json, Summary);
            json.WriteEndObject();
        }
        buffer.WriteByte((byte)'\n');
        DurableFile.Write(path, buffer.ToArray());
    }

    /// <summary>Writes one JSON object a line for each answer.</summary>
    public static void SaveSamples(string path, AnswerFile answers) => DurableFile.Write(path, answers.ToBytes());
}
