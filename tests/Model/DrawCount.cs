using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Tests.Model;

/// <summary>
/// Counts the tensors that this thread draws on the processor, which only first values of weights are, while it is
/// open.
/// </summary>
internal sealed class DrawCount : IBackendWatcher, IDisposable
{
    private readonly IBackendWatcher? _before = BackendWatch.Current;
    private readonly Dictionary<IBackend, IBackend> _counting = new(ReferenceEqualityComparer.Instance);

    public DrawCount() => BackendWatch.Current = this;

    /// <summary>Tensors of normal or uniform numbers so far.</summary>
    public int Count { get; private set; }

    public IBackend Watched(IBackend backend)
    {
        if (backend is not CpuBackend)
            return backend;
        if (!_counting.TryGetValue(backend, out var counting))
            _counting[backend] = counting = new Counting(backend, this);
        return counting;
    }

    public void Dispose() => BackendWatch.Current = _before;

    private sealed class Counting(IBackend backend, DrawCount count) : IBackend
    {
        public DeviceInfo Device => backend.Device;

        public long LiveBytes => backend.LiveBytes;

        public long PeakBytes => backend.PeakBytes;

        public long ReservedBytes => backend.ReservedBytes;

        public void ResetPeak() => backend.ResetPeak();

        public Storage Allocate(long bytes) => backend.Allocate(bytes);

        public void Free(Storage storage) => backend.Free(storage);

        public void Read(Tensor source, Span<byte> target) => backend.Read(source, target);

        public void Write(ReadOnlySpan<byte> source, Tensor target) => backend.Write(source, target);

        public void Synchronize() => backend.Synchronize();

        public void Run<TArgs>(in TArgs args) where TArgs : struct, IKernelArgs, allows ref struct
        {
            if (typeof(TArgs) == typeof(NormalArgs) || typeof(TArgs) == typeof(UniformArgs)) count.Count++;
            backend.Run(in args);
        }

        public void Dispose()
        {
            // The back end belongs to whoever opened it.
        }
    }
}
