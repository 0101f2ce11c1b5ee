using System.Runtime.InteropServices;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>
/// Carries values between the host and a device through memory that does not move, page-locked on CUDA, where the copy
/// engine then reads at the full speed of the bus. A write only queues: its part of the buffer is used again after the
/// next wait, so that the many small inputs of a step (ids, masks, labels) do not drain the device.
/// </summary>
internal sealed unsafe class StagingBuffer : IDisposable
{
    private const int Capacity = 8 << 20;
    private const int Alignment = 64;

    private readonly Accelerator _accelerator;
    private readonly PageLockedArray1D<byte>? _locked;
    private byte* _memory;
    private int _used;

    /// <summary>A buffer for one device.</summary>
    public StagingBuffer(Accelerator accelerator)
    {
        _accelerator = accelerator;
        if (accelerator.AcceleratorType == AcceleratorType.Cuda)
            _locked = accelerator.AllocatePageLocked1D<byte>(Capacity);
        else _memory = (byte*)NativeMemory.AlignedAlloc(Capacity, Alignment);
    }

    private AcceleratorStream Stream => _accelerator.DefaultStream;

    /// <summary>Device to host; waits.</summary>
    public void Read(ArrayView<byte> source, Span<byte> target)
    {
        for (var done = 0; done < target.Length; done += Capacity)
        {
            var n = Math.Min(Capacity, target.Length - done);
            var at = Take(n);
            if (_locked is null) source.SubView(done, n).CopyToCPU(Stream, ref _memory[at], n);
            else source.SubView(done, n).CopyTo(Stream, _locked.ArrayView.SubView(at, n));
            Wait();
            Host(at, n).CopyTo(target[done..]);
        }
    }

    /// <summary>Host to device; queued, and the caller's memory is free again on return.</summary>
    public void Write(ReadOnlySpan<byte> source, ArrayView<byte> target)
    {
        for (var done = 0; done < source.Length; done += Capacity)
        {
            var n = Math.Min(Capacity, source.Length - done);
            var at = Take(n);
            source.Slice(done, n).CopyTo(Host(at, n));
            if (_locked is null) target.SubView(done, n).CopyFromCPU(Stream, ref _memory[at], n);
            else _locked.ArrayView.SubView(at, n).CopyTo(Stream, target.SubView(done, n));
        }
    }

    private Span<byte> Host(int at, int count) =>
        _locked is null ? new Span<byte>(_memory + at, count) : _locked.Span.Slice(at, count);

    // The next free part; waits when the buffer is full of copies that may be under way.
    private int Take(int count)
    {
        if (count > Capacity - _used) Wait();
        var at = _used;
        _used += Math.Min(Capacity - _used, (count + Alignment - 1) / Alignment * Alignment);
        return at;
    }

    private void Wait()
    {
        Stream.Synchronize();
        _used = 0;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_memory is null && _locked is null) return;
        try
        {
            Stream.Synchronize();
        }
        finally
        {
            _locked?.Dispose();
            NativeMemory.AlignedFree(_memory);
            _memory = null;
        }
    }
}
