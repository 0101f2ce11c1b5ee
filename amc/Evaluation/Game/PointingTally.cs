using System.Diagnostics;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>The answer to one question of the pointing game.</summary>
/// <param name="Index">Which question.</param>
/// <param name="Sample">The question; its picture only as the model saw it.</param>
/// <param name="Map">Where the model looks.</param>
/// <param name="Point">The pointed pixel, or null where the map is flat.</param>
/// <param name="Hit">Whether it is right; a flat map never is.</param>
/// <param name="Score">How likely phrase and picture belong together, by the model.</param>
internal sealed record PointingAnswer(
    int Index, EvaluationSample Sample, PatchMap Map, (int X, int Y)? Point, bool Hit, double Score)
{
    /// <summary>Whether the map is the same everywhere.</summary>
    public bool IsFlat => Point is null;

    /// <summary>How likely a pixel drawn at random is a hit.</summary>
    public required double Chance { get; init; }

    /// <summary>What else is known of it; null where nobody asks.</summary>
    public AnswerDetails? Details { get; init; }
}

/// <summary>Counts answers, so that what was answered is known whatever happens then.</summary>
/// <param name="answered">Told of each answer, in the order of the questions; may be null.</param>
internal sealed class PointingTally(Action<PointingAnswer>? answered = null)
{
    private readonly long _start = Stopwatch.GetTimestamp();
    private double _random;
    private int _hits, _flat, _skipped, _leftOut;

    /// <summary>Questions answered.</summary>
    public int Count { get; private set; }

    /// <summary>The outcome so far.</summary>
    public PointingResult Result => new(Count == 0 ? 0 : _hits / (double)Count, Count == 0 ? 0 : _random / Count, Count,
        Stopwatch.GetElapsedTime(_start).TotalSeconds)
    {
        Flat = _flat,
        Skipped = _skipped,
        LeftOut = _leftOut,
    };

    /// <summary>Counts an answer.</summary>
    public void Add(PointingAnswer answer)
    {
        Count++;
        _hits += answer.Hit ? 1 : 0;
        _flat += answer.IsFlat ? 1 : 0;
        _random += answer.Chance;
        answered?.Invoke(answer);
    }

    /// <summary>Counts a question that the protocol leaves out.</summary>
    public void LeaveOut() => _leftOut++;

    /// <summary>Why the last question that could not be asked could not; empty where all could.</summary>
    public string LastSkipped { get; private set; } = "";

    /// <summary>Counts a question that cannot be asked.</summary>
    /// <param name="reason">Why, in one line; the data set has said it already.</param>
    public void Skip(string reason)
    {
        _skipped++;
        LastSkipped = reason;
    }
}
