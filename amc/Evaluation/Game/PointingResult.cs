namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>The outcome of a pointing game.</summary>
/// <param name="Accuracy">Share of the questions answered whose pointed spot is a hit.</param>
/// <param name="RandomAccuracy">The same for a point drawn at random, in expectation.</param>
/// <param name="Count">Questions answered.</param>
/// <param name="Seconds">Time it took.</param>
internal sealed record PointingResult(double Accuracy, double RandomAccuracy, int Count, double Seconds)
{
    /// <summary>Questions whose heatmap was the same everywhere; they count as misses.</summary>
    public int Flat { get; init; }

    /// <summary>Questions that could not be asked, because of their pictures or boxes; they do not count.</summary>
    public int Skipped { get; init; }

    /// <summary>Questions that the protocol leaves out; they do not count.</summary>
    public int LeftOut { get; init; }
}
