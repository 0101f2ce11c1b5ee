using AmcEngine.DataTools;

namespace AmcEngine.Amc.Evaluation.Statistics;

/// <summary>
/// Percentile intervals by the bootstrap (Efron 1979). Whole pictures are drawn with replacement, since the questions
/// about one picture are not independent: drawing questions would give intervals that are too narrow. The draws come
/// from a seed, so that the same numbers have the same interval.
/// </summary>
/// <param name="resamples">Draws; 1000 give the ends of a 95 % interval to about a tenth of its width.</param>
/// <param name="seed">Seed of the draws.</param>
/// <param name="level">Share of repeats of the experiment whose interval holds the true mean.</param>
internal sealed class Bootstrap(int resamples = 1000, ulong seed = 0, double level = 0.95)
{
    /// <summary>The mean with its interval; null where there is nothing.</summary>
    public Estimate? Mean(IReadOnlyList<Observation> observations)
    {
        if (observations.Count == 0)
            return null;
        var pictures = Pictures(observations);
        var mean = observations.Average(o => o.Value);
        if (mean is 0 or 1 && observations.All(o => o.Value == mean))
            return Unanimous(mean, pictures.Length, observations.Count);
        var means = Resample(pictures);
        Array.Sort(means);
        return new Estimate(mean, Low(means), High(means), observations.Count);
    }

    // Draws of nothing but hits are all alike, as if one hit proved that there are no misses. The exact interval of a
    // binomial share (Clopper and Pearson 1934) has a simple form here; it counts a picture once.
    private Estimate Unanimous(double mean, int pictures, int count)
    {
        var reach = 1 - Math.Pow((1 - level) / 2, 1.0 / pictures);
        return mean == 0 ? new Estimate(0, 0, reach, count) : new Estimate(1, 1 - reach, 1, count);
    }

    /// <summary>
    /// The mean of paired differences with its interval. The p-value is twice the smaller share of draws on either side
    /// of 0, the observed difference counted as one of the draws.
    /// </summary>
    /// <param name="differences">Second minus first, a number a question; null where there is nothing.</param>
    public PairedEstimate? Paired(IReadOnlyList<Observation> differences)
    {
        if (differences.Count == 0)
            return null;
        var means = Resample(Pictures(differences));
        Array.Sort(means);
        int below = means.Count(m => m <= 0), above = means.Count(m => m >= 0);
        var p = Math.Min(1, 2.0 * (Math.Min(below, above) + 1) / (resamples + 1));
        return new PairedEstimate(differences.Average(d => d.Value), Low(means), High(means), p, differences.Count);
    }

    private static (double Sum, int Count)[] Pictures(IReadOnlyList<Observation> observations) =>
        [.. observations.GroupBy(o => o.Picture, StringComparer.Ordinal).Select(g => (g.Sum(o => o.Value), g.Count()))];

    // Pictures have different numbers of questions, so that a draw's mean is a quotient of two sums.
    private double[] Resample((double Sum, int Count)[] pictures)
    {
        var random = new SeededRandom(seed, (ulong)pictures.Length);
        var means = new double[resamples];
        for (var r = 0; r < resamples; r++)
        {
            double sum = 0;
            long count = 0;
            for (var i = 0; i < pictures.Length; i++)
            {
                var drawn = pictures[random.NextInt(pictures.Length)];
                (sum, count) = (sum + drawn.Sum, count + drawn.Count);
            }
            means[r] = sum / count;
        }
        return means;
    }

    private double Low(double[] sorted) => At(sorted, (1 - level) / 2);

    private double High(double[] sorted) => At(sorted, (1 + level) / 2);

    // Linear between the two nearest order statistics.
    private static double At(double[] sorted, double share)
    {
        var place = share * (sorted.Length - 1);
        var low = (int)place;
        var high = Math.Min(low + 1, sorted.Length - 1);
        return sorted[low] + (place - low) * (sorted[high] - sorted[low]);
    }
}
