using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void CrossEntropy(Tensor x, Tensor labels, int ignore, Tensor losses, Tensor lse) =>
        throw new EngineException("CrossEntropy", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void CrossEntropyBackward(Tensor x, Tensor lse, Tensor labels, int ignore, Tensor g, Tensor dx) =>
        throw new EngineException("CrossEntropyBackward", "the GPU back end has no kernel for it");
}
