using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Amc.Maps;

namespace AmcEngine.Amc.Evaluation.Results;

/// <summary>How much a method's maps have in common with those of a model of the same build with random
/// weights.</summary>
/// <param name="RankCorrelation">Spearman's correlation of the patches, mean over the questions, −1..1.</param>
/// <param name="Similarity">Structural similarity, mean over the questions, −1..1.</param>
/// <param name="Count">Questions.</param>
internal sealed record SanityResult(double RankCorrelation, double Similarity, int Count)
{
    /// <summary>Rank correlation from which on a method is said not to react.</summary>
    public const double Limit = 0.5;

    /// <summary>Whether the maps depend on what the model has learned. Where all maps are flat nothing can be said:
    /// they do not.</summary>
    public bool Reacts => RankCorrelation < Limit && Similarity < 1;
}

/// <summary>
/// The weight-randomisation check (Adebayo et al. 2018), with all weights at once: a method whose maps stay as they are
/// when the weights become random explains the picture or itself, and not the model.
/// </summary>
internal static class SanityCheck
{
    /// <summary>Questions that are asked for it, at most.</summary>
    public const int Questions = 32;

    /// <summary>Compares maps of the same questions before and after.</summary>
    public static SanityResult Compare(IReadOnlyList<PatchMap> before, IReadOnlyList<PatchMap> after)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(after.Count, before.Count);
        ArgumentOutOfRangeException.ThrowIfZero(before.Count);
        double rank = 0, similarity = 0;
        foreach ((var a, var b) in before.Zip(after))
        {
            rank += RankCorrelation.Of(a.Values, b.Values);
            similarity += StructuralSimilarity.Of(a.Values, b.Values, a.Side);
        }
        return new SanityResult(rank / before.Count, similarity / before.Count, before.Count);
    }
}
