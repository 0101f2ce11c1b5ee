using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>Reductions along an axis in a fixed order, and the search for numbers that are none.</summary>
public interface IReductionKernels : IKernel<ReduceArgs>, IKernel<ArgReduceArgs>, IKernel<CountNonFiniteArgs>;

/// <summary>
/// y [outer, inner] = reduction of x [outer, length, inner] over length (length ≥ 1 for max and min; an empty sum is
/// 0). One operation for each element of x.
/// </summary>
/// <param name="Kind">The reduction.</param>
/// <param name="X">Operand.</param>
/// <param name="Axis">What of x the axis is.</param>
/// <param name="Y">Result.</param>
public readonly record struct ReduceArgs(ReduceKind Kind, Tensor X, AxisView Axis, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work =>
        new("reduce", X.Count, KernelWork.Size(X) + (double)Axis.Outer * Axis.Inner * Y.DType.Size());
}

/// <summary>Max or min and the first index that has it. One operation for each element of x.</summary>
/// <param name="Kind">Max or min.</param>
/// <param name="X">Operand.</param>
/// <param name="Axis">What of x the axis is.</param>
/// <param name="Values">The extremes [outer, inner].</param>
/// <param name="Indices">Their first indices [outer, inner], I32.</param>
public readonly record struct ArgReduceArgs(ReduceKind Kind, Tensor X, AxisView Axis, Tensor Values, Tensor Indices)
    : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("reduce with index", 1, X, Values, Indices);
}

/// <summary>
/// How many elements of each tensor are NaN or infinite (none of integers); waits once for all. One operation an
/// element.
/// </summary>
/// <param name="tensors">What is searched.</param>
/// <param name="counts">Receives a count for each tensor.</param>
public readonly ref struct CountNonFiniteArgs(ReadOnlySpan<Tensor> tensors, Span<long> counts) : IKernelArgs
{
    /// <summary>What is searched.</summary>
    public ReadOnlySpan<Tensor> Tensors { get; } = tensors;

    /// <summary>Receives a count for each tensor.</summary>
    public Span<long> Counts { get; } = counts;

    /// <inheritdoc/>
    public KernelWork Work
    {
        get
        {
            var (flop, bytes) = (0.0, 0.0);
            foreach (var t in Tensors) (flop, bytes) = (flop + t.Count, bytes + KernelWork.Size(t));
            return new KernelWork("finite check", flop, bytes);
        }
    }
}

/// <summary>Reductions along an axis, in a fixed order.</summary>
public enum ReduceKind
{
    /// <summary>Sum.</summary>
    Sum,
    /// <summary>Largest value; NaN wins.</summary>
    Max,
    /// <summary>Smallest value; NaN wins.</summary>
    Min,
}
