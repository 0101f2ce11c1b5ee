namespace AmcEngine.Amc.Evaluation.Statistics;

/// <summary>A number that was seen at one question.</summary>
/// <param name="Picture">The picture that the question is about: questions about one picture are not independent.</param>
/// <param name="Value">The number; a hit is 1, a miss 0.</param>
internal readonly record struct Observation(string Picture, double Value);
