using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Bench.Harness;

/// <summary>
/// A back end that computes nothing and holds no memory: it adds up what the kernel calls say that they cost. So a
/// table has the work of its cases from the kernels themselves, whatever their size and without the device.
/// </summary>
internal sealed class CostBackend : IBackend
{
    private double _flop;
    private double _bytes;

    public DeviceInfo Device { get; } = new("cost", "counts work, computes nothing", 0, 1, "");

    public long LiveBytes => 0;

    public long PeakBytes => 0;

    public long ReservedBytes => 0;

    /// <summary>Work of a call, which is prepared on a back end like this.</summary>
    /// <param name="name">What the result is called.</param>
    /// <param name="prepare">Makes operands on a back end and returns the call.</param>
    public static KernelWork Of(string name, Func<IBackend, Action> prepare)
    {
        using var scope = MemoryScope.Begin();
        using var backend = new CostBackend();
        var call = prepare(backend);
        (backend._flop, backend._bytes) = (0, 0);
        call();
        return new KernelWork(name, backend._flop, backend._bytes);
    }

    public void Run<TArgs>(in TArgs args) where TArgs : struct, IKernelArgs, allows ref struct
    {
        var work = args.Work;
        _flop += work.Flop;
        _bytes += work.Bytes;
    }

    public Storage Allocate(long bytes) => new(this, null!, 0, bytes);

    public void Free(Storage storage)
    {
        // There is no memory behind it.
    }

    public void Read(Tensor source, Span<byte> target) => target.Clear();

    public void Write(ReadOnlySpan<byte> source, Tensor target)
    {
        // Values do not matter here.
    }

    public void ResetPeak()
    {
        // Nothing is measured.
    }

    public void Synchronize()
    {
        // Nothing is queued.
    }

    public void Dispose()
    {
        // Nothing is held.
    }
}
