using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void AdamW(Tensor p, Tensor g, Tensor m, Tensor v, in AdamWArgs args) =>
        throw new EngineException("AdamW", "the GPU back end has no kernel for it");
}
