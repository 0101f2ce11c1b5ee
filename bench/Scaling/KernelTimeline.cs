using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Scaling;

/// <summary>
/// The kernels of a training step on a clock of their own, and when on it gradients are exchanged. A step is what is
/// done while a profiler watches, which tells the phases.
/// </summary>
/// <param name="times">Seconds of a kernel.</param>
internal sealed class KernelTimeline(KernelTimes times)
{
    // As the step names its phases.
    private const string BackwardPhase = "backward", CheckPhase = "gradient check", UpdatePhase = "optimizer";

    // What AdamW reads and writes of an element, with an average and without; and the average alone.
    private const double WithAverage = 9, WithoutAverage = 7, AverageAlone = 3;

    private readonly List<ReadyGradient> _gradients = [];
    private double _forward, _check, _update, _shared, _averages, _flop;
    private int _kernels;
    private bool _differentiates;

    /// <summary>Seconds of the backward pass.</summary>
    public double Backward { get; private set; }

    /// <summary>When gradients were ready to be exchanged.</summary>
    public IReadOnlyList<ReadyGradient> Gradients => _gradients;

    /// <summary>Takes the next kernel.</summary>
    public void Add(KernelWork work)
    {
        if (GraphWatch.Current?.Phase is not { } phase) return;
        _differentiates |= phase.StartsWith(BackwardPhase, StringComparison.Ordinal);
        var seconds = times.Seconds(work);
        (_kernels, _flop) = (_kernels + 1, _flop + work.Flop);
        if (phase.StartsWith(UpdatePhase, StringComparison.Ordinal)) Update(work, seconds);
        else if (phase == CheckPhase) _check += seconds;
        else if (_differentiates) Backward += seconds;
        else _forward += seconds;
    }

    /// <summary>Takes a tensor that ranks exchange now.</summary>
    public void Exchange(Tensor tensor)
    {
        if (GraphWatch.Current is not null)
            _gradients.Add(new ReadyGradient(Backward, (double)tensor.Count * tensor.DType.Size()));
    }

    /// <summary>The step that was watched.</summary>
    public StepWorkload Workload(int batch, double featureBytes, double peak, string settings) => new()
    {
        Batch = batch,
        Forward = _forward,
        Backward = Backward,
        SharedBackward = Backward,
        Check = _check,
        Update = _update,
        SharedUpdate = _shared,
        AveragesAlone = _averages,
        FeatureBytes = featureBytes,
        PeakBytes = peak,
        Kernels = _kernels,
        Flop = _flop,
        Settings = settings,
    };

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
