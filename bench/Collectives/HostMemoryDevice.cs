using AmcEngine.Collectives;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Collectives;

/// <summary>
/// The processor's memory in a CUDA device's place, for a library of NCCL's interface that works on it. It knows the
/// stream by its number.
/// </summary>
internal sealed class HostMemoryDevice : INcclDevice
{
    public nint Stream => 0x5eed;

    public nint Address(Tensor tensor) => tensor.Pointer;

    public void Bind()
    {
    }

    public void Synchronize()
    {
    }
}
