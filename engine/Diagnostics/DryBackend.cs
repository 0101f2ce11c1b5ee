using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Diagnostics;

/// <summary>What holds memory at one moment.</summary>
/// <param name="Storage">The block.</param>
/// <param name="Phase">The phase in which it was taken.</param>
/// <param name="Op">The first op whose output it was; null where it was none's.</param>
/// <param name="IsSaved">Whether a graph keeps it for a gradient.</param>
public readonly record struct HeldBlock(Storage Storage, string Phase, string? Op, bool IsSaved);

/// <summary>
/// A back end that computes nothing and holds no memory. It counts: bytes as the pool of a real one does, block for
/// block, and the work that kernels say they cost. Code that runs on it takes the way that it takes on a device, as far
/// as that does not depend on values; whoever reads gets zeros. Working memory that a device's kernels take for
/// themselves is not counted.
/// </summary>
public sealed class DryBackend : IBackend
{
    private readonly CachingPool _pool;
    private readonly Dictionary<Storage, (string Phase, string? Op)>? _held;
    private readonly Action<string, Tensor>? _before;
    private long _peak;
    private bool _rising;

    /// <summary>A back end.</summary>
    /// <param name="memoryLimit">Most bytes that tensors may take; 0 for no limit.</param>
    /// <param name="remembers">
    /// Whether it remembers what held memory at the peak, which takes a while; it then watches the outputs of this
    /// thread's ops until it is disposed.
    /// </param>
    public DryBackend(long memoryLimit = 0, bool remembers = false)
    {
        _pool = new CachingPool(this, new CountedBlocks(), memoryLimit);
        if (!remembers) return;
        _held = [];
        _before = GraphWatch.Outputs;
        GraphWatch.Outputs = NoteOutput;
    }

    /// <inheritdoc/>
    public DeviceInfo Device { get; } = new("dry", "counts and computes nothing", 0, 1, "no device");

    /// <inheritdoc/>
    public long LiveBytes => _pool.LiveBytes;

    /// <inheritdoc/>
    public long PeakBytes => _pool.PeakBytes;

    /// <inheritdoc/>
    public long ReservedBytes => _pool.ReservedBytes;

    /// <summary>The part of <see cref="ReservedBytes"/> that some tensor has had.</summary>
    public long TouchedBytes => _pool.TouchedBytes;

    /// <summary>Floating-point operations of all kernels so far, as they say.</summary>
    public double Flop { get; private set; }

    /// <summary>Bytes that all kernels so far read and write, as they say.</summary>
    public double Bytes { get; private set; }

    /// <summary>What held memory at the peak since the last <see cref="ResetPeak"/>, where it is remembered.</summary>
    public IReadOnlyList<HeldBlock> AtPeak { get; private set; } = [];

    /// <summary>Told of every kernel's work, in the order in which they run; null where nobody asks.</summary>
    public Action<KernelWork>? Ran { get; set; }

    /// <summary>Starts counting work from nothing.</summary>
    public void ResetWork() => (Flop, Bytes) = (0, 0);

    /// <inheritdoc/>
    public void ResetPeak()
    {
        _pool.ResetPeak();
        (_peak, _rising) = (_pool.LiveBytes, true);
    }

    /// <inheritdoc/>
    public Storage Allocate(long bytes)
    {
        var storage = _pool.Allocate(bytes);
        if (_held is null) return storage;
        _held[storage] = (GraphWatch.Current?.Phase ?? Phase.Other, null);
        if (_pool.LiveBytes > _peak) (_peak, _rising) = (_pool.LiveBytes, true);
        return storage;
    }

    /// <inheritdoc/>
    public void Free(Storage storage)
    {
        // What was held when memory rose to the peak is held until something goes.
        if (_rising) Remember();
        _held?.Remove(storage);
        _pool.Free(storage);
    }

    /// <inheritdoc/>
    public void Run<TArgs>(in TArgs args) where TArgs : struct, IKernelArgs, allows ref struct
    {
        var work = args.Work;
        Flop += work.Flop;
        Bytes += work.Bytes;
        Ran?.Invoke(work);
    }

    /// <inheritdoc/>
    public void Read(Tensor source, Span<byte> target) => target.Clear();

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> source, Tensor target)
    {
        // Values do not matter here.
    }

    /// <inheritdoc/>
    public void Synchronize()
    {
        // Nothing is queued.
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_held is not null) GraphWatch.Outputs = _before;
        _pool.Dispose();
    }

    private void Remember()
    {
        _rising = false;
        if (_held is not null)
            AtPeak = [.. _held.Select(h => new HeldBlock(h.Key, h.Value.Phase, h.Value.Op, h.Key.Saves > 0))];
    }

    private void NoteOutput(string op, Tensor output)
    {
        _before?.Invoke(op, output);
        if (_held!.TryGetValue(output.Storage, out var held) && held.Op is null)
            _held[output.Storage] = held with { Op = op };
    }
}
