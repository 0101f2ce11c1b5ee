using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Optim;

/// <summary>
/// Momentum copies: θ_m ← momentum·θ_m + (1 − momentum)·θ (He et al. 2020, eq. 2), once for each change of θ. Whether
/// they still have to follow is known here alone, by the versions of the sources' memory: they move in the optimizer's
/// own pass over memory (<see cref="AdamW.Step"/>), or else when someone asks for them (<see cref="Apply"/>). The bits
/// are the same.
/// </summary>
public sealed class ExponentialMovingAverage
{
    private readonly TensorPair[] _pairs;
    private readonly TensorPair[] _rest;
    private readonly int[] _followed;
    private bool _hasFollowed;
    private readonly Dictionary<Tensor, Tensor> _targets = new(ReferenceEqualityComparer.Instance);

    /// <summary>Averages of sources, which have yet to follow them.</summary>
    /// <param name="source">What is averaged.</param>
    /// <param name="target">The averages, of the sources' shapes, in their order.</param>
    /// <param name="momentum">Share of the old value.</param>
    /// <exception cref="ShapeException">The lists or shapes differ, or a source is there twice.</exception>
    public ExponentialMovingAverage(IReadOnlyList<Tensor> source, IReadOnlyList<Tensor> target, double momentum)
    {
        if (source.Count != target.Count)
            throw new ShapeException("ema", $"{source.Count} sources for {target.Count} targets");
        (_pairs, _rest, _followed, Momentum) =
            (new TensorPair[source.Count], new TensorPair[source.Count], new int[source.Count], momentum);
        for (var i = 0; i < _pairs.Length; i++)
        {
            if (!source[i].Shape.Equals(target[i].Shape))
                throw new ShapeException("ema", $"{source[i]} does not fit {target[i]}");
            if (!_targets.TryAdd(source[i], target[i]))
                throw new ShapeException("ema", $"{source[i]} has two averages");
            _pairs[i] = new TensorPair(source[i], target[i]);
        }
    }

    /// <summary>Share of the old value.</summary>
    public double Momentum { get; }

    /// <summary>Whether a source has changed since the averages followed last, or they never have.</summary>
    public bool IsPending
    {
        get
        {
            if (!_hasFollowed) return true;
            for (var i = 0; i < _pairs.Length; i++)
                if (_pairs[i].X.Storage.Version != _followed[i]) return true;
            return false;
        }
    }

    /// <summary>Moves each average a step towards its source, where that is still to be done.</summary>
    public void Apply()
    {
        if (!IsPending) return;
        Move(_pairs);
        SetApplied();
    }

    /// <summary>Says that the averages have followed: they were read from where such were saved.</summary>
    public void SetApplied()
    {
        for (var i = 0; i < _pairs.Length; i++) _followed[i] = _pairs[i].X.Storage.Version;
        _hasFollowed = true;
    }

    /// <summary>Makes the averages equal to their sources.</summary>
    /// <param name="except">Tells of a source that its average is to be left alone; null copies all.</param>
    public void CopySources(Func<Tensor, bool>? except = null)
    {
        foreach (var (source, target) in _pairs)
        {
            if (except?.Invoke(source) == true) continue;
            target.Backend.Run(new CopyArgs(source, target));
            target.Storage.Touch();
        }
        _hasFollowed = false;
    }

    /// <summary>The average of a source, or null.</summary>
    internal Tensor? TargetOf(Tensor source) => _targets.GetValueOrDefault(source);

    /// <summary>Moves the averages whose sources the optimizer did not move along with its own.</summary>
    /// <param name="moved">Tells whether it moved a source, and the average with it.</param>
    internal void MoveOthers(Func<Tensor, bool> moved)
    {
        var count = 0;
        foreach (var pair in _pairs)
            if (moved(pair.X)) pair.Y.Storage.Touch();
            else _rest[count++] = pair;
        Move(_rest.AsSpan(0, count));
        SetApplied();
    }

    private void Move(ReadOnlySpan<TensorPair> pairs)
    {
        if (pairs.Length == 0) return;
        pairs[0].Y.Backend.Run(new LerpArgs(pairs, 1 - Momentum));
        foreach (var pair in pairs) pair.Y.Storage.Touch();
    }
}
