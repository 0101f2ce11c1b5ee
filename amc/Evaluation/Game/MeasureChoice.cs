using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Metrics;

namespace AmcEngine.Amc.Evaluation.Game;

/// <summary>What is measured beside the pointing game.</summary>
/// <param name="Measures">Measures of maps.</param>
/// <param name="Boxes">A detector's boxes; null for none.</param>
internal sealed record MeasureChoice(IReadOnlyList<MapMeasure> Measures, ProposalFile? Boxes = null)
{
    /// <summary>Nothing.</summary>
    public static MeasureChoice None { get; } = new([]);

    /// <summary>What is measured where nobody says: all that takes no pass of the model.</summary>
    public const string Default = "energy,iou,auc";

    /// <summary>Whether the model is asked again for each question.</summary>
    public bool IsCostly => Measures.Any(m => m.IsCostly);

    /// <summary>The measures of a list of names.</summary>
    /// <param name="names">Names with commas between them; <c>all</c> or <c>none</c>.</param>
    /// <exception cref="ConfigException">There is none of a name.</exception>
    public static IReadOnlyList<MapMeasure> Parse(string names)
    {
        if (names == "all")
            return MapMeasure.All;
        if (names == "none")
            return [];
        var wanted = names.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        foreach (var name in wanted)
        {
            if (!MapMeasure.Families.Contains(name))
                throw new ConfigException($"--metrics {name}: is no metric; use all, none, "
                    + $"or a list of {string.Join(", ", MapMeasure.Families)}");
        }
        return [.. MapMeasure.All.Where(m => wanted.Contains(m.Family))];
    }
}
