using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Fill(Tensor y, double value) =>
        throw new EngineException("Fill", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void Copy(Tensor x, Tensor y) =>
        throw new EngineException("Copy", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void Permute(Tensor x, ReadOnlySpan<int> perm, Tensor y) =>
        throw new EngineException("Permute", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void CopyRows(Tensor x, int fromLength, int fromStart, Tensor y, int toLength, int toStart, int outer, int count, int inner) =>
        throw new EngineException("CopyRows", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void ImageToPatches(Tensor image, int patch, Tensor patches) =>
        throw new EngineException("ImageToPatches", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void PatchesToImage(Tensor patches, int patch, Tensor image) =>
        throw new EngineException("PatchesToImage", "the GPU back end has no kernel for it");
}
