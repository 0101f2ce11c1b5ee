using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Scaling;

/// <summary>A training on some GPUs.</summary>
/// <param name="Gpus">How many.</param>
/// <param name="Work">What each computes.</param>
/// <param name="Step">Its simulated step.</param>
/// <param name="Efficiency">Pairs a second and GPU, beside those of one GPU.</param>
internal sealed record ScalingPoint(int Gpus, StepWorkload Work, SimulatedStep Step, double Efficiency);

/// <summary>What a change would bring where scaling is poor.</summary>
/// <param name="Name">The change.</param>
/// <param name="Efficiency">What it would reach.</param>
internal sealed record Remedy(string Name, double Efficiency);

/// <summary>Points of one kind, and what would mend those below the bar.</summary>
/// <param name="Points">By GPUs.</param>
/// <param name="Remedies">By GPUs: what helps, the best first.</param>
internal sealed record ScalingSeries(
    IReadOnlyList<ScalingPoint> Points, IReadOnlyDictionary<int, IReadOnlyList<Remedy>> Remedies);

/// <summary>1, 2, 4, … GPUs with a fixed batch each (weak) and with a fixed batch in all (strong).</summary>
/// <param name="Weak">Fixed batch a GPU.</param>
/// <param name="Strong">Fixed batch in all.</param>
internal sealed record ScalingStudy(ScalingSeries Weak, ScalingSeries Strong)
{
    /// <summary>Efficiency below which changes are tried.</summary>
    public const double Bar = 0.9;

    // Pairs a GPU needs at least: negatives come from its batch.
    private const int LeastBatch = 2;

    // A gain that is worth a line.
    private const double LeastGain = 0.001;

    private const double Mebi = 1 << 20;

    private static readonly double[] BucketSizes = [1, 5, 10, 50, 100, 200];

    /// <summary>Simulates both series.</summary>
    /// <param name="options">What was asked for.</param>
    /// <param name="cluster">Where.</param>
    /// <param name="workload">The step of a batch.</param>
    public static ScalingStudy Run(ScalingOptions options, Cluster cluster, Func<int, StepWorkload> workload)
    {
        int[] counts = [.. Counts(options.Gpus)];
        return new ScalingStudy(
            Series(counts, _ => options.Batch, options, cluster, workload),
            Series([.. counts.Where(n => options.Global % n == 0 && options.Global / n >= LeastBatch)],
                n => options.Global / n, options, cluster, workload));
    }

    /// <summary>Powers of two up to a count, and that count.</summary>
    public static IEnumerable<int> Counts(int most)
    {
        for (var n = 1; n < most; n *= 2) yield return n;
        yield return most;
    }

    private static ScalingSeries Series(int[] counts, Func<int, int> batch, ScalingOptions options, Cluster cluster,
        Func<int, StepWorkload> workload)
    {
        if (counts.Length == 0) return new ScalingSeries([], new Dictionary<int, IReadOnlyList<Remedy>>());
        var one = workload(batch(counts[0]));
        var alone = Rate(one, StepSimulator.Run(one, cluster, 1, options.Settings));
        List<ScalingPoint> points = [];
        Dictionary<int, IReadOnlyList<Remedy>> remedies = [];
        foreach (var n in counts)
        {
            var work = workload(batch(n));
            var step = StepSimulator.Run(work, cluster, n, options.Settings);
            points.Add(new ScalingPoint(n, work, step, Rate(work, step) / alone));
            if (points[^1].Efficiency < Bar)
                remedies[n] = Remedies(points[^1], options.Settings, cluster, workload, alone);
        }
        return new ScalingSeries(points, remedies);
    }

    private static double Rate(StepWorkload work, SimulatedStep step) => work.Batch / step.Seconds;

    private static IReadOnlyList<Remedy> Remedies(ScalingPoint point, SimulationSettings settings, Cluster cluster,
        Func<int, StepWorkload> workload, double alone)
    {
        var (n, batch) = (point.Gpus, point.Work.Batch);
        List<Remedy> tried =
        [
            .. BucketSizes.Select(mib => Try($"buckets of {mib} MiB", settings with { BucketBytes = mib * Mebi }))
                .OrderByDescending(r => r.Efficiency).Take(1),
            Try("shard_optimizer", settings with { ShardsOptimizer = !settings.ShardsOptimizer }),
            Try("all-reduce by auto", settings with { Algorithm = Algorithm.Auto }),
            Try("contrastive: local", settings with { GlobalContrast = false }),
            Try("twice the loader's cores", settings, on: cluster with { LoaderCores = 2 * cluster.LoaderCores }),
            Try("half the spread of ranks", settings, on: cluster with { Jitter = cluster.Jitter / 2 }),
            Try($"{2 * batch} pairs a GPU", settings, 2 * batch),
            Try($"{4 * batch} pairs a GPU", settings, 4 * batch),
        ];
        return [.. tried.Where(r => r.Efficiency > point.Efficiency + LeastGain).OrderByDescending(r => r.Efficiency)];

        Remedy Try(string name, SimulationSettings with, int? pairs = null, Cluster? on = null)
        {
            var work = pairs is { } size ? workload(size) : point.Work;
            return new Remedy(name, Rate(work, StepSimulator.Run(work, on ?? cluster, n, with)) / alone);
        }
    }
}
