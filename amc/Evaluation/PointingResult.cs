namespace AmcEngine.Amc.Evaluation;

/// <summary>The outcome of a pointing game.</summary>
/// <param name="Accuracy">Share of questions whose pointed spot is a hit.</param>
/// <param name="RandomAccuracy">The same for a point drawn at random, in expectation.</param>
/// <param name="Count">Questions.</param>
/// <param name="Seconds">Time it took.</param>
internal sealed record PointingResult(double Accuracy, double RandomAccuracy, int Count, double Seconds);
