using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Backends;

/// <summary>
/// A device with its memory, and one way to its kernels: <see cref="Run"/> with the operands of the kernel. What
/// kernels there are, and what each computes, is in the folder Kernels, family by family; each back end has all of
/// them.
/// </summary>
public interface IBackend : IDisposable
{
    /// <summary>The device behind the back end.</summary>
    DeviceInfo Device { get; }

    /// <summary>Bytes held by live tensors now.</summary>
    long LiveBytes { get; }

    /// <summary>Largest <see cref="LiveBytes"/> since the last <see cref="ResetPeak"/>.</summary>
    long PeakBytes { get; }

    /// <summary>Bytes taken from the device, in use or waiting for reuse.</summary>
    long ReservedBytes { get; }

    /// <summary>Starts a new peak measurement.</summary>
    void ResetPeak();

    /// <summary>Memory from the pool, uninitialised, 64-byte aligned.</summary>
    Storage Allocate(long bytes);

    /// <summary>Back to the pool; called when the last reference goes.</summary>
    void Free(Storage storage);

    /// <summary>Device to host; waits for the values.</summary>
    void Read(Tensor source, Span<byte> target);

    /// <summary>Host to device.</summary>
    void Write(ReadOnlySpan<byte> source, Tensor target);

    /// <summary>Waits until all queued work is done.</summary>
    void Synchronize();

    /// <summary>Runs the kernel of these operands.</summary>
    /// <typeparam name="TArgs">The operands' type, which names the kernel.</typeparam>
    void Run<TArgs>(in TArgs args) where TArgs : struct, IKernelArgs, allows ref struct;
}
