using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void GradCam(Tensor a, Tensor g, Tensor m, Tensor cam) =>
        throw new EngineException("GradCam", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void GradCamBackward(Tensor a, Tensor g, Tensor m, Tensor c, Tensor da, Tensor dg) =>
        throw new EngineException("GradCamBackward", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void RegionStats(Tensor map, Tensor mask, Tensor stats, Tensor where) =>
        throw new EngineException("RegionStats", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void RegionStatsBackward(Tensor mask, Tensor where, Tensor g, Tensor dmap) =>
        throw new EngineException("RegionStatsBackward", "the GPU back end has no kernel for it");
}
