namespace AmcEngine.Bench.Scaling;

/// <summary>Collectives of a step that go on beside kernels, one after the other.</summary>
/// <param name="rate">What kernels keep of their rate meanwhile.</param>
internal sealed class Traffic(double rate)
{
    private readonly List<(double Start, double End)> _collectives = [];

    /// <summary>What kernels keep of their rate while a collective is in progress.</summary>
    public double Rate { get; } = rate;

    /// <summary>When the last one ends.</summary>
    public double End => _collectives.Count == 0 ? 0 : _collectives[^1].End;

    /// <summary>How many there are.</summary>
    public int Count => _collectives.Count;

    /// <summary>The collective of that number.</summary>
    public (double Start, double End) this[int number] => _collectives[number];

    /// <summary>Adds a collective that all ranks are ready for at a time.</summary>
    public void Add(double ready, double seconds)
    {
        var start = Math.Max(ready, End);
        _collectives.Add((start, start + seconds));
    }
}

/// <summary>One rank: where it is in time, and the samples that are made for it.</summary>
/// <param name="make">Seconds to make a batch.</param>
/// <param name="ahead">Batches that may wait.</param>
internal sealed class RankClock(double make, int ahead)
{
    private readonly Queue<double> _taken = new();
    private Traffic? _traffic;
    private double _ready;
    private int _next;

    /// <summary>Seconds since the begin.</summary>
    public double Now { get; private set; }

    /// <summary>How many times as long its kernels take in this step.</summary>
    public double Slowness { get; set; } = 1;

    /// <summary>Takes the next batch and returns how long it was waited for.</summary>
    public double TakeBatch()
    {
        // A batch is begun when the one before is made, and one of those that wait has been taken.
        var room = _taken.Count < ahead ? 0 : _taken.Dequeue();
        _ready = Math.Max(_ready, room) + make;
        var waited = Math.Max(0, _ready - Now);
        Now += waited;
        _taken.Enqueue(Now);
        return waited;
    }

    /// <summary>Waits; a time that has passed changes nothing.</summary>
    public void WaitUntil(double time) => Now = Math.Max(Now, time);

    /// <summary>Does work of some seconds, slower where collectives go on beside it.</summary>
    public void Compute(double seconds, Traffic traffic)
    {
        if (!ReferenceEquals(_traffic, traffic)) (_traffic, _next) = (traffic, 0);
        while (seconds > 0)
        {
            while (_next < traffic.Count && traffic[_next].End <= Now) _next++;
            var (rate, until) = _next == traffic.Count ? (1, double.PositiveInfinity)
                : traffic[_next].Start > Now ? (1, traffic[_next].Start) : (traffic.Rate, traffic[_next].End);
            if (seconds / rate <= until - Now)
            {
                Now += seconds / rate;
                return;
            }
            seconds -= rate * (until - Now);
            Now = until;
        }
    }
}
