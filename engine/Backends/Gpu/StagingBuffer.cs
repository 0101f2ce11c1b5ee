using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu;

/// <summary>
/// Carries values between the host and a device. On CUDA they pass through a page-locked buffer, from which the copy
/// engine reads at the full speed of the bus; elsewhere the driver copies from the caller's memory.
/// </summary>
internal sealed class StagingBuffer(Accelerator accelerator) : IDisposable
{
    private const int Capacity = 8 << 20;

    private PageLockedArray1D<byte>? _locked;

    /// <summary>Device to host; waits.</summary>
    public unsafe void Read(ArrayView<byte> source, Span<byte> target)
    {
        var stream = accelerator.DefaultStream;
        if (accelerator.AcceleratorType != AcceleratorType.Cuda)
        {
            // The copy is only queued: the memory must not move until it is done.
            fixed (byte* pinned = target)
            {
                source.CopyToCPU(stream, ref *pinned, target.Length);
                stream.Synchronize();
            }
            return;
        }
        var locked = Locked();
        for (var done = 0; done < target.Length; done += Capacity)
        {
            var n = Math.Min(Capacity, target.Length - done);
            source.SubView(done, n).CopyTo(stream, locked.ArrayView.SubView(0, n));
            stream.Synchronize();
            locked.Span[..n].CopyTo(target[done..]);
        }
    }

    /// <summary>Host to device; the caller's memory is free again on return.</summary>
    public unsafe void Write(ReadOnlySpan<byte> source, ArrayView<byte> target)
    {
        var stream = accelerator.DefaultStream;
        if (accelerator.AcceleratorType != AcceleratorType.Cuda)
        {
            fixed (byte* pinned = source)
            {
                target.CopyFromCPU(stream, ref *pinned, source.Length);
                stream.Synchronize();
            }
            return;
        }
        var locked = Locked();
        for (var done = 0; done < source.Length; done += Capacity)
        {
            var n = Math.Min(Capacity, source.Length - done);
            source.Slice(done, n).CopyTo(locked.Span);
            locked.ArrayView.SubView(0, n).CopyTo(stream, target.SubView(done, n));
            // The buffer is filled again only after the copy.
            stream.Synchronize();
        }
    }

    private PageLockedArray1D<byte> Locked() => _locked ??= accelerator.AllocatePageLocked1D<byte>(Capacity);

    /// <inheritdoc/>
    public void Dispose() => _locked?.Dispose();
}
