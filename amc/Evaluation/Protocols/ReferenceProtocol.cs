using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Protocols;

/// <summary>The official evaluation of AMC with every quirk (specification 7), so that its numbers can be
/// compared.</summary>
internal sealed class ReferenceProtocol : IProtocol
{
    /// <inheritdoc/>
    public string Name => "reference";

    /// <inheritdoc/>
    public string Rule => "first maximum strictly inside any box";

    /// <summary>Σ/√area. Where no box has a positive score, the box chosen before stands.</summary>
    public DetectorRule Detector { get; } = new(0.5, true, BoxOverlap.Reference);

    /// <inheritdoc/>
    public bool IsHit(EvaluationSample sample, int x, int y) => PointingGame.IsHit(x, y, sample.Regions);

    /// <inheritdoc/>
    public double Chance(EvaluationSample sample) =>
        PointingGame.RandomChance(sample.Width, sample.Height, sample.Regions);

    /// <summary>
    /// What the data says (RefCOCO+; of RefCLEF's longer names "test" and "val"); else "val" where these letters occur
    /// anywhere in the file's path, a folder named eval included, and "test" where not (Flickr30k).
    /// </summary>
    public string Split(string? own, string path)
    {
        if (own is null)
            return path.Contains("val", StringComparison.Ordinal) ? "val" : "test";
        // testA and testB are RefCOCO+'s own names.
        return own is "testA" or "testB" ? own
            : own.Contains("test", StringComparison.Ordinal) ? "test"
            : own.Contains("val", StringComparison.Ordinal) ? "val"
            : own;
    }
}
