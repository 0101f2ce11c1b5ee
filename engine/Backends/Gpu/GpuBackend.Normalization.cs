using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Softmax(Tensor x, AxisView axis, bool log, Tensor y) =>
        throw new EngineException("Softmax", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void MaskedSoftmax(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y) =>
        throw new EngineException("MaskedSoftmax", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void SoftmaxBackward(Tensor y, Tensor g, AxisView axis, bool log, Tensor dx) =>
        throw new EngineException("SoftmaxBackward", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void LayerNorm(Tensor x, Tensor gamma, Tensor beta, double eps, Tensor y, Tensor mean, Tensor rstd) =>
        throw new EngineException("LayerNorm", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void LayerNormBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? dx, Tensor? dgamma, Tensor? dbeta) =>
        throw new EngineException("LayerNormBackward", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void LayerNormDoubleBackward(Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, Tensor? ddx, Tensor? ddgamma, Tensor? ddbeta, Tensor dx, Tensor dgamma, Tensor dg) =>
        throw new EngineException("LayerNormDoubleBackward", "the GPU back end has no kernel for it");
}
