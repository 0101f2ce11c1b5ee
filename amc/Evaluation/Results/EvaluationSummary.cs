using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Statistics;

namespace AmcEngine.Amc.Evaluation.Results;

/// <summary>
/// All numbers of an evaluation with their intervals, and the pointing accuracy of its parts. Answers are added as they
/// come;
/// of each only numbers are held.
/// </summary>
/// <param name="bootstrap">How intervals are drawn.</param>
internal sealed class EvaluationSummary(Bootstrap bootstrap)
{
    /// <summary>The name of the pointing accuracy among the metrics.</summary>
    public const string Pointing = "pointing_accuracy";

    // Shares of the picture: small up to the first, medium up to the second. Every picture becomes the model's square,
    // so that square pixels, as COCO counts them, say little.
    private const double Small = 0.05;
    private const double Medium = 0.25;

    private readonly List<(string Name, List<Observation> Values)> _metrics = [(Pointing, [])];
    private readonly Dictionary<string, Dictionary<string, List<Observation>>> _parts = new(StringComparer.Ordinal);

    // Drawn once: text, JSON and page all show them. A new answer makes them out of date.
    private IReadOnlyList<(string Name, Estimate Estimate)>? _estimates;
    private IReadOnlyList<(string By, IReadOnlyList<(string Part, Estimate Estimate)> Parts)>? _breakdown;

    /// <summary>The pointing accuracy; of at least one answer.</summary>
    public Estimate Accuracy => bootstrap.Mean(Values(Pointing))!.Value;

    /// <summary>The metrics by name, the pointing accuracy first.</summary>
    public IReadOnlyList<(string Name, Estimate Estimate)> Metrics => _estimates ??=
        [.. _metrics.Select(m => (m.Name, bootstrap.Mean(m.Values))).Where(m => m.Item2 is not null).Select(
            m => (m.Name, m.Item2!.Value))];

    /// <summary>The pointing accuracy of each part, by what the answers are parted: parts in order of their
    /// names.</summary>
    public IReadOnlyList<(string By, IReadOnlyList<(string Part, Estimate Estimate)> Parts)> Breakdown => _breakdown ??=
    [
        .. _parts.Select(by => (by.Key, (IReadOnlyList<(string, Estimate)>)
        [
            .. by.Value.OrderBy(p => Order(p.Key)).ThenBy(p => p.Key, StringComparer.Ordinal).Select(
                p => (p.Key, bootstrap.Mean(p.Value)!.Value)),
        ])),
    ];

    /// <summary>Adds an answer.</summary>
    public void Add(PointingAnswer answer)
    {
        (_estimates, _breakdown) = (null, null);
        var picture = answer.Sample.Image;
        var hit = new Observation(picture, answer.Hit ? 1 : 0);
        Values(Pointing).Add(hit);
        if (answer.Details is not { } details)
            return;
        foreach ((var name, var value) in details.Measures)
            Values(name).Add(new Observation(picture, value));
        Part("split", details.Split, hit);
        if (answer.Sample.Category is { Length: > 0 } category)
            Part("category", category, hit);
        Part("region_size", SizeOf(details.RegionShare), hit);
        Part("phrase_length", LengthOf(details.Words), hit);
    }

    /// <summary>What a region of that share of the picture is called.</summary>
    internal static string SizeOf(double share) => share <= Small ? "small" : share <= Medium ? "medium" : "large";

    /// <summary>What a phrase of that many words is called.</summary>
    internal static string LengthOf(int words) => words switch
    {
        <= 1 => "1 word",
        2 => "2 words",
        <= 4 => "3-4 words",
        <= 8 => "5-8 words",
        _ => "9 words or more",
    };

    private static int Order(string part) => Array.IndexOf(["small", "medium", "large"], part);

    private List<Observation> Values(string name)
    {
        var known = _metrics.FirstOrDefault(m => m.Name == name).Values;
        if (known is null)
            _metrics.Add((name, known = []));
        return known;
    }

    private void Part(string by, string part, Observation hit)
    {
        if (!_parts.TryGetValue(by, out var parts))
            _parts[by] = parts = new Dictionary<string, List<Observation>>(StringComparer.Ordinal);
        if (!parts.TryGetValue(part, out var values))
            parts[part] = values = [];
        values.Add(hit);
    }
}
