using System.Globalization;

namespace AmcEngine.Amc.Runs;

/// <summary>Where the time of steps goes on each of the ranks that train together, in seconds a step.</summary>
/// <param name="Own">What each rank has done itself: data and computing.</param>
/// <param name="Waiting">How long it has waited for the others, and for what they sent.</param>
internal sealed record RankSeconds(IReadOnlyList<double> Own, IReadOnlyList<double> Waiting)
{
    /// <summary>The rank that the others wait for most.</summary>
    public int Slowest => Enumerable.Range(0, Own.Count).MaxBy(r => Own[r]);

    /// <summary>One line for people.</summary>
    public string Line
    {
        get
        {
            double[] sorted = [.. Own.Order()];
            return string.Create(CultureInfo.InvariantCulture,
                $"ranks: the slowest is {Slowest} with {Own[Slowest]:0.000} s of its own a step (median "
                    + $"{sorted[sorted.Length / 2]:0.000}), and waits {Waiting[Slowest]:0.000} s for the others");
        }
    }
}
