using System.Globalization;
using System.Text.Json;

namespace AmcEngine.Amc.Runs;

/// <summary>An evaluation in a run's log.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Accuracy">Pointing accuracy.</param>
/// <param name="Random">That of a random point.</param>
/// <param name="Count">Questions; 0 where the log does not say.</param>
internal sealed record EvaluationRecord(int Step, double Accuracy, double Random, int Count);

/// <summary>A line about the ranks that train together.</summary>
/// <param name="Step">Steps done.</param>
internal sealed record RanksRecord(int Step);

/// <summary>
/// Reads a run's log. A line that is cut, damaged, empty or of another program costs that line and a warning with its
/// number.
/// </summary>
internal static class TrainingLogReader
{
    private const int MostNamed = 20;

    /// <summary>A log's steps (total and single losses) and evaluations.</summary>
    /// <param name="folder">The run's folder.</param>
    /// <param name="warn">Told of lines that cannot be read.</param>
    public static (List<StepRecord> Steps, List<EvaluationRecord> Evaluations) Read(string folder, Action<string> warn)
    {
        var steps = new List<StepRecord>();
        var evaluations = new List<EvaluationRecord>();
        foreach ((_, var record) in Lines(Path.Combine(folder, TrainingLog.FileName), warn))
        {
            if (record is StepRecord step)
                steps.Add(step);
            else if (record is EvaluationRecord evaluation)
                evaluations.Add(evaluation);
        }
        return (steps, evaluations);
    }

    /// <summary>
    /// The lines that can be read, each with its <see cref="StepRecord"/>, <see cref="EvaluationRecord"/> or
    /// <see cref="RanksRecord"/>, or its kind where that is known and none of these.
    /// </summary>
    /// <param name="path">The log; where there is none, nothing is read.</param>
    /// <param name="warn">Told once of all lines that cannot be read.</param>
    public static IEnumerable<(string Line, object Record)> Lines(string path, Action<string> warn)
    {
        var bad = new List<int>();
        var number = 0;
        foreach (var line in File.Exists(path) ? File.ReadLines(path) : [])
        {
            number++;
            if (Parse(line) is { } record)
                yield return (line, record);
            else
                bad.Add(number);
        }
        if (bad.Count > 0)
        {
            var numbers = string.Join(", ", bad.Take(MostNamed).Select(n => n.ToString(CultureInfo.InvariantCulture)));
            warn($"{path}: {(bad.Count == 1 ? "line" : "lines")} "
                + $"{numbers}{(bad.Count > MostNamed ? $" and {bad.Count - MostNamed} more" : "")} cannot be read "
                + $"(cut, damaged, empty or of another program) and {(bad.Count == 1 ? "is" : "are")} left out");
        }
    }

    private static object? Parse(string line)
    {
        try
        {
            using var document = JsonDocument.Parse(line);
            var root = document.RootElement;
            var step = root.GetProperty("step").GetInt32();
            switch (root.GetProperty("kind").GetString())
            {
                case "eval":
                    var count = root.TryGetProperty("count", out var questions) ? questions.GetInt32() : 0;
                    return new EvaluationRecord(step, root.GetProperty("pointing_accuracy").GetDouble(),
                        root.GetProperty("random_accuracy").GetDouble(), count);
                case "step":
                    (string, double)[] losses =
                        [.. root.GetProperty("losses").EnumerateObject().Select(p => (p.Name, p.Value.GetDouble()))];
                    return new StepRecord(step, root.GetProperty("epoch").GetInt32(), losses,
                        root.GetProperty("lr").GetDouble(), root.GetProperty("seconds").GetDouble());
                case TrainingLog.RanksKind:
                    return new RanksRecord(step);
                case TrainingLog.DataKind:
                    return TrainingLog.DataKind;
                case TrainingLog.MemoryKind:
                    return TrainingLog.MemoryKind;
                default:
                    return null;
            }
        }
        // Not JSON; not an object; no such property; not of the type; not a number of that size.
        catch (Exception e)
            when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return null;
        }
    }
}
