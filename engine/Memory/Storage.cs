using AmcEngine.Backends;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Memory;

/// <summary>
/// A block of device memory, shared by reference count: each tensor handle holds one reference and so does each
/// graph node that saved it. When the count reaches zero the block goes back to its back end's pool at once.
/// </summary>
public sealed class Storage
{
    private int _references = 1;
    private int _version;

    internal Storage(IBackend backend, MemoryBuffer1D<byte, Stride1D.Dense> buffer, nint pointer, long bytes)
    {
        Backend = backend;
        Buffer = buffer;
        Pointer = pointer;
        Bytes = bytes;
    }

    /// <summary>The back end that owns the block.</summary>
    public IBackend Backend { get; }

    /// <summary>ILGPU's buffer beneath the block.</summary>
    internal MemoryBuffer1D<byte, Stride1D.Dense> Buffer { get; }

    /// <summary>
    /// 64-byte aligned host address of the block on the CPU back end; 0 on devices, where kernels take views of
    /// <see cref="Buffer"/>.
    /// </summary>
    internal nint Pointer { get; }

    /// <summary>Capacity in bytes.</summary>
    public long Bytes { get; }

    /// <summary>Who took the block, while <see cref="LeakReport.Enabled"/> is on.</summary>
    internal string? Origin { get; set; }

    /// <summary>Counts the in-place writes, so that a backward pass notices an overwritten saved tensor.</summary>
    internal int Version => Volatile.Read(ref _version);

    /// <summary>Bytes of the largest tensor that the block has had.</summary>
    internal long Touched { get; set; }

    /// <summary>How many nodes of graphs keep it for their gradients.</summary>
    internal int Saves { get; set; }

    /// <summary>Number among the blocks that activation checkpoints have taken, from 1; 0 outside of them.</summary>
    internal long Birth { get; set; }

    internal int References => Volatile.Read(ref _references);

    /// <summary>Marks an in-place write; threads may write to different parts.</summary>
    internal void Touch() => Interlocked.Increment(ref _version);

    internal void Retain() => Interlocked.Increment(ref _references);

    internal void Release()
    {
        if (Interlocked.Decrement(ref _references) == 0) Backend.Free(this);
    }

    /// <summary>Called by the pool when the block is handed out again.</summary>
    internal void Revive()
    {
        _references = 1;
        _version = 0;
        Birth = 0;
    }
}
