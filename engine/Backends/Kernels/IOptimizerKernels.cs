using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>What a training step does to all weights, many tensors a call.</summary>
public interface IOptimizerKernels : IKernel<AdamWArgs>, IKernel<LerpArgs>;

/// <summary>
/// One decoupled AdamW step of many parameters (Loshchilov and Hutter 2019, as torch.optim.AdamW): p ← p(1 − lr·decay),
/// then p ← p − lr/(1−β₁ᵗ)·m/(√v/√(1−β₂ᵗ) + eps) with m, v updated in place. Where a parameter has a moving average,
/// that moves towards the new p in the same pass, with the bits of <see cref="LerpArgs"/> run next. An element costs 14
/// operations, and 17 with an average; p, m, v and the average are read and written, g is read.
/// </summary>
/// <param name="tensors">The parameters with what belongs to them.</param>
/// <param name="step">Hyperparameters.</param>
public readonly ref struct AdamWArgs(ReadOnlySpan<AdamWTensors> tensors, AdamWStep step) : IKernelArgs
{
    /// <summary>The parameters with what belongs to them.</summary>
    public ReadOnlySpan<AdamWTensors> Tensors { get; } = tensors;

    /// <summary>Hyperparameters.</summary>
    public AdamWStep Step { get; } = step;

    /// <inheritdoc/>
    public KernelWork Work
    {
        get
        {
            var (flop, bytes, averages) = (0.0, 0.0, false);
            foreach (var t in Tensors)
            {
                flop += (t.Average is null ? 14.0 : 17.0) * t.P.Count;
                bytes += 7 * KernelWork.Size(t.P) + 2 * KernelWork.Size(t.Average);
                averages |= t.Average is not null;
            }
            return new KernelWork(averages ? "adamw and moving average" : "adamw", flop, bytes);
        }
    }
}

/// <summary>
/// y = y + weight·(x − y) for each pair, equal shapes (momentum update with weight 1 − momentum). Three operations an
/// element; y is read and written.
/// </summary>
/// <param name="pairs">The pairs.</param>
/// <param name="weight">How far y moves.</param>
public readonly ref struct LerpArgs(ReadOnlySpan<TensorPair> pairs, double weight) : IKernelArgs
{
    /// <summary>The pairs.</summary>
    public ReadOnlySpan<TensorPair> Pairs { get; } = pairs;

    /// <summary>How far y moves.</summary>
    public double Weight { get; } = weight;

    /// <inheritdoc/>
    public KernelWork Work
    {
        get
        {
            var (flop, bytes) = (0.0, 0.0);
            foreach (var (_, y) in Pairs) (flop, bytes) = (flop + 3.0 * y.Count, bytes + 3 * KernelWork.Size(y));
            return new KernelWork("moving average", flop, bytes);
        }
    }
}

/// <summary>A tensor and the one that is moved towards it.</summary>
/// <param name="X">The target; it is only read.</param>
/// <param name="Y">The tensor that moves; it is overwritten.</param>
public readonly record struct TensorPair(Tensor X, Tensor Y);

/// <summary>Tensors of one parameter in an AdamW step, of one shape.</summary>
/// <param name="P">Parameter.</param>
/// <param name="G">Its gradient.</param>
/// <param name="M">First moment.</param>
/// <param name="V">Second moment.</param>
/// <param name="Average">Moving average of the parameter, to move along; null where it has none or is not to
/// move.</param>
public readonly record struct AdamWTensors(Tensor P, Tensor G, Tensor M, Tensor V, Tensor? Average = null);

/// <summary>Hyperparameters of one AdamW step.</summary>
/// <param name="LearningRate">Learning rate of this step.</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Eps">Added to the denominator.</param>
/// <param name="WeightDecay">Decoupled decay.</param>
/// <param name="Step">Number of this step, from 1.</param>
/// <param name="AverageWeight">How far a moving average moves: 1 − momentum; the averages of the tensors only.</param>
public readonly record struct AdamWStep(
    double LearningRate, double Beta1, double Beta2, double Eps, double WeightDecay, int Step,
    double AverageWeight = 0);
