using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Optim;

/// <summary>
/// Momentum copies: θ_m ← momentum·θ_m + (1 − momentum)·θ (He et al. 2020, eq. 2). They move at <see cref="Update"/>, or already
/// with the optimizer's step before it (<see cref="AdamW.Step"/>), which saves a pass over memory; the bits are the same.
/// </summary>
public sealed class ExponentialMovingAverage
{
    private readonly TensorPair[] _pairs;
    private readonly TensorPair[] _rest;
    private readonly Dictionary<Tensor, Tensor> _targets = new(ReferenceEqualityComparer.Instance);

    /// <summary>Averages of sources.</summary>
    /// <param name="source">What is averaged.</param>
    /// <param name="target">The averages, of the sources' shapes, in their order.</param>
    /// <param name="momentum">Share of the old value.</param>
    /// <exception cref="ShapeException">The lists or shapes differ, or a source is there twice.</exception>
    public ExponentialMovingAverage(IReadOnlyList<Tensor> source, IReadOnlyList<Tensor> target, double momentum)
    {
        if (source.Count != target.Count)
            throw new ShapeException("ema", $"{source.Count} sources for {target.Count} targets");
        (_pairs, _rest, Momentum) = (new TensorPair[source.Count], new TensorPair[source.Count], momentum);
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

    /// <summary>
    /// Whether the optimizer has done the next <see cref="Update"/> already: the averages are then a step ahead of what they are
    /// between two steps; who saves them says so.
    /// </summary>
    public bool IsAhead { get; private set; }

    /// <summary>Calls of <see cref="Update"/>: tells whether a step that failed had come that far.</summary>
    public long Updates { get; private set; }

    /// <summary>Moves each target a step towards its source; once nothing where the optimizer has already done it.</summary>
    public void Update()
    {
        if (IsAhead) IsAhead = false;
        else Move(_pairs);
        Updates++;
    }

    /// <summary>
    /// Says that the targets hold what the next <see cref="Update"/> would make of them, which then does nothing: because they
    /// were read from where such were saved, or because the step that moved them failed.
    /// </summary>
    public void SetAhead() => IsAhead = true;

    /// <summary>Says that the targets hold new values, of no step before.</summary>
    public void Reset() => IsAhead = false;

    /// <summary>The target of a source, or null.</summary>
    internal Tensor? TargetOf(Tensor source) => _targets.GetValueOrDefault(source);

    /// <summary>Moves the targets whose sources the optimizer did not move.</summary>
    /// <param name="moved">Tells whether it moved a source.</param>
    internal void MoveAhead(Func<Tensor, bool> moved)
    {
        var count = 0;
        foreach (var pair in _pairs)
            if (moved(pair.X)) pair.Y.Storage.Touch();
            else _rest[count++] = pair;
        Move(_rest.AsSpan(0, count));
        IsAhead = true;
    }

    private void Move(ReadOnlySpan<TensorPair> pairs)
    {
        if (pairs.Length == 0) return;
        pairs[0].Y.Backend.Run(new LerpArgs(pairs, 1 - Momentum));
        foreach (var pair in pairs) pair.Y.Storage.Touch();
    }
}
