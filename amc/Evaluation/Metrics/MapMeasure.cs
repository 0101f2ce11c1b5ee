using System.Globalization;

namespace AmcEngine.Amc.Evaluation.Metrics;

/// <summary>A number that says how good a map is.</summary>
/// <param name="Name">Its name in results.</param>
/// <param name="Family">What it is asked for by.</param>
/// <param name="IsCostly">Whether it takes many passes of the model for each question.</param>
/// <param name="Of">The number; null where it is not defined.</param>
internal sealed record MapMeasure(string Name, string Family, bool IsCostly, Func<MeasuredMap, double?> Of)
{
    /// <summary>Every measure.</summary>
    public static IReadOnlyList<MapMeasure> All { get; } =
    [
        Cheap("energy", m => EnergyInRegion.Of(m.Grid.Values, m.Region)),
        .. RegionIou.Thresholds.Select(t => new MapMeasure(
            string.Create(CultureInfo.InvariantCulture, $"iou@{t}"), "iou", false, m =>
                RegionIou.Of(m.Grid.Values, m.Region, t))),
        Cheap("auc", m => RegionAuc.Of(m.Grid.Values, m.Region)),
        Costly("insertion", (input, scores) => InsertionDeletion.Insertion(input, scores)),
        Costly("deletion", (input, scores) => InsertionDeletion.Deletion(input, scores)),
        Costly("road", (input, scores) => Road.Of(input, scores)),
        Costly("infidelity", (input, scores) => Infidelity.Of(input, scores)),
    ];

    /// <summary>What is asked for by name, in order.</summary>
    public static IReadOnlyList<string> Families { get; } = [.. All.Select(m => m.Family).Distinct()];

    private static MapMeasure Cheap(string name, Func<MeasuredMap, double?> of) => new(name, name, false, of);

    private static MapMeasure Costly(string name, Func<ModelInput, PictureScores, double> of) => new(
        name, name, true, m =>
            of(m.Input, m.Scores ?? throw new InvalidOperationException($"{name} needs scores of the model")));
}
