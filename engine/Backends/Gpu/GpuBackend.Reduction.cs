using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Reduce(ReduceKind kind, Tensor x, AxisView axis, Tensor y) =>
        throw new EngineException("Reduce", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void ArgReduce(ReduceKind kind, Tensor x, AxisView axis, Tensor values, Tensor indices) =>
        throw new EngineException("ArgReduce", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void CountNonFinite(ReadOnlySpan<Tensor> tensors, Span<long> counts) =>
        throw new EngineException("CountNonFinite", "the GPU back end has no kernel for it");
}
