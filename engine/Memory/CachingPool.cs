using System.Numerics;
using AmcEngine.Backends;
using AmcEngine.Tensors;

namespace AmcEngine.Memory;

/// <summary>
/// Blocks that were given back wait in size classes for the next tensor of about their size, so that a training step
/// allocates nothing after the first. Classes are four a power of two: at most 25 % of a block is unused.
/// Reuse is in stream order: a block given back is taken again only by work queued later on the same stream.
/// </summary>
/// <param name="backend">Owner of the blocks.</param>
/// <param name="source">Where the blocks come from; disposed of with the pool.</param>
/// <param name="limit">Most bytes to take from the device; 0 for no limit of our own.</param>
internal sealed class CachingPool(IBackend backend, IBlockSource source, long limit = 0) : IDisposable
{
    private const int Alignment = 64;
    private const long SmallestClass = 256;

    private readonly Dictionary<long, Stack<Storage>> _free = [];
    private readonly HashSet<Storage> _tracked = [];
    private readonly Lock _gate = new();
    private bool _disposed;

    /// <summary>Bytes in blocks that are in use.</summary>
    public long LiveBytes { get; private set; }

    /// <summary>Largest <see cref="LiveBytes"/> since the last reset.</summary>
    public long PeakBytes { get; private set; }

    /// <summary>Bytes taken from the device, in use or waiting.</summary>
    public long ReservedBytes { get; private set; }

    /// <summary>
    /// The part of <see cref="ReservedBytes"/> that some tensor has had: the rest of a block costs no memory where the
    /// system gives pages on their first use.
    /// </summary>
    public long TouchedBytes { get; private set; }

    /// <summary>Starts a new peak measurement.</summary>
    public void ResetPeak()
    {
        lock (_gate) PeakBytes = LiveBytes;
    }

    /// <summary>The size class of a request.</summary>
    internal static long SizeClass(long bytes)
    {
        if (bytes <= SmallestClass) return SmallestClass;
        var step = Math.Max(Alignment, (long)BitOperations.RoundUpToPowerOf2((ulong)bytes) / 8);
        return (bytes + step - 1) / step * step;
    }

    /// <summary>A block of at least <paramref name="bytes"/>, uninitialised.</summary>
    /// <exception cref="EngineException">The device has no memory left.</exception>
    public Storage Allocate(long bytes)
    {
        var size = SizeClass(bytes);
        lock (_gate)
        {
            LiveBytes += size;
            PeakBytes = Math.Max(PeakBytes, LiveBytes);
            if (_free.TryGetValue(size, out var stack) && stack.TryPop(out var storage)) storage.Revive();
            else storage = Reserve(size);
            if (bytes > storage.Touched)
            {
                TouchedBytes += bytes - storage.Touched;
                storage.Touched = bytes;
            }
            storage.Origin = LeakReport.Caller();
            if (storage.Origin is not null) _tracked.Add(storage);
            return storage;
        }
    }

    /// <summary>
    /// Blocks in use that remember who took them, the largest holder first:
    /// <c>"12 blocks, 3072 bytes: Type.Method"</c>.
    /// </summary>
    public IReadOnlyList<string> Holders()
    {
        lock (_gate)
            return [.. _tracked.GroupBy(s => s.Origin).OrderByDescending(g => g.Sum(s => s.Bytes))
                .Select(g => $"{g.Count()} blocks, {g.Sum(s => s.Bytes)} bytes: {g.Key}")];
    }

    /// <summary>Takes a block back.</summary>
    public void Free(Storage storage)
    {
        lock (_gate)
        {
            if (_disposed) return;
            LiveBytes -= storage.Bytes;
            _tracked.Remove(storage);
            if (!_free.TryGetValue(storage.Bytes, out var stack)) _free[storage.Bytes] = stack = new Stack<Storage>();
            stack.Push(storage);
        }
    }

    private Storage Reserve(long size)
    {
        if (Take(size) is not { } block)
        {
            // Blocks of other sizes that wait for reuse go back to the device first.
            Trim();
            block = Take(size) ?? throw Exhausted(size);
        }
        ReservedBytes += size;
        return new Storage(backend, block.Buffer!, block.Pointer, size);
    }

    private Block? Take(long size) => limit > 0 && ReservedBytes + size > limit ? null : source.Take(size);

    private void Trim()
    {
        backend.Synchronize();
        foreach (var storage in _free.Values.SelectMany(s => s))
        {
            source.Return(storage);
            ReservedBytes -= storage.Bytes;
            TouchedBytes -= storage.Touched;
        }
        _free.Clear();
    }

    private EngineException Exhausted(long size)
    {
        LiveBytes -= size;
        var (of, or) =
            limit > 0 ? ($"the limit of {limit >> 20} MiB on", ", or raise the limit") : ("the memory of", "");
        return new EngineException(
            "allocate", $"{(size + (1 << 20) - 1) >> 20} MiB more than the {ReservedBytes >> 20} MiB in use do not fit "
                + $"in {of} {backend.Device.Id} ({backend.Device.Name}); use a smaller batch or picture{or}");
    }

    /// <summary>Frees every block; names those still in use where they are tracked.</summary>
    public void Dispose()
    {
        foreach (var holder in Holders()) System.Diagnostics.Trace.WriteLine($"memory still in use: {holder}");
        lock (_gate)
        {
            _disposed = true;
            source.Dispose();
            _free.Clear();
        }
    }
}
