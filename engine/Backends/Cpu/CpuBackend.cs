using AmcEngine.Backends.Cpu.Gemm;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Kernels;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;

namespace AmcEngine.Backends.Cpu;

/// <summary>
/// The embedded default: host SIMD kernels on the memory of ILGPU's CPU accelerator. Nothing is launched through
/// ILGPU here (a launch costs 20 to 100 µs and simulates GPU lanes by threads).
/// </summary>
public sealed class CpuBackend : IBackend
{
    private readonly Context _context;
    private readonly CPUAccelerator _accelerator;
    private readonly CachingPool _pool;
    private readonly WorkerPool _workers;
    private readonly KernelTable _kernels;

    /// <summary>A CPU back end with its own worker threads.</summary>
    /// <param name="threads">Worker threads; 0 takes one a processor.</param>
    /// <param name="memoryLimit">Most bytes to take for tensors; 0 for no limit.</param>
    /// <exception cref="DeviceException">
    /// The environment variable AMCX_SIMD names a path that there is not, or that this processor lacks.
    /// </exception>
    public CpuBackend(int threads = 0, long memoryLimit = 0)
    {
        SimdPath.Validate(Environment.GetEnvironmentVariable(SimdPath.Variable));
        _workers = new WorkerPool(threads > 0 ? threads : Environment.ProcessorCount);
        _context = Context.Create(b => b.CPU(new CPUDevice(2, 1, 1)));
        _accelerator = _context.CreateCPUAccelerator(0);
        _pool = new CachingPool(this, new AcceleratorBlocks(_accelerator, hostKernels: true), memoryLimit);
        _kernels = Kernels(new CpuHost(_workers, _pool));
        Device = new DeviceInfo("cpu", CpuInfo.Name(), GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, _workers.Threads,
            $"{InstructionSet()}, {_workers.Threads} {(_workers.Threads == 1 ? "thread" : "threads")}")
        {
            IsProcessor = true
        };
    }

    /// <inheritdoc/>
    public DeviceInfo Device { get; }

    /// <inheritdoc/>
    public long LiveBytes => _pool.LiveBytes;

    /// <inheritdoc/>
    public long PeakBytes => _pool.PeakBytes;

    /// <inheritdoc/>
    public long ReservedBytes => _pool.ReservedBytes;

    /// <summary>
    /// Bytes of native working memory that kernels keep for their threads, of all CPU back ends of the process.
    /// </summary>
    public static long ScratchBytes => GemmScratch.TotalBytes;

    /// <inheritdoc/>
    public void ResetPeak() => _pool.ResetPeak();

    /// <summary>Who holds memory now; filled while <see cref="LeakReport.Enabled"/> is on.</summary>
    internal IReadOnlyList<string> MemoryHolders => _pool.Holders();

    /// <inheritdoc/>
    public Storage Allocate(long bytes) => _pool.Allocate(bytes);

    /// <inheritdoc/>
    public void Free(Storage storage) => _pool.Free(storage);

    /// <inheritdoc/>
    public unsafe void Read(Tensor source, Span<byte> target) =>
        new ReadOnlySpan<byte>((void*)source.Pointer, source.Count * source.DType.Size()).CopyTo(target);

    /// <inheritdoc/>
    public unsafe void Write(ReadOnlySpan<byte> source, Tensor target) =>
        source.CopyTo(new Span<byte>((void*)target.Pointer, target.Count * target.DType.Size()));

    /// <inheritdoc/>
    public void Synchronize()
    {
        // Host kernels have finished when they return.
    }

    /// <inheritdoc/>
    public void Run<TArgs>(in TArgs args) where TArgs : struct, IKernelArgs, allows ref struct => _kernels.Run(in args);

    /// <summary>Frees the pool and stops the workers.</summary>
    public void Dispose()
    {
        _workers.Dispose();
        _pool.Dispose();
        _accelerator.Dispose();
        _context.Dispose();
    }

    private static KernelTable Kernels(CpuHost host)
    {
        var reduction = new ReductionKernels(host);
        return new KernelTable(
            new AttentionKernels(host), new ElementwiseKernels(host), new GradCamKernels(host),
            new IndexingKernels(host), new LayerNormKernels(host, reduction), new LossKernels(host),
            new MatMulKernels(host), new MovementKernels(host), new OptimizerKernels(host), new RandomKernels(host),
            reduction, new SoftmaxKernels(host));
    }

    private static string InstructionSet() =>
        SimdPath.Current switch
        {
            SimdWidth.Avx512 => "AVX-512",
            SimdWidth.Avx2 => "AVX2",
            SimdWidth.Vector128 => "128-bit SIMD",
            _ => "scalar",
        };
}
