using System.Text.Json;
using AmcEngine.Amc.Evaluation;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Training;

/// <summary>The losses of one step, in a fixed order.</summary>
/// <param name="Step">Steps done, this one included.</param>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Losses">Names and values; the first is the total.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="Seconds">Time the step took.</param>
internal sealed record StepRecord(int Step, int Epoch, IReadOnlyList<(string Name, double Value)> Losses, double LearningRate, double Seconds);

/// <summary>A run's log: one JSON object a line, "kind" being <c>step</c>, <c>eval</c> or <c>data</c>.</summary>
internal sealed class TrainingLog : IDisposable
{
    /// <summary>Its name in the run's folder.</summary>
    public const string FileName = "log.jsonl";

    // Totals of bad data: no curve is drawn of them.
    private const string DataKind = "data";

    private readonly FileStream _stream;

    private TrainingLog(FileStream stream) => _stream = stream;

    /// <summary>Starts a log, replacing an older one.</summary>
    public static TrainingLog Start(string folder) => new(new FileStream(Path.Combine(folder, FileName), FileMode.Create, FileAccess.Write, FileShare.Read));

    /// <summary>
    /// Goes on with the log of an interrupted run: what it wrote after the checkpoint, and the evaluation made only
    /// because it stopped, go away, so that the log ends up as if there had been no interruption.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="steps">Steps of the checkpoint.</param>
    /// <param name="plan">The plan, which says which evaluations are due.</param>
    public static TrainingLog Continue(string folder, int steps, TrainingPlan plan)
    {
        string path = Path.Combine(folder, FileName);
        List<string> kept = [];
        foreach (string line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            if (Parse(line) is not { } record || record.Step > steps || (record.IsEvaluation && !plan.EvaluatesAfter(record.Step)))
                continue;
            kept.Add(line);
        }
        string temporary = path + ".tmp";
        File.WriteAllLines(temporary, kept);
        File.Move(temporary, path, overwrite: true);
        return new TrainingLog(new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read));
    }

    /// <summary>Adds a step.</summary>
    public void Write(StepRecord record) => WriteLine(json =>
    {
        json.WriteString("kind", "step");
        json.WriteNumber("step", record.Step);
        json.WriteNumber("epoch", record.Epoch);
        json.WriteStartObject("losses");
        foreach ((string name, double value) in record.Losses)
            json.WriteNumber(name, value);
        json.WriteEndObject();
        json.WriteNumber("lr", record.LearningRate);
        json.WriteNumber("seconds", Math.Round(record.Seconds, 4));
    });

    /// <summary>Adds an evaluation made after so many steps.</summary>
    public void Write(int step, PointingResult result) => WriteLine(json =>
    {
        json.WriteString("kind", "eval");
        json.WriteNumber("step", step);
        json.WriteNumber("pointing_accuracy", result.Accuracy);
        json.WriteNumber("random_accuracy", result.RandomAccuracy);
        json.WriteNumber("count", result.Count);
        json.WriteNumber("seconds", Math.Round(result.Seconds, 4));
    });

    /// <summary>Adds what was wrong with the training data, up to so many steps.</summary>
    public void Write(int step, IFileDataset data) => WriteLine(json =>
    {
        json.WriteString("kind", DataKind);
        json.WriteNumber("step", step);
        json.WriteNumber("pictures", data.Pictures.Pictures);
        json.WriteNumber("pictures_partial", data.Pictures.Partial);
        json.WriteNumber("pictures_undecodable", data.Pictures.Undecodable);
        json.WriteNumber("entries", data.Annotations.Entries);
        json.WriteNumber("entries_bad", data.Annotations.BadEntries);
        json.WriteNumber("entries_without_box", data.Annotations.WithoutBox);
        json.WriteNumber("boxes_dropped", data.Annotations.DroppedBoxes);
        json.WriteNumber("phrases_dropped", data.Annotations.DroppedPhrases);
    });

    /// <summary>Reads a log's steps (total and single losses) and evaluations.</summary>
    public static (List<StepRecord> Steps, List<(int Step, double Accuracy, double Random)> Evaluations) Read(string folder)
    {
        var steps = new List<StepRecord>();
        var evaluations = new List<(int, double, double)>();
        foreach (string line in File.ReadLines(Path.Combine(folder, FileName)))
        {
            using JsonDocument document = JsonDocument.Parse(line);
            JsonElement root = document.RootElement;
            int step = root.GetProperty("step").GetInt32();
            if (root.GetProperty("kind").GetString() == DataKind)
                continue;
            if (root.GetProperty("kind").GetString() == "eval")
            {
                evaluations.Add((step, root.GetProperty("pointing_accuracy").GetDouble(), root.GetProperty("random_accuracy").GetDouble()));
                continue;
            }
            (string, double)[] losses = [.. root.GetProperty("losses").EnumerateObject().Select(p => (p.Name, p.Value.GetDouble()))];
            steps.Add(new StepRecord(step, root.GetProperty("epoch").GetInt32(), losses, root.GetProperty("lr").GetDouble(), root.GetProperty("seconds").GetDouble()));
        }
        return (steps, evaluations);
    }

    /// <inheritdoc/>
    public void Dispose() => _stream.Dispose();

    private void WriteLine(Action<Utf8JsonWriter> write)
    {
        using (var json = new Utf8JsonWriter(_stream))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        _stream.WriteByte((byte)'\n');
        _stream.Flush();
    }

    // A run that was killed may have left half a line at the end.
    private static (int Step, bool IsEvaluation)? Parse(string line)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line);
            return (document.RootElement.GetProperty("step").GetInt32(), document.RootElement.GetProperty("kind").GetString() == "eval");
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
