namespace AmcEngine.Bench.Scaling;

/// <summary>How a training is spread over ranks.</summary>
internal sealed record SimulationSettings
{
    /// <summary>Most bytes of a bucket of gradients.</summary>
    public double BucketBytes { get; init; } = 25 * (1 << 20);

    /// <summary>How gradients are summed.</summary>
    public Algorithm Algorithm { get; init; }

    /// <summary>Whether each rank updates a part of the weights, and all get them from it.</summary>
    public bool ShardsOptimizer { get; init; }

    /// <summary>Whether features are compared with those of all ranks, and so are waited for.</summary>
    public bool GlobalContrast { get; init; }

    /// <summary>Steps that count.</summary>
    public int Steps { get; init; } = 20;

    /// <summary>Seed of the spread of ranks.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>A simulated step, in seconds; the mean of many.</summary>
/// <param name="Seconds">From one step's begin to the next one's.</param>
/// <param name="Communication">Collectives in progress.</param>
/// <param name="Exposed">The part of that during which no rank computes.</param>
/// <param name="Waiting">What a rank waits for the slowest one, on average.</param>
/// <param name="Data">What a rank waits for its samples, on average.</param>
internal sealed record SimulatedStep(
    double Seconds, double Communication, double Exposed, double Waiting, double Data)
{
    /// <summary>The share of communication that runs beside kernels; all of it where there is none.</summary>
    public double HiddenShare => Communication > 0 ? 1 - Exposed / Communication : 1;
}

/// <summary>
/// Training steps of many ranks, event by event. A rank computes its kernels in order. Collectives go one after the
/// other: each begins when all ranks have their part ready and the one before has ended, and slows kernels down while
/// it lasts. A step: samples, an agreement on the texts' length, forward, features to all ranks, backward with a
/// collective for each bucket, an agreement on whether all is finite, update.
/// </summary>
internal sealed class StepSimulator
{
    private const int WarmUp = 3;

    // The gradient of what was gathered goes back to the ranks it came from.
    private const int GathersOfGlobalContrast = 2;

    private readonly StepWorkload _work;
    private readonly Cluster _cluster;
    private readonly SimulationSettings _settings;
    private readonly Network _network;
    private readonly IReadOnlyList<GradientBucket> _buckets;
    private readonly double[] _bucketSeconds;
    private readonly RankClock[] _ranks;
    private readonly Random _random;
    private double _communication, _exposed, _waiting, _data;

    private StepSimulator(StepWorkload work, Cluster cluster, int ranks, SimulationSettings settings)
    {
        (_work, _cluster, _settings, _network, _random) =
            (work, cluster, settings, new Network(cluster, ranks), new Random(settings.Seed));
        _buckets = GradientBuckets.Of(work.Gradients, settings.BucketBytes);
        // A gradient goes to the rank that updates the weight, or to all.
        _bucketSeconds = [.. _buckets.Select(b => settings.ShardsOptimizer
            ? _network.Gather(b.Bytes) : _network.AllReduce(b.Bytes, settings.Algorithm))];
        var make = work.Batch * cluster.SampleMilliseconds * 1e-3 / cluster.LoaderCores;
        _ranks = [.. Enumerable.Range(0, ranks).Select(_ => new RankClock(make, cluster.BatchesAhead))];
    }

    /// <summary>Simulates steps and returns their mean.</summary>
    /// <exception cref="Harness.ArgumentsException">So many ranks do not fill nodes.</exception>
    public static SimulatedStep Run(StepWorkload work, Cluster cluster, int ranks, SimulationSettings settings) =>
        new StepSimulator(work, cluster, ranks, settings).Run();

    private SimulatedStep Run()
    {
        for (var i = 0; i < WarmUp; i++) Step();
        (_communication, _exposed, _waiting, _data) = (0, 0, 0, 0);
        var start = Latest();
        for (var i = 0; i < _settings.Steps; i++) Step();
        double n = _settings.Steps;
        return new SimulatedStep(
            (Latest() - start) / n, _communication / n, _exposed / n, _waiting / n, _data / n);
    }

    private void Step()
    {
        foreach (var rank in _ranks)
        {
            _data += rank.TakeBatch() / _ranks.Length;
            rank.Slowness = 1 + _cluster.Jitter * Math.Abs(Normal());
        }
        Meet(_network.Agreement());
        var traffic = new Traffic(1 - _cluster.OverlapLoss);
        Compute(_work.Forward, traffic);
        Features(traffic);
        Backward(traffic);
        Meet(_network.Agreement());
        Update();
    }

    private void Features(Traffic traffic)
    {
        if (_ranks.Length == 1) return;
        var seconds = _network.Gather(_ranks.Length * _work.Batch * _work.FeatureBytes);
        if (_settings.GlobalContrast) Meet(GathersOfGlobalContrast * seconds);
        else Begin(seconds, traffic);
    }

    private void Backward(Traffic traffic)
    {
        if (_ranks.Length == 1)
        {
            Compute(_work.Backward, traffic);
            return;
        }
        var done = 0.0;
        for (var i = 0; i < _buckets.Count; i++)
        {
            Compute(_buckets[i].Seconds - done, traffic);
            done = _buckets[i].Seconds;
            Begin(_bucketSeconds[i], traffic);
        }
        Compute(_work.SharedBackward - done, traffic);
        var slowest = Latest();
        _exposed += Math.Max(0, traffic.End - slowest);
        WaitUntil(Math.Min(slowest, traffic.End));
        foreach (var rank in _ranks) rank.WaitUntil(traffic.End);
    }

    private void Update()
    {
        var nothing = new Traffic(1);
        Compute(_work.Check, nothing);
        if (!_settings.ShardsOptimizer || _ranks.Length == 1)
        {
            Compute(_work.Update, nothing);
            return;
        }
        // A tensor is updated by one rank, so that the largest one bounds the parts.
        var share = Math.Max(1.0 / _ranks.Length, _work.Gradients.Max(g => g.Bytes) / _work.GradientBytes);
        Compute(_work.SharedUpdate * share, nothing);
        Meet(_network.Gather(_work.GradientBytes));
        Compute(_work.AveragesAlone, nothing);
    }

    private void Compute(double seconds, Traffic traffic)
    {
        foreach (var rank in _ranks) rank.Compute(seconds * rank.Slowness, traffic);
    }

    // A collective that goes on beside kernels.
    private void Begin(double seconds, Traffic traffic)
    {
        traffic.Add(Latest(), seconds);
        _communication += seconds;
    }

    // A collective that all ranks wait for.
    private void Meet(double seconds)
    {
        if (_ranks.Length == 1) return;
        var slowest = Latest();
        WaitUntil(slowest);
        foreach (var rank in _ranks) rank.WaitUntil(slowest + seconds);
        (_communication, _exposed) = (_communication + seconds, _exposed + seconds);
    }

    // What is exchanged takes all ranks, which are there at that time.
    private void WaitUntil(double time)
    {
        foreach (var rank in _ranks)
        {
            _waiting += Math.Max(0, time - rank.Now) / _ranks.Length;
            rank.WaitUntil(time);
        }
    }

    private double Latest() => _ranks.Max(r => r.Now);

    // Box and Muller.
    private double Normal() =>
        Math.Sqrt(-2 * Math.Log(1 - _random.NextDouble())) * Math.Cos(2 * Math.PI * _random.NextDouble());
}
