using System.Diagnostics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Diagnostics;

/// <summary>
/// What tensors call in place of their back end while a <see cref="Profiler"/> is open: the same kernels, with the time
/// of each; name and work are those that the operands tell. On a device the time is that until the kernel is done.
/// </summary>
internal sealed class ProfiledBackend(IBackend backend, Profiler profiler) : IBackend
{
    public DeviceInfo Device => backend.Device;

    public long LiveBytes => backend.LiveBytes;

    public long PeakBytes => backend.PeakBytes;

    public long ReservedBytes => backend.ReservedBytes;

    public void ResetPeak() => backend.ResetPeak();

    public Storage Allocate(long bytes)
    {
        var storage = backend.Allocate(bytes);
        profiler.NoteAllocation();
        return storage;
    }

    public void Free(Storage storage) => backend.Free(storage);

    public void Synchronize() => backend.Synchronize();

    public void Read(Tensor source, Span<byte> target)
    {
        var start = Stopwatch.GetTimestamp();
        backend.Read(source, target);
        Done(start, new KernelWork("read to host", 0, target.Length));
    }

    public void Write(ReadOnlySpan<byte> source, Tensor target)
    {
        var start = Stopwatch.GetTimestamp();
        backend.Write(source, target);
        Done(start, new KernelWork("write from host", 0, source.Length));
    }

    public void Run<TArgs>(in TArgs args) where TArgs : struct, IKernelArgs, allows ref struct
    {
        var start = Stopwatch.GetTimestamp();
        backend.Run(in args);
        Done(start, args.Work);
        if (profiler.RepeatsProducts && typeof(TArgs) == typeof(MatMulArgs))
            Repeat(Unsafe.As<TArgs, MatMulArgs>(ref Unsafe.AsRef(in args)));
    }

    /// <summary>The back end belongs to whoever opened it.</summary>
    public void Dispose()
    {
    }

    // Into memory of its own: a product may add to its result.
    private void Repeat(MatMulArgs args)
    {
        using var result = Tensor.Empty(args.C.Shape, args.C.DType, backend);
        args.C = result;
        backend.Run(in args);
        backend.Synchronize();
        var start = Stopwatch.GetTimestamp();
        backend.Run(in args);
        backend.Synchronize();
        profiler.RecordAlone(args.Work, Stopwatch.GetTimestamp() - start);
    }

    private void Done(long start, in KernelWork work)
    {
        backend.Synchronize();
        profiler.Record(work, Stopwatch.GetTimestamp() - start);
    }
}
