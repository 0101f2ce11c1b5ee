using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Results;

/// <summary>How two evaluations of the same questions differ in one number.</summary>
/// <param name="Name">What is compared.</param>
/// <param name="First">The first's mean.</param>
/// <param name="Second">The second's.</param>
/// <param name="Pair">Their difference, second minus first.</param>
internal sealed record ComparedMetric(string Name, double First, double Second, PairedEstimate Pair);

/// <summary>Two evaluations of the same questions, compared question by question.</summary>
/// <param name="Metrics">The pointing accuracy first, then every measure that both have.</param>
/// <param name="Left">Questions that one of the two alone has answered; they do not count.</param>
internal sealed record PairedComparison(IReadOnlyList<ComparedMetric> Metrics, int Left)
{
    /// <summary>Compares answers.</summary>
    /// <param name="first">Answers of one checkpoint.</param>
    /// <param name="second">Answers of the other.</param>
    /// <param name="names">What messages call the two.</param>
    /// <param name="bootstrap">How intervals are drawn.</param>
    /// <exception cref="DataException">They are not answers to the same questions.</exception>
    public static PairedComparison Of(
        IReadOnlyList<AnswerLine> first, IReadOnlyList<AnswerLine> second, (string First, string Second) names,
        Bootstrap bootstrap)
    {
        var others = second.ToDictionary(a => a.Index);
        List<(AnswerLine First, AnswerLine Second)> pairs = [];
        foreach (var answer in first)
        {
            if (!others.TryGetValue(answer.Index, out var other))
                continue;
            if (answer.Image != other.Image || answer.Phrase != other.Phrase)
            {
                throw new DataException(
                    $"{names.First}, {names.Second}: question {answer.Index} is \"{answer.Phrase}\" in {answer.Image} "
                        + $"there and \"{other.Phrase}\" in {other.Image} here; compare evaluations of the same test "
                        + "data by the same protocol.");
            }
            pairs.Add((answer, other));
        }
        if (pairs.Count == 0)
            throw new DataException(
                $"{names.First}, {names.Second}: no question is in both; compare evaluations of the same test data.");
        return new PairedComparison(
            [Hits(pairs, bootstrap), .. Measures(pairs, bootstrap)], first.Count + second.Count - 2 * pairs.Count);
    }

    // The interval comes from the bootstrap, the p-value from the exact test.
    private static ComparedMetric Hits(List<(AnswerLine First, AnswerLine Second)> pairs, Bootstrap bootstrap)
    {
        var p = McNemar.PValue(
            pairs.Count(a => a.First.Hit && !a.Second.Hit), pairs.Count(a => !a.First.Hit && a.Second.Hit));
        return Compare(EvaluationSummary.Pointing,
            [.. pairs.Select(a => (a.First.Image, Value(a.First.Hit), Value(a.Second.Hit)))], bootstrap, p);

        static double Value(bool hit) => hit ? 1 : 0;
    }

    private static IEnumerable<ComparedMetric> Measures(
        List<(AnswerLine First, AnswerLine Second)> pairs, Bootstrap bootstrap)
    {
        var names = pairs.SelectMany(a => a.First.Measures.Keys.Where(a.Second.Measures.ContainsKey)).Distinct();
        foreach (var name in names.ToArray())
        {
            var both = pairs.Where(a => a.First.Measures.ContainsKey(name) && a.Second.Measures.ContainsKey(name));
            yield return Compare(
                name, [.. both.Select(a => (a.First.Image, a.First.Measures[name], a.Second.Measures[name]))],
                bootstrap, null);
        }
    }

    private static ComparedMetric Compare(
        string name, (string Picture, double First, double Second)[] values, Bootstrap bootstrap, double? pValue)
    {
        var pair = bootstrap.Paired([.. values.Select(v => new Observation(v.Picture, v.Second - v.First))])!.Value;
        return new ComparedMetric(
            name, values.Average(v => v.First), values.Average(v => v.Second), pair with
            {
                PValue = pValue ?? pair.PValue
            });
    }
}
