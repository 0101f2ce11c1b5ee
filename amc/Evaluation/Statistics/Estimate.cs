namespace AmcEngine.Amc.Evaluation.Statistics;

/// <summary>A mean over questions with its interval.</summary>
/// <param name="Value">The mean.</param>
/// <param name="Low">Lower end of the interval.</param>
/// <param name="High">Upper end of the interval.</param>
/// <param name="Count">Questions that have a value.</param>
internal readonly record struct Estimate(double Value, double Low, double High, int Count);

/// <summary>How much better one checkpoint is than another on the same questions.</summary>
/// <param name="Difference">Mean of second minus first.</param>
/// <param name="Low">Lower end of its interval.</param>
/// <param name="High">Upper end of its interval.</param>
/// <param name="PValue">How likely so large a difference is by chance, two-sided, 0..1.</param>
/// <param name="Count">Questions compared.</param>
internal readonly record struct PairedEstimate(double Difference, double Low, double High, double PValue, int Count);
