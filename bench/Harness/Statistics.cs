using System.Diagnostics;

namespace AmcEngine.Bench.Harness;

/// <summary>The arithmetic of all tables.</summary>
internal static class Statistics
{
    /// <summary>The geometric mean of positive values.</summary>
    /// <exception cref="ArgumentException">There are no values, or one is not positive.</exception>
    public static double GeometricMean(IReadOnlyCollection<double> values)
    {
        if (values.Count == 0 || !values.All(v => v > 0))
            throw new ArgumentException("a geometric mean needs positive values", nameof(values));
        return Math.Exp(values.Average(Math.Log));
    }

    /// <summary>GFLOP/s or GB/s.</summary>
    public static double Giga(double amount, double seconds) => amount / seconds * 1e-9;

    /// <summary>Bytes in MiB.</summary>
    public static double Mebi(long bytes) => bytes / (double)(1 << 20);
}

/// <summary>Seconds a call, one value a round.</summary>
internal sealed record Rounds(double[] Seconds)
{
    public double Median => AmcEngine.Amc.Profiling.Median.Of(Seconds);

    public double Min => Seconds.Min();

    /// <summary>
    /// One value of each contender a round, and so on round after round (A B A B …): what changes on the machine
    /// meanwhile meets all of them.
    /// </summary>
    public static Rounds[] Interleave(int rounds, IReadOnlyList<Func<double>> contenders)
    {
        var seconds = contenders.Select(_ => new double[rounds]).ToArray();
        for (var r = 0; r < rounds; r++)
            for (var c = 0; c < seconds.Length; c++) seconds[c][r] = contenders[c]();
        return [.. seconds.Select(s => new Rounds(s))];
    }
}

/// <summary>Work that is called often enough for a clock.</summary>
internal sealed class Repeated
{
    private readonly Action _work;

    /// <summary>Warms the work up and finds how many calls last <paramref name="seconds"/>.</summary>
    public Repeated(Action work, double seconds)
    {
        _work = work;
        work();
        while (Repeats < 1 << 20)
        {
            var total = Time(Repeats);
            if (total >= seconds) break;
            Repeats = (int)Math.Clamp(Math.Ceiling(1.1 * seconds / total * Repeats), Repeats + 1, 8.0 * Repeats);
        }
    }

    /// <summary>
    /// Lets the JIT finish: methods count 30 calls before they are compiled with optimization, in the background after
    /// a pause. Once a process, before the first sample.
    /// </summary>
    public static void WarmUp(IReadOnlyCollection<Action> works)
    {
        const int calls = 40, pauseMilliseconds = 250, tiers = 3;
        for (var i = 0; i < tiers; i++)
        {
            foreach (var work in works)
                for (var c = 0; c < calls; c++) work();
            Thread.Sleep(pauseMilliseconds);
        }
    }

    /// <summary>Calls in a sample.</summary>
    public int Repeats { get; private set; } = 1;

    /// <summary>Seconds a call; one call before that does not count.</summary>
    public double Sample()
    {
        _work();
        return Time(Repeats) / Repeats;
    }

    private double Time(int repeats)
    {
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < repeats; i++) _work();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}
