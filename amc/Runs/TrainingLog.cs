using System.Text;
using System.Text.Json;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Runs.TensorBoard;
using AmcEngine.DataTools;
using AmcEngine.Files;

namespace AmcEngine.Amc.Runs;

/// <summary>The losses of one step, in a fixed order.</summary>
/// <param name="Step">Steps done, this one included.</param>
/// <param name="Epoch">The epoch, from 0.</param>
/// <param name="Losses">Names and values; the first is the total.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="Seconds">Time the step took.</param>
internal sealed record StepRecord(
    int Step, int Epoch, IReadOnlyList<(string Name, double Value)> Losses, double LearningRate, double Seconds);

/// <summary>
/// A run's log: one JSON object a line, "kind" being <c>step</c>, <c>eval</c>, <c>data</c>, <c>memory</c> or
/// <c>ranks</c>.
/// </summary>
internal sealed class TrainingLog : IDisposable
{
    /// <summary>Its name in the run's folder.</summary>
    public const string FileName = "log.jsonl";

    /// <summary>Kind of the line with the totals of bad data: no curve is drawn of them.</summary>
    public const string DataKind = "data";

    /// <summary>Kind of the lines that tell where the time of steps went on each of several ranks.</summary>
    public const string RanksKind = "ranks";

    /// <summary>Kind of the line at the head that tells how a run uses memory, where it was left to choose.</summary>
    public const string MemoryKind = "memory";

    private readonly FileStream _stream;
    private readonly HashSet<int> _evaluated;
    private bool _hasSteps;

    private TrainingLog(string path, IEnumerable<int> evaluated, bool hasSteps)
    {
        // Without a buffer: a line that the disk has no space for is taken back, and must not come again when the file
        // is closed.
        _stream = new FileStream(path, FileMode.Append, FileAccess.Write, FileShare.Read, bufferSize: 0);
        (_evaluated, _hasSteps) = ([.. evaluated], hasSteps);
    }

    /// <summary>Starts a log in a folder that has none.</summary>
    public static TrainingLog Start(string folder) => new(Path.Combine(folder, FileName), [], hasSteps: false);

    /// <summary>
    /// Goes on with the log of an interrupted run: what it wrote after the checkpoint, and the evaluation made only
    /// because it stopped, and totals of bad data, which come again, go away, so that the log ends up as if there had
    /// been no interruption.
    /// </summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="steps">Steps of the checkpoint.</param>
    /// <param name="isDue">Whether an evaluation after so many steps is due by the run's plan.</param>
    /// <param name="warn">Told of lines that cannot be read; they go away too.</param>
    public static TrainingLog Continue(string folder, int steps, Func<int, bool> isDue, Action<string> warn)
    {
        var path = Path.Combine(folder, FileName);
        var kept = new StringBuilder();
        var evaluated = new List<int>();
        foreach ((var line, var record) in TrainingLogReader.Lines(path, warn))
        {
            if (record is EvaluationRecord { Step: var after })
            {
                if (after > steps || !isDue(after))
                    continue;
                evaluated.Add(after);
            }
            else if (record is not MemoryKind
                && ((record as StepRecord)?.Step ?? (record as RanksRecord)?.Step ?? int.MaxValue) > steps)
                continue;
            kept.Append(line).Append('\n');
        }
        DurableFile.Write(path, kept.ToString());
        return new TrainingLog(path, evaluated, hasSteps: true);
    }

    /// <summary>The same numbers for TensorBoard; null for none. Closed with the log.</summary>
    public EventFile? Events { get; set; }

    /// <summary>Whether the log holds an evaluation made after so many steps.</summary>
    public bool HasEvaluation(int steps) => _evaluated.Contains(steps);

    /// <summary>Adds how the run uses memory.</summary>
    /// <param name="checkpoint">Value of <c>checkpoint_activations</c>.</param>
    /// <param name="microBatch">Pairs that are computed at a time.</param>
    /// <param name="need">Bytes that it needs, about.</param>
    /// <param name="available">Bytes that there were; null where nobody knew.</param>
    public void WriteMemory(string checkpoint, int microBatch, long need, long? available) => WriteLine(json =>
    {
        json.WriteString("kind", MemoryKind);
        json.WriteNumber("step", 0);
        json.WriteString("checkpoint_activations", checkpoint);
        json.WriteNumber("micro_batch", microBatch);
        json.WriteNumber("needed_bytes", need);
        if (available is { } bytes)
            json.WriteNumber("available_bytes", bytes);
    });

    /// <summary>Adds a step.</summary>
    public void Write(StepRecord record)
    {
        WriteLine(json =>
        {
            json.WriteString("kind", "step");
            json.WriteNumber("step", record.Step);
            json.WriteNumber("epoch", record.Epoch);
            json.WriteStartObject("losses");
            foreach ((var name, var value) in record.Losses)
                json.WriteNumber(name, value);
            json.WriteEndObject();
            json.WriteNumber("lr", record.LearningRate);
            json.WriteNumber("seconds", Math.Round(record.Seconds, 4));
        });
        _hasSteps = true;
        Events?.Write(record.Step,
        [
            .. record.Losses.Select(l => ($"loss/{l.Name}", l.Value)),
            ("train/learning_rate", record.LearningRate), ("train/seconds", record.Seconds),
            ("train/epoch", record.Epoch),
        ]);
    }

    /// <summary>Adds an evaluation made after so many steps.</summary>
    public void Write(int step, PointingResult result)
    {
        WriteLine(json =>
        {
            json.WriteString("kind", "eval");
            json.WriteNumber("step", step);
            json.WriteNumber("pointing_accuracy", result.Accuracy);
            json.WriteNumber("random_accuracy", result.RandomAccuracy);
            json.WriteNumber("count", result.Count);
            json.WriteNumber("seconds", Math.Round(result.Seconds, 4));
        });
        _evaluated.Add(step);
        Events?.Write(
            step, [("eval/pointing_accuracy", result.Accuracy), ("eval/random_accuracy", result.RandomAccuracy)]);
    }

    /// <summary>Adds where the time of the steps before went on each rank.</summary>
    public void Write(int step, RankSeconds times) => WriteLine(json =>
    {
        json.WriteString("kind", RanksKind);
        json.WriteNumber("step", step);
        json.WriteNumber("slowest", times.Slowest);
        foreach ((var name, var seconds) in new[] { ("own_seconds", times.Own), ("waiting_seconds", times.Waiting) })
        {
            json.WriteStartArray(name);
            foreach (var value in seconds)
                json.WriteNumberValue(Math.Round(value, 4));
            json.WriteEndArray();
        }
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

    /// <summary>Closes the log; that of a run that never came to a step goes away.</summary>
    public void Dispose()
    {
        _stream.Dispose();
        Events?.Dispose();
        if (_hasSteps)
            return;
        File.Delete(_stream.Name);
        Events?.Delete();
    }

    private void WriteLine(Action<Utf8JsonWriter> write)
    {
        using var line = new MemoryStream();
        using (var json = new Utf8JsonWriter(line))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }
        line.WriteByte((byte)'\n');
        var before = _stream.Position;
        try
        {
            _stream.Write(line.GetBuffer().AsSpan(0, (int)line.Length));
        }
        catch (Exception e) when (e is IOException or ArgumentOutOfRangeException)
        {
            // Half a line would spoil the next one. (The second is what .NET makes of a file that has come to its
            // limit.)
            _stream.SetLength(before);
            throw new FileWriteException(_stream.Name, e);
        }
    }
}
