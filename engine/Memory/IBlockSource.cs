using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Memory;

/// <summary>Where a pool takes its blocks from.</summary>
internal interface IBlockSource : IDisposable
{
    /// <summary>A block of at least so many bytes, or null where there is no memory left.</summary>
    Block? Take(long bytes);

    /// <summary>Takes a block back.</summary>
    void Return(Storage storage);
}

/// <summary>A block of device memory.</summary>
/// <param name="Buffer">ILGPU's buffer; null where blocks are only counted.</param>
/// <param name="Pointer">As of <see cref="Storage.Pointer"/>.</param>
internal readonly record struct Block(MemoryBuffer1D<byte, Stride1D.Dense>? Buffer, nint Pointer);

/// <summary>Blocks of a device.</summary>
/// <param name="accelerator">The device.</param>
/// <param name="hostKernels">
/// Whether host code works on the blocks: they are then 64-byte aligned and know their address.
/// </param>
internal sealed class AcceleratorBlocks(Accelerator accelerator, bool hostKernels) : IBlockSource
{
    private const int Alignment = 64;

    private readonly HashSet<MemoryBuffer> _buffers = [];

    /// <inheritdoc/>
    public Block? Take(long bytes)
    {
        try
        {
            var buffer = accelerator.Allocate1D<byte>(hostKernels ? bytes + Alignment : bytes);
            _buffers.Add(buffer);
            return new Block(buffer, hostKernels ? (buffer.NativePtr + Alignment - 1) / Alignment * Alignment : 0);
        }
        catch (Exception e) when (e is OutOfMemoryException or AcceleratorException)
        {
            return null;
        }
    }

    /// <inheritdoc/>
    public void Return(Storage storage)
    {
        _buffers.Remove(storage.Buffer);
        storage.Buffer.Dispose();
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _buffers) buffer.Dispose();
        _buffers.Clear();
    }
}

/// <summary>Blocks without memory behind them, as many as anyone wants.</summary>
internal sealed class CountedBlocks : IBlockSource
{
    /// <inheritdoc/>
    public Block? Take(long bytes) => new Block(null, 0);

    /// <inheritdoc/>
    public void Return(Storage storage)
    {
        // There is nothing to give back.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        // Nothing is held.
    }
}
