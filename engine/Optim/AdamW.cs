using AmcEngine.Backends.Kernels;
using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Optim;

/// <summary>Parameters that share a weight decay.</summary>
/// <param name="Parameters">Leaves.</param>
/// <param name="WeightDecay">Decoupled decay.</param>
public sealed record ParameterGroup(IReadOnlyList<Tensor> Parameters, double WeightDecay);

/// <summary>
/// AdamW with decoupled decay (Loshchilov and Hutter 2019), bit for bit a function of gradients, state and step.
/// A parameter without a gradient is left alone, as in PyTorch. Several ranks that train the same parameters may share
/// its state: each keeps the moments of a part of the parameters and updates those, and all get the result, which has
/// the bits of an update by every rank.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly List<Slot> _slots = [];
    private readonly HashSet<Tensor> _updated = new(ReferenceEqualityComparer.Instance);
    private readonly Func<Tensor, bool> _moves;
    private readonly ExponentialMovingAverage? _average;
    private readonly AdamWTensors[] _batch;
    private readonly OptimizerShare? _share;

    /// <summary>An optimizer with zero moments.</summary>
    /// <param name="groups">What is optimized.</param>
    /// <param name="beta1">Decay of the first moment.</param>
    /// <param name="beta2">Decay of the second moment.</param>
    /// <param name="eps">Added to the denominator.</param>
    /// <param name="average">Moving averages that follow the parameters; null where there are none.</param>
    /// <param name="share">
    /// The ranks that share the state out among themselves, all with the same parameters; null where this rank keeps
    /// all of it. A rank needs the gradients of those that it keeps the state of (<see cref="OwnerOf"/>).
    /// </param>
    public AdamW(
        IReadOnlyList<ParameterGroup> groups, double beta1 = 0.9, double beta2 = 0.999, double eps = 1e-8,
        ExponentialMovingAverage? average = null, ICommunicator? share = null)
    {
        (Beta1, Beta2, Eps, _average) = (beta1, beta2, eps, average);
        if (share is { Size: > 1 })
            _share = new OptimizerShare(share, [.. groups.SelectMany(g => g.Parameters)]);
        using (MemoryScope.Suspend())
            foreach (var group in groups)
                foreach (var p in group.Parameters) _slots.Add(SlotOf(p, group.WeightDecay));
        foreach (var s in _slots)
            if (s.Moments is not null) _updated.Add(s.Parameter);
        _moves = p => p.Grad is not null && _updated.Contains(p);
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

    /// <summary>Whether this rank keeps the state of a part of the parameters only.</summary>
    public bool IsSharded => _share is not null;

    /// <summary>
    /// The one rank that keeps a parameter's state, and updates it; null where every rank does, or nobody.
    /// </summary>
    public int? OwnerOf(Tensor parameter) => _share?.OwnerOf(parameter);

    /// <summary>All parameters, in the order of the groups.</summary>
    public IEnumerable<Tensor> Parameters => _slots.Select(s => s.Parameter);

    /// <summary>
    /// Parameters with their moments, in the order of the groups: what a checkpoint holds. Where the state is shared
    /// out, those of this rank.
    /// </summary>
    public IEnumerable<(Tensor Parameter, Tensor ExpAvg, Tensor ExpAvgSq)> State =>
        _slots.Where(s => s.Moments is not null).Select(s => (s.Parameter, s.Moments!.ExpAvg, s.Moments.ExpAvgSq));

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
                var (parameter, _, moments) = _slots[from];
                if (moments is not null && parameter.Grad is { } grad) _batch[count++] = new AdamWTensors(
                    parameter, grad, moments.ExpAvg, moments.ExpAvgSq, average?.TargetOf(parameter));
            }
            Update(_batch.AsSpan(0, count), new AdamWStep(
                learningRate, Beta1, Beta2, Eps, decay, StepCount, 1 - (average?.Momentum ?? 1)));
        }
        _share?.Spread();
        average?.MoveOthers(_moves);
    }

    /// <summary>
    /// The moments of all parameters, on one of the ranks that share them, while the others are in
    /// <see cref="ServeMoments"/>.
    /// </summary>
    /// <exception cref="InvalidOperationException">They are not shared out.</exception>
    public GatheredMoments GatherMoments()
    {
        var share = _share ?? throw new InvalidOperationException("the moments are all here");
        return new GatheredMoments(
            2 * _slots.Count,
            number => _slots[number / 2].Moments is { } m ? number % 2 == 0 ? m.ExpAvg : m.ExpAvgSq : null,
            number => _slots[number / 2].Parameter, (number, tensor) => share.Fetch(number / 2, tensor));
    }

    /// <summary>Gives the rank that gathers the moments those of this rank; it returns when that has all of them.
    /// </summary>
    /// <exception cref="InvalidOperationException">They are not shared out.</exception>
    /// <exception cref="CollectiveException">A rank has failed.</exception>
    public void ServeMoments()
    {
        using var moments = GatherMoments();
        for (var number = 0; number < 2 * _slots.Count; number++) _ = moments[number];
    }

    private Slot SlotOf(Tensor parameter, double decay) =>
        new(parameter, decay, _share?.Owns(_slots.Count) == false ? null : new Moments(
            Tensor.Zeros(parameter.Shape, parameter.DType, parameter.Backend),
            Tensor.Zeros(parameter.Shape, parameter.DType, parameter.Backend)));

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
            s.Moments?.ExpAvg.Dispose();
            s.Moments?.ExpAvgSq.Dispose();
        }
        _slots.Clear();
    }

    private sealed record Moments(Tensor ExpAvg, Tensor ExpAvgSq);

    // Without moments where they are another rank's.
    private sealed record Slot(Tensor Parameter, double WeightDecay, Moments? Moments);
}
