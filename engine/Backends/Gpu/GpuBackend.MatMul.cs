using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void MatMul(in MatMulArgs args) =>
        throw new EngineException("MatMul", "the GPU back end has no kernel for it");
}
