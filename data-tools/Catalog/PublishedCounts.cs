namespace AmcEngine.DataTools;

/// <summary>What is published of a split; null where nothing is.</summary>
/// <param name="Pictures">Pictures.</param>
/// <param name="Phrases">Phrases or expressions, one count an occurrence.</param>
public sealed record PublishedCounts(int? Pictures, int? Phrases = null);
