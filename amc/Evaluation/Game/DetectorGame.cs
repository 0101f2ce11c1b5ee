using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>Lets maps choose among the boxes of a detector, question by question in their order.</summary>
/// <param name="rule">How a box is chosen.</param>
internal sealed class DetectorGame(DetectorRule rule)
{
    private Box? _last;

    /// <summary>The chosen box; null where none is.</summary>
    /// <param name="map">The map in the picture's size.</param>
    /// <param name="boxes">The proposed boxes.</param>
    public Box? Choose(Heatmap map, IReadOnlyList<Box> boxes)
    {
        var best = DetectorScore.Ranked(map, boxes, rule.AreaPower).FirstOrDefault();
        if (best is null && rule.KeepsLastBox)
            return _last;
        _last = best;
        return best;
    }

    /// <summary>Whether the chosen box has an overlap of at least 0.5 with any of the true ones.</summary>
    public bool IsRight(Heatmap map, IReadOnlyList<Box> boxes, IReadOnlyList<Box> truth) =>
        Choose(map, boxes) is { } chosen && truth.Any(t => rule.Overlap(chosen, t) >= BoxOverlap.Found);
}
