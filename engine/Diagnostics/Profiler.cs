using System.Diagnostics;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Memory;

namespace AmcEngine.Diagnostics;

/// <summary>
/// While a profiler is open on this thread, every kernel that ops call on tensors of its back end is timed and its work
/// counted, and phases (<see cref="Phase"/>) are timed. Without one, a tensor's way to its kernels costs one look at a
/// thread's static field and allocates nothing. On a device each kernel is waited for, which makes a step longer.
/// </summary>
/// <example><code>
/// using var profiler = Profiler.Begin(backend);
/// TrainOneStep();
/// foreach (var op in profiler.Ops(byShape: false)) Console.WriteLine($"{op.Name}: {op.Seconds} s");
/// </code></example>
public sealed class Profiler : IDisposable, IBackendWatcher, IGraphWatcher
{
    private const string Backward = "backward";

    [ThreadStatic] private static Profiler? _current;

    private readonly IBackend _backend;
    private readonly ProfiledBackend _recorder;
    private readonly Profiler? _outer;
    private readonly IBackendWatcher? _watcher = BackendWatch.Current;
    private readonly Dictionary<(string Name, KernelShape Shape), OpTotals> _ops = [];
    private readonly Dictionary<(string Name, KernelShape Shape), OpTotals> _alone = [];
    private readonly Dictionary<string, PhaseTotals> _phases = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _backwardNames = new(StringComparer.Ordinal);
    private PhaseTotals _phase;
    private long _phaseStart;
    private long _gradientBytes;

    private Profiler(IBackend backend)
    {
        (_backend, _outer) = (backend, _current);
        _recorder = new ProfiledBackend(backend, this);
        backend.Synchronize();
        _phase = Find(Phase.Other);
        _phaseStart = Stopwatch.GetTimestamp();
        Watch(this);
    }

    internal static Profiler? Current => _current;

    /// <summary>The largest sum of live tensors that an allocation led to, and when; null before the first.</summary>
    public PeakMemory? Peak { get; private set; }

    /// <summary>
    /// Phases in the order in which they first began; their times exclude phases within them and add up to the whole.
    /// </summary>
    public IReadOnlyList<PhaseStatistics> Phases =>
        [.. _phases.Select(p => new PhaseStatistics(
            p.Key, Seconds(p.Value.Ticks), Seconds(p.Value.KernelTicks), p.Value.Flop))];

    /// <summary>Opens a profiler on this thread until it is disposed.</summary>
    /// <param name="backend">Whose kernels to time.</param>
    /// <param name="repeatsProducts">See <see cref="RepeatsProducts"/>.</param>
    public static Profiler Begin(IBackend backend, bool repeatsProducts = false) =>
        new(backend) { RepeatsProducts = repeatsProducts };

    /// <summary>
    /// Whether each matrix product is computed again right after itself, twice and into memory of its own, and the last
    /// of these timed: <see cref="ProductsAlone"/>. What follows finds other data in the caches than in a usual step,
    /// so such a profiler's other times are of no use.
    /// </summary>
    public bool RepeatsProducts { get; private init; }

    /// <summary>
    /// Products by name and shape as they are where operands, result and code were used a moment ago.
    /// </summary>
    public IReadOnlyList<OpStatistics> ProductsAlone =>
        [.. _alone.Select(o => new OpStatistics(o.Key.Name, o.Key.Shape.ToString(), o.Value.Calls,
            Seconds(o.Value.Ticks), o.Value.Flop, o.Value.Bytes))];

    /// <summary>Kernels by name, or by name and shape, the longest time first.</summary>
    /// <param name="byShape">Whether each shape of a matrix product or attention has an entry of its own.</param>
    public IReadOnlyList<OpStatistics> Ops(bool byShape) =>
        [.. _ops.GroupBy(o => (o.Key.Name, Shape: byShape ? o.Key.Shape : default))
            .Select(g => new OpStatistics(
                g.Key.Name, g.Key.Shape.ToString(), g.Sum(o => o.Value.Calls), Seconds(g.Sum(o => o.Value.Ticks)),
                g.Sum(o => o.Value.Flop), g.Sum(o => o.Value.Bytes)))
            .OrderByDescending(o => o.Seconds).ThenBy(o => o.Name, StringComparer.Ordinal)];

    /// <summary>Ends the profiling; the results stay.</summary>
    public void Dispose()
    {
        if (!ReferenceEquals(_current, this)) return;
        Charge();
        Watch(_outer);
        BackendWatch.Current = _watcher;
    }

