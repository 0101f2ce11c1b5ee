using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>
/// Selection and addition by index. Bytes: what is moved, once read and once written, and the indices.
/// </summary>
public interface IIndexingKernels :
    IKernel<IndexSelectArgs>, IKernel<IndexAddArgs>, IKernel<GatherArgs>, IKernel<ScatterAddArgs>;

/// <summary>y[o, i, n] = x[o, index[i], n]; any element type.</summary>
/// <param name="X">Operand [outer, length, inner].</param>
/// <param name="Axis">What of x the axis is.</param>
/// <param name="Index">Indices [count], I32.</param>
/// <param name="Y">Result [outer, count, inner].</param>
public readonly record struct IndexSelectArgs(Tensor X, AxisView Axis, Tensor Index, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("index select", 0, Y, Y, Index);
}

/// <summary>
/// y[o, index[i], n] += g[o, i, n] in the order of i, skipping index = skip. One addition for each element of g; where
/// y is accumulated to, only the rows in question are read and written, else all of it is written.
/// </summary>
/// <param name="G">What is added [outer, count, inner].</param>
/// <param name="Axis">What of y the axis is.</param>
/// <param name="Index">Indices [count], I32.</param>
/// <param name="Skip">The index that is left out; one that does not occur, for none.</param>
/// <param name="Y">Result [outer, length, inner].</param>
/// <param name="Accumulate">Whether y is added to where it is, instead of overwritten from zero.</param>
public readonly record struct IndexAddArgs(
    Tensor G, AxisView Axis, Tensor Index, int Skip, Tensor Y, bool Accumulate = false) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work =>
        Accumulate ? KernelWork.Of("index add", 1, G, G, G, Index) : KernelWork.Of("index add", 1, G, Index, Y);
}

/// <summary>y[o, i, n] = x[o, index[o, i, n], n]; any element type.</summary>
/// <param name="X">Operand [outer, length, inner].</param>
/// <param name="Axis">What of x the axis is.</param>
/// <param name="Index">Indices [outer, count, inner], I32.</param>
/// <param name="Count">Extent of the axis in index and y.</param>
/// <param name="Y">Result [outer, count, inner].</param>
public readonly record struct GatherArgs(Tensor X, AxisView Axis, Tensor Index, int Count, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("gather", 0, Y, Y, Index);
}

/// <summary>
/// y[o, index[o, i, n], n] += g[o, i, n] in the order of i; y is overwritten from zero. One addition for each element
/// of g.
/// </summary>
/// <param name="G">What is added [outer, count, inner].</param>
/// <param name="Axis">What of y the axis is.</param>
/// <param name="Index">Indices [outer, count, inner], I32.</param>
/// <param name="Count">Extent of the axis in index and g.</param>
/// <param name="Y">Result [outer, length, inner].</param>
public readonly record struct ScatterAddArgs(Tensor G, AxisView Axis, Tensor Index, int Count, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("scatter add", 1, G, Index, Y);
}
