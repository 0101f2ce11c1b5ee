using System.Diagnostics;
using AmcEngine.Backends;

namespace AmcEngine.Bench.Gpu;

/// <summary>Times of one piece of work in seconds.</summary>
internal sealed record Timing(double Median, double Min, double Max, int Samples, int Repeats)
{
    /// <summary>
    /// Warms up, then takes the median of several samples. A sample queues the work often enough to last a while and
    /// then waits once, so that the wait itself hardly counts.
    /// </summary>
    public static Timing Measure(IBackend device, Action work, bool quick)
    {
        var (shortest, budget, most) = quick ? (0.005, 1.0, 5) : (0.02, 10.0, 15);
        Sample(device, work, 1);
        var once = Sample(device, work, 1);
        var repeats = (int)Math.Clamp(Math.Ceiling(shortest / once), 1, 1000);
        var samples = (int)Math.Clamp(budget / (once * repeats), quick ? 1 : 3, most);
        var times = new double[samples];
        for (var i = 0; i < samples; i++) times[i] = Sample(device, work, repeats);
        return new Timing(AmcEngine.Amc.Profiling.Median.Of(times), times.Min(), times.Max(), samples, repeats);
    }

    private static double Sample(IBackend device, Action work, int repeats)
    {
        device.Synchronize();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < repeats; i++) work();
        device.Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / repeats;
    }
}
