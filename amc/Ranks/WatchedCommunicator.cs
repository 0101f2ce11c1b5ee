using System.Collections.Concurrent;
using System.Globalization;
using AmcEngine.Backends;
using AmcEngine.Collectives;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.Ranks;

/// <summary>
/// Measures what this rank exchanges with the others and how long it waits for that, lets them know what it does, and
/// raises the alarm where one wait takes too long: a rank that hangs, or was stopped, would else keep all others for
/// ever.
/// </summary>
internal sealed class WatchedCommunicator : ICommunicator
{
    // Values of the host, for which a rank always waits.
    private const string Meetings = "meetings";

    // So often the others are told what this rank does, and after so long that it waits.
    private static readonly TimeSpan Telling = TimeSpan.FromSeconds(0.5), Noted = TimeSpan.FromSeconds(0.2);

    // So long those that may know are asked who is missing.
    private static readonly TimeSpan Asking = TimeSpan.FromSeconds(3);

    private readonly TimeProvider _time;
    private ICommunicator _inner;
    private readonly IRollCall? _rollCall;
    private readonly ConcurrentDictionary<object, (string What, long Start)> _waits = [];
    private readonly Action<string> _alarm;
    private readonly TimeSpan _limit;
    private readonly ITimer? _timer;

    // Whether the timer looks, which may take longer than its period, or has raised the alarm.
    private int _looks;
    private long _waited;

    /// <summary>Watches a communicator, which it disposes of.</summary>
    /// <param name="inner">The communicator.</param>
    /// <param name="limit">Longest wait; null for any.</param>
    /// <param name="alarm">
    /// Told once, on a thread of its own, how long this rank has waited, in what and, if anybody knows, for whom.
    /// </param>
    /// <param name="time">
    /// The clock of <see cref="CollectiveWork.Moved"/>, which also says when to look; the system's where none is given.
    /// </param>
    public WatchedCommunicator(
        ICommunicator inner, TimeSpan? limit, Action<string> alarm, TimeProvider? time = null)
    {
        (_inner, _rollCall, _limit, _alarm) = (inner, inner as IRollCall, limit ?? TimeSpan.MaxValue, alarm);
        _time = time ?? TimeProvider.System;
        if (limit is not { } most)
            return;
        var period = TimeSpan.FromMilliseconds(Math.Clamp(most.TotalMilliseconds / 8, 20, 5000));
        if (_rollCall is not null && period > Telling)
            period = Telling;
        _timer = _time.CreateTimer(_ => Look(), null, period, period);
    }

    /// <summary>
    /// From now on tensors of a back end are exchanged by what serves its device best. All ranks call it.
    /// </summary>
    public void Use(IBackend backend)
    {
        using var wait = Wait("the devices of all ranks");
        _inner = Communicator.OnDevice(_inner, backend);
    }

    /// <summary>How long this rank has waited for the others in all.</summary>
    public TimeSpan Waited => _time.GetElapsedTime(0, Interlocked.Read(ref _waited));

    /// <summary>What is exchanged, by what it is for (<see cref="CollectiveUse"/>) or else by its name.</summary>
    public CommunicationMeter Meter { get; private init; } = new();

    /// <summary>What this rank does, for the alarm, as in "step 17".</summary>
    public string Doing { get; set; } = "the start";

    /// <inheritdoc/>
    public string Name => _inner.Name;

    /// <inheritdoc/>
    public int Rank => _inner.Rank;

    /// <inheritdoc/>
    public int Size => _inner.Size;

    /// <inheritdoc/>
    public CollectiveWork AllReduce(Tensor tensor, Reduction reduction = Reduction.Sum) =>
        Begin("an all-reduce", tensor, () => _inner.AllReduce(tensor, reduction));

    /// <inheritdoc/>
    public CollectiveWork Reduce(Tensor tensor, int root) =>
        Begin("a reduction", tensor, () => _inner.Reduce(tensor, root));

    /// <inheritdoc/>
    public CollectiveWork ReduceScatter(Tensor source, Tensor target) =>
        Begin("a reduce-scatter", source, () => _inner.ReduceScatter(source, target));

    /// <inheritdoc/>
    public CollectiveWork AllGather(Tensor source, Tensor target) =>
        Begin("an all-gather", target, () => _inner.AllGather(source, target));

