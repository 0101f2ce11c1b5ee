using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu;

/// <summary>
/// CUDA and OpenCL devices: the ILGPU kernels of the folder Kernels, one source for both. Work is queued on one stream
/// in the order of the calls; only reads wait.
/// </summary>
public sealed class GpuBackend : IBackend
{
    private readonly KernelHost _host;
    private readonly CachingPool _pool;
    private readonly StagingBuffer _staging;
    private readonly KernelTable _kernels;

    /// <summary>A back end on an open device.</summary>
    /// <param name="host">The device; disposed of with the back end.</param>
    /// <param name="memoryLimit">Most bytes to take from the device; 0 for all it has.</param>
    internal GpuBackend(KernelHost host, long memoryLimit = 0)
    {
        _host = host;
        _pool = new CachingPool(
            this, new AcceleratorBlocks(host.Accelerator, hostKernels: false), memoryLimit);
        _staging = new StagingBuffer(host.Accelerator);
        _kernels = Kernels(new GpuContext(host, this, Forced));
    }

    /// <summary>Variants of kernels that tests force.</summary>
    internal ForcedVariants Forced { get; } = new();

    /// <inheritdoc/>
    public DeviceInfo Device => _host.Info;

    /// <inheritdoc/>
    public long LiveBytes => _pool.LiveBytes;

    /// <inheritdoc/>
    public long PeakBytes => _pool.PeakBytes;

    /// <inheritdoc/>
    public long ReservedBytes => _pool.ReservedBytes;

    /// <summary>Kernels launched so far.</summary>
    public long Launches => _host.Launches;

    /// <inheritdoc/>
    public void ResetPeak() => _pool.ResetPeak();

    /// <inheritdoc/>
    public Storage Allocate(long bytes)
    {
        _host.Accelerator.Bind();
        return _pool.Allocate(bytes);
    }

    /// <inheritdoc/>
    public void Free(Storage storage) => _pool.Free(storage);

    /// <inheritdoc/>
    public void Read(Tensor source, Span<byte> target)
    {
        if (target.Length == 0) return;
        _host.Accelerator.Bind();
        try
        {
            _staging.Read(DeviceView.Of<byte>(source, target.Length), target);
        }
        catch (AcceleratorException e)
        {
            throw DeviceErrors.Lost(Device, "read", e);
        }
    }

    /// <inheritdoc/>
    public void Write(ReadOnlySpan<byte> source, Tensor target)
    {
        if (source.Length == 0) return;
        _host.Accelerator.Bind();
        try
        {
            _staging.Write(source, DeviceView.Of<byte>(target, source.Length));
        }
        catch (AcceleratorException e)
        {
            throw DeviceErrors.Lost(Device, "write", e);
        }
    }

    /// <inheritdoc/>
    public void Synchronize()
    {
        _host.Accelerator.Bind();
        try
        {
            _host.Accelerator.DefaultStream.Synchronize();
        }
        catch (AcceleratorException e)
        {
            throw DeviceErrors.Lost(Device, "synchronize", e);
        }
    }

    /// <inheritdoc/>
    public void Run<TArgs>(in TArgs args) where TArgs : struct, IKernelArgs, allows ref struct => _kernels.Run(in args);

    /// <summary>Frees memory, kernels and device, in the order that ILGPU needs.</summary>
    public void Dispose()
    {
        Release(_staging);
        Release(_pool);
        Release(_host);
    }

    // A device that is lost has nothing left to free; the error that says so must not be hidden by another one.
    private static void Release(IDisposable part)
    {
        try
        {
            part.Dispose();
        }
        catch (AcceleratorException)
        {
        }
    }

    private static KernelTable Kernels(GpuContext context)
    {
        var (movement, reduction) = (new MovementKernels(context), new ReductionKernels(context));
        return new KernelTable(
            new AttentionKernels(context, movement), new ElementwiseKernels(context),
            new GradCamKernels(context, reduction), new IndexingKernels(context, movement),
            new LayerNormKernels(context), new LossKernels(context), new MatMulKernels(context), movement,
            new OptimizerKernels(context), new RandomKernels(context), reduction, new SoftmaxKernels(context));
    }
}
