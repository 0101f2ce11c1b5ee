using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Dropout(Tensor x, double p, RandomKey key, Tensor y) =>
        throw new EngineException("Dropout", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void Uniform(Tensor y, double low, double high, RandomKey key) =>
        throw new EngineException("Uniform", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void Normal(Tensor y, double mean, double std, RandomKey key) =>
        throw new EngineException("Normal", "the GPU back end has no kernel for it");
}