    /// <inheritdoc/>
    public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received) =>
        Begin("an all-to-all", target, () => _inner.AllToAll(source, sent, target, received));

    /// <inheritdoc/>
    public CollectiveWork Broadcast(Tensor tensor, int root) =>
        Begin("a broadcast", tensor, () => _inner.Broadcast(tensor, root));

    /// <inheritdoc/>
    public void AllReduceNow(Tensor tensor, Reduction reduction = Reduction.Sum)
    {
        using var exchange = Now("an all-reduce", tensor);
        _inner.AllReduceNow(tensor, reduction);
    }

    /// <inheritdoc/>
    public void ReduceScatterNow(Tensor source, Tensor target)
    {
        using var exchange = Now("a reduce-scatter", source);
        _inner.ReduceScatterNow(source, target);
    }

    /// <inheritdoc/>
    public void AllGatherNow(Tensor source, Tensor target)
    {
        using var exchange = Now("an all-gather", target);
        _inner.AllGatherNow(source, target);
    }

    /// <inheritdoc/>
    public void AllReduce(Span<double> values, Reduction reduction = Reduction.Sum)
    {
        using var wait = Meet("a meeting of all ranks", sizeof(double) * values.Length);
        _inner.AllReduce(values, reduction);
    }

    /// <inheritdoc/>
    public byte[][] AllGather(ReadOnlySpan<byte> bytes)
    {
        using var wait = Meet("an exchange of all ranks", bytes.Length);
        return _inner.AllGather(bytes);
    }

    /// <inheritdoc/>
    public void Barrier()
    {
        using var wait = Meet("a barrier", 0);
        _inner.Barrier();
    }

    /// <inheritdoc/>
    public ICommunicator Split(int color, int key)
    {
        using var wait = Wait("a split into groups");
        return new WatchedCommunicator(_inner.Split(color, key), _timer is null ? null : _limit, _alarm, _time)
        {
            Meter = Meter
        };
    }

    /// <inheritdoc/>
    public void Abort(int exitCode) => _inner.Abort(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
        using (Wait("the other ranks' end"))
            _inner.Dispose();
        _timer?.Dispose();
    }

    private Work Begin(string what, Tensor tensor, Func<CollectiveWork> begin)
    {
        var kind = Count(what, tensor);
        // Also the call itself may wait, as a library's that does all at once.
        using var wait = Wait(Text(what, tensor), kind);
        return new Work(this, begin(), wait.What, kind);
    }

    // What is waited for at once.
    private Exchange Now(string what, Tensor tensor)
    {
        var kind = Count(what, tensor);
        return new Exchange(this, Wait(Text(what, tensor), kind), kind);
    }

    private string Count(string what, Tensor tensor)
    {
        var kind = CollectiveUse.Current ?? what[(what.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        Meter.Add(kind, new CommunicationUse(1, (double)tensor.Count * tensor.DType.Size(), 0, 0, 0));
        return kind;
    }

    private static string Text(string what, Tensor tensor) =>
        string.Create(CultureInfo.InvariantCulture, $"{what} of {tensor.Shape.Count} numbers");

    private Waiting Meet(string what, double bytes)
    {
        Meter.Add(Meetings, new CommunicationUse(1, bytes, 0, 0, 0));
        return Wait(what);
    }

    private Waiting Wait(string what, string kind = Meetings)
    {
        var key = new object();
        var start = _time.GetTimestamp();
        _waits[key] = (what, start);
        return new Waiting(this, key, what, start, kind);
    }

    private double Seconds(long ticks) => Math.Max(0, ticks) / (double)_time.TimestampFrequency;

    private void Look()
    {
        if (Interlocked.Exchange(ref _looks, 1) == 0 && !HasAlarmed())
            Volatile.Write(ref _looks, 0);
    }

    private bool HasAlarmed()
    {
        var longest = _waits.Values.OrderBy(w => w.Start).FirstOrDefault();
        var time = longest.What is null ? TimeSpan.Zero : _time.GetElapsedTime(longest.Start);
        _rollCall?.Tell(Doing, time > Noted);
        if (time < _limit)
            return false;
        var missing = _rollCall?.Missing(Asking) ?? [];
        // Whoever was missing may have come while the others were asked.
        if (!_waits.Values.Contains(longest))
            return false;
        var whom = missing.Count == 0 ? "the others" : string.Join(" and ", missing);
        _alarm(string.Create(CultureInfo.InvariantCulture,
            $"rank {Rank} waits for {whom} since {_time.GetElapsedTime(longest.Start).TotalSeconds:0} s, "
                + $"at {Doing}, in {longest.What}; ")
            + (missing.Count == 0
                ? "a rank that says nothing of this kind hangs or was stopped"
                : "it hangs or was stopped"));
        return true;
    }

    private readonly struct Waiting(WatchedCommunicator owner, object key, string what, long start, string kind)
        : IDisposable
    {
        public string What => what;

        public long Start => start;

        public void Dispose() => _ = End();

        // When it was over.
        public long End()
        {
            owner._waits.TryRemove(key, out _);
            var end = owner._time.GetTimestamp();
            Interlocked.Add(ref owner._waited, end - start);
            owner.Meter.Add(kind, new CommunicationUse(0, 0, 0, 0, owner.Seconds(end - start)));
            return end;
        }
    }

    private readonly struct Exchange(WatchedCommunicator owner, Waiting wait, string kind) : IDisposable
    {
        public void Dispose()
        {
            var seconds = owner.Seconds(wait.End() - wait.Start);
            owner.Meter.Add(kind, new CommunicationUse(0, 0, seconds, seconds, 0));
        }
    }

    private sealed class Work(WatchedCommunicator owner, CollectiveWork work, string what, string kind)
        : CollectiveWork
    {
        private bool _isCounted;

        public override (long Began, long Ended)? Moved => work.Moved;

        public override void Wait()
        {
            var wait = owner.Wait(what, kind);
            long end;
            try
            {
                work.Wait();
            }
            finally
            {
                end = wait.End();
            }
            if (_isCounted)
                return;
            _isCounted = true;
            (var began, var ended) = work.Moved ?? (wait.Start, end);
            owner.Meter.Add(kind, new CommunicationUse(0, 0, owner.Seconds(ended - began),
                owner.Seconds(Math.Min(ended, end) - Math.Max(began, wait.Start)), 0));
        }
    }
}
