using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>Recall among the best boxes, as MDETR reports it.</summary>
internal static class BoxRecall
{
    /// <summary>How many of the best boxes count.</summary>
    public static IReadOnlyList<int> Ranks { get; } = [1, 5, 10];

    /// <summary>For each rank whether a box is found, by any of the true boxes and by the one around all.</summary>
    /// <param name="map">The map in the picture's size.</param>
    /// <param name="proposals">The proposed boxes; null takes the map's own.</param>
    /// <param name="truth">The boxes of the phrase.</param>
    /// <param name="power">The heat in a box is divided by its area to this power.</param>
    public static IEnumerable<(string Name, double Value)> Of(
        Heatmap map, IReadOnlyList<Box>? proposals, IReadOnlyList<Box> truth, double power)
    {
        var ranked = proposals is null ? OwnBox(map) : DetectorScore.Ranked(map, proposals, power);
        Box[] merged = [Box.Around(truth)];
        foreach (var k in Ranks)
        {
            yield return (FormattableString.Invariant($"any_box@{k}"), Found(ranked.Take(k), truth));
            yield return (FormattableString.Invariant($"merged_boxes@{k}"), Found(ranked.Take(k), merged));
        }
    }

    private static Box[] OwnBox(Heatmap map) => MapBox.Of(map.Values, map.Width) is { } own ? [own] : [];

    private static double Found(IEnumerable<Box> boxes, IReadOnlyList<Box> truth) =>
        boxes.Any(b => truth.Any(t => BoxOverlap.Of(b, t) >= BoxOverlap.Found)) ? 1 : 0;
}
