using AmcEngine.Tensors;
using ILGPU.Runtime;
using ILGPU.Runtime.Cuda;

namespace AmcEngine.Collectives;

/// <summary>What NCCL is told of a device: where tensors lie, and the stream of the engine's kernels.</summary>
internal interface INcclDevice
{
    /// <summary>The stream; what is queued there later sees the results of what was queued before.</summary>
    nint Stream { get; }

    /// <summary>Address of the first element.</summary>
    nint Address(Tensor tensor);

    /// <summary>Makes the device current on this thread.</summary>
    void Bind();

    /// <summary>Waits for the stream.</summary>
    void Synchronize();
}

/// <summary>A CUDA device.</summary>
internal sealed class CudaNcclDevice(CudaAccelerator accelerator) : INcclDevice
{
    /// <inheritdoc/>
    public nint Stream => ((CudaStream)accelerator.DefaultStream).StreamPtr;

    /// <inheritdoc/>
    public nint Address(Tensor tensor) =>
        tensor.Storage.Buffer.NativePtr + (nint)tensor.Offset * tensor.DType.Size();

    /// <inheritdoc/>
    public void Bind() => accelerator.Bind();

    /// <inheritdoc/>
    public void Synchronize() => accelerator.DefaultStream.Synchronize();
}
