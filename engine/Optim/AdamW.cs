using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Optim;

/// <summary>Parameters that share a weight decay.</summary>
/// <param name="Parameters">Leaves.</param>
/// <param name="WeightDecay">Decoupled decay.</param>
public sealed record ParameterGroup(IReadOnlyList<Tensor> Parameters, double WeightDecay);

/// <summary>
/// AdamW with decoupled decay (Loshchilov and Hutter 2019), bit for bit a function of gradients, state and step.
/// A parameter without a gradient is left alone, as in PyTorch.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly List<Slot> _slots = [];
    private readonly HashSet<Tensor> _parameters = new(ReferenceEqualityComparer.Instance);
    private readonly Func<Tensor, bool> _moves;
    private readonly ExponentialMovingAverage? _average;
    private readonly AdamWTensors[] _batch;

    /// <summary>An optimizer with zero moments.</summary>
    /// <param name="groups">What is optimized.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="eps">Added to the denominator.</param>
    /// <param name="average">Moving averages that follow the parameters; null where there are none.</param>
    public AdamW(
        IReadOnlyList<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8,
        ExponentialMovingAverage? average = null)
    {
        (Beta1, Beta2, Eps, _average) = (beta1, beta2, eps, average);
        using (MemoryScope.Suspend())
            foreach (var group in groups)
                foreach (var p in group.Parameters)
                    _slots.Add(new Slot(p, group.WeightDecay, Tensor.Zeros(p.Shape, p.DType, p.Backend),
                        Tensor.Zeros(p.Shape, p.DType, p.Backend)));
        foreach (var s in _slots) _parameters.Add(s.Parameter);
        _moves = p => p.Grad is not null && _parameters.Contains(p);
        _batch = new AdamWTensors[_slots.Count];
    }

    /// <summary>Decay of the first moment.</summary>
    public double Beta1 { get; }

    /// <summary>Decay of the second moment.</summary>
    public double Beta2 { get; }

    /// <summary>Added to the denominator.</summary>
    public double Eps { get; }

    /// <summary>Steps taken.</summary>
    public int StepCount { get; set; }

    /// <summary>Parameters with their moments, in the order of the groups: what a checkpoint holds.</summary>
    public IEnumerable<(Tensor Parameter, Tensor ExpAvg, Tensor ExpAvgSq)> State =>
        _slots.Select(s => (s.Parameter, s.ExpAvg, s.ExpAvgSq));

    /// <summary>
    /// Updates every parameter that has a gradient; the moving averages follow in the same pass over memory.
    /// </summary>
    /// <param name="learningRate">Learning rate of this step.</param>
    /// <param name="deferAverage">
    /// Leave the averages where they are: they then follow at their next <see cref="ExponentialMovingAverage.Apply"/>.
    /// </param>
    public void Step(double learningRate, bool deferAverage = false)
    {
        _average?.Apply();
        var average = deferAverage ? null : _average;
        StepCount++;
        for (var from = 0; from < _slots.Count;)
        {
            var decay = _slots[from].WeightDecay;
            var count = 0;
            for (; from < _slots.Count && _slots[from].WeightDecay == decay; from++)
            {
                var s = _slots[from];
                if (s.Parameter.Grad is { } grad) _batch[count++] = new AdamWTensors(
                    s.Parameter, grad, s.ExpAvg, s.ExpAvgSq, average?.TargetOf(s.Parameter));
            }
            Update(_batch.AsSpan(0, count), new AdamWStep(
                learningRate, Beta1, Beta2, Eps, decay, StepCount, 1 - (average?.Momentum ?? 1)));
        }
        average?.MoveOthers(_moves);
    }

    private static void Update(Span<AdamWTensors> tensors, in AdamWStep step)
    {
        if (tensors.Length == 0) return;
        tensors[0].P.Backend.Run(new AdamWArgs(tensors, step));
        foreach (var t in tensors) t.P.Storage.Touch();
        // The array outlives the step; the gradients do not.
        tensors.Clear();
    }

    /// <summary>Drops the gradients.</summary>
    public void ZeroGrad()
    {
        foreach (var s in _slots)
        {
            s.Parameter.Grad?.Dispose();
            s.Parameter.Grad = null;
        }
    }

    /// <summary>Gives the moments back.</summary>
    public void Dispose()
    {
        foreach (var s in _slots)
        {
            s.ExpAvg.Dispose();
            s.ExpAvgSq.Dispose();
        }
        _slots.Clear();
    }

    private sealed record Slot(Tensor Parameter, double WeightDecay, Tensor ExpAvg, Tensor ExpAvgSq);
}
