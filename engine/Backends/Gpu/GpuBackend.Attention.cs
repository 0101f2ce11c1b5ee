using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Attention(in AttentionArgs args, Tensor output, Tensor lse) =>
        throw new EngineException("Attention", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void AttentionBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor dq, Tensor dk, Tensor dv) =>
        throw new EngineException("AttentionBackward", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void AttentionDoubleBackward(in AttentionArgs args, Tensor output, Tensor lse, Tensor g, Tensor? ddq, Tensor? ddk, Tensor? ddv, Tensor dg, Tensor dq, Tensor dk, Tensor dv) =>
        throw new EngineException("AttentionDoubleBackward", "the GPU back end has no kernel for it");
}