    IBackend IBackendWatcher.Watched(IBackend backend) => ReferenceEquals(backend, _backend) ? _recorder : backend;

    string IGraphWatcher.Phase => _phase.Name;

    void IGraphWatcher.Continue(string phase) => Enter(phase);

    // The first contribution to a leaf's gradient takes the memory that the others are added to.
    void IGraphWatcher.NoteGradient(Storage storage) => _gradientBytes += storage.Bytes;

    internal string Enter(string phase)
    {
        var before = _phase.Name;
        Charge();
        _phase = Find(phase);
        return before;
    }

    // "forward/fusion encoder" has its gradients in "backward/fusion encoder".
    string IGraphWatcher.BeginBackward(string? forward)
    {
        if (forward is null || forward.StartsWith(Backward, StringComparison.Ordinal)) return Enter(_phase.Name);
        if (!_backwardNames.TryGetValue(forward, out var name))
        {
            var part = Phase.Part(forward);
            _backwardNames[forward] = name = part == Phase.Other ? Backward : $"{Backward}/{part}";
        }
        return Enter(name);
    }

    internal void Record(in KernelWork work, long ticks)
    {
        Add(_ops, work, ticks);
        _phase.KernelTicks += ticks;
        _phase.Flop += work.Flop;
    }

    internal void RecordAlone(in KernelWork work, long ticks) => Add(_alone, work, ticks);

    private static void Add(
        Dictionary<(string Name, KernelShape Shape), OpTotals> ops, in KernelWork work, long ticks)
    {
        var key = (work.Name, work.Shape);
        if (!ops.TryGetValue(key, out var totals)) ops[key] = totals = new OpTotals();
        totals.Calls++;
        totals.Ticks += ticks;
        totals.Flop += work.Flop;
        totals.Bytes += work.Bytes;
    }

    internal void NoteAllocation()
    {
        var live = _backend.LiveBytes;
        if (live <= (Peak?.Bytes ?? 0)) return;
        Peak = new PeakMemory(live, _phase.Name, _gradientBytes);
    }

    private static void Watch(Profiler? profiler)
    {
        _current = profiler;
        BackendWatch.Current = profiler;
        GraphWatch.Current = profiler;
    }

    private void Charge()
    {
        var now = Stopwatch.GetTimestamp();
        _phase.Ticks += now - _phaseStart;
        _phaseStart = now;
    }

    private PhaseTotals Find(string phase)
    {
        if (!_phases.TryGetValue(phase, out var totals)) _phases[phase] = totals = new PhaseTotals(phase);
        return totals;
    }

    private static double Seconds(long ticks) => ticks / (double)Stopwatch.Frequency;

    private sealed class OpTotals
    {
        public long Calls;
        public long Ticks;
        public double Flop;
        public double Bytes;
    }

    private sealed class PhaseTotals(string name)
    {
        public readonly string Name = name;
        public long Ticks;
        public long KernelTicks;
        public double Flop;
    }
}

/// <summary>What was measured of one kernel.</summary>
/// <param name="Name">Its name: "matmul nt", "attention forward".</param>
/// <param name="Shape">Its sizes as text; empty where not told apart.</param>
/// <param name="Calls">Number of calls.</param>
/// <param name="Seconds">Time of all calls.</param>
/// <param name="Flop">
/// Floating-point operations of all calls; exact for matrix products, about right for functions such as exp.
/// </param>
/// <param name="Bytes">Compulsory traffic of all calls: every operand once, every result once.</param>
public sealed record OpStatistics(string Name, string Shape, long Calls, double Seconds, double Flop, double Bytes);

/// <summary>What was measured of one phase.</summary>
/// <param name="Name">Its name, the group before a slash: "forward/vision encoder".</param>
/// <param name="Seconds">Time in the phase but not in phases within it.</param>
/// <param name="KernelSeconds">The part of it that kernels took.</param>
/// <param name="Flop">Floating-point operations of these kernels, as they say.</param>
public sealed record PhaseStatistics(string Name, double Seconds, double KernelSeconds, double Flop);

/// <summary>When most memory was live.</summary>
/// <param name="Bytes">Bytes in live tensors.</param>
/// <param name="Phase">The phase that allocated then.</param>
/// <param name="GradientBytes">
/// The part of it held by gradients of leaves, if the profiler was opened before the first of them.
/// </param>
public sealed record PeakMemory(long Bytes, string Phase, long GradientBytes);
