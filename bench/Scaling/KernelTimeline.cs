using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Model.Modules;

namespace AmcEngine.Bench.Scaling;

/// <summary>
/// The kernels of a training step on a clock of their own, and when on it each gradient has got its last contribution.
/// A step is what is done while a profiler watches, which tells the phases.
/// </summary>
/// <param name="times">Seconds of a kernel.</param>
internal sealed class KernelTimeline(KernelTimes times)
{
    // As the step names its phases.
    private const string BackwardPhase = "backward", CheckPhase = "gradient check", UpdatePhase = "optimizer";

    // What AdamW reads and writes of an element, with an average and without; and the average alone.
    private const double WithAverage = 9, WithoutAverage = 7, AverageAlone = 3;

    private readonly Dictionary<Parameter, (object? Storage, int Version, double Seconds)> _gradients = [];
    private IReadOnlyList<Parameter> _parameters = [];
    private double _forward, _backward, _check, _update, _shared, _averages, _flop;
    private int _kernels;
    private bool _differentiates;

    /// <summary>Whose gradients to look at.</summary>
    public void Watch(IEnumerable<Parameter> parameters) => _parameters = [.. parameters];

    /// <summary>Takes the next kernel.</summary>
    public void Add(KernelWork work)
    {
        if (GraphWatch.Current?.Phase is not { } phase) return;
        _differentiates |= phase.StartsWith(BackwardPhase, StringComparison.Ordinal);
        var seconds = times.Seconds(work);
        (_kernels, _flop) = (_kernels + 1, _flop + work.Flop);
        // A gradient arrives after its kernel has run: it is seen at the next one.
        if (_differentiates) Look();
        if (phase.StartsWith(UpdatePhase, StringComparison.Ordinal)) Update(work, seconds);
        else if (phase == CheckPhase) _check += seconds;
        else if (_differentiates) _backward += seconds;
        else _forward += seconds;
    }

    /// <summary>The step that was watched.</summary>
    public StepWorkload Workload(int batch, double featureBytes, double peak, string settings) => new()
    {
        Batch = batch,
        Forward = _forward,
        Backward = _backward,
        Check = _check,
        Update = _update,
        SharedUpdate = _shared,
        AveragesAlone = _averages,
        Gradients = [.. _gradients.Select(g => new ReadyGradient(g.Value.Seconds, Bytes(g.Key)))
            .OrderBy(g => g.Seconds)],
        FeatureBytes = featureBytes,
        PeakBytes = peak,
        Kernels = _kernels,
        Flop = _flop,
        Settings = settings,
    };

    private static double Bytes(Parameter p) => (double)p.Shape.Count * sizeof(float);

    private void Look()
    {
        foreach (var p in _parameters)
        {
            if (p.Value.Grad is not { } grad) continue;
            var known = _gradients.GetValueOrDefault(p);
            if (!ReferenceEquals(known.Storage, grad.Storage) || known.Version != grad.Version)
                _gradients[p] = (grad.Storage, grad.Version, _backward);
        }
    }

    private void Update(KernelWork work, double seconds)
    {
        _update += seconds;
        if (!work.Name.StartsWith("adamw", StringComparison.Ordinal))
        {
            _averages += seconds;
            return;
        }
        var averages = work.Name != "adamw";
        _shared += averages
            ? times.Seconds(work with { Bytes = work.Bytes * WithoutAverage / WithAverage }) : seconds;
        if (averages)
            _averages += times.Seconds(new KernelWork("moving average", 0, work.Bytes * AverageAlone / WithAverage));
    }
}
