using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void IndexSelect(Tensor x, AxisView axis, Tensor index, Tensor y) =>
        throw new EngineException("IndexSelect", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void IndexAdd(Tensor g, AxisView axis, Tensor index, int skip, Tensor y) =>
        throw new EngineException("IndexAdd", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void Gather(Tensor x, AxisView axis, Tensor index, int count, Tensor y) =>
        throw new EngineException("Gather", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void ScatterAdd(Tensor g, AxisView axis, Tensor index, int count, Tensor y) =>
        throw new EngineException("ScatterAdd", "the GPU back end has no kernel for it");
}
