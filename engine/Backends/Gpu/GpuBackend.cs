using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Memory;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu;

/// <summary>
/// CUDA and OpenCL devices: the ILGPU kernels of the folder Kernels, one source for both, each family launched from a
/// file of this class. Work is queued on one stream in the order of the calls; only reads wait.
/// </summary>
public sealed partial class GpuBackend : IBackend
{
    /// <summary>Lanes of a group of the kernels that do not choose their own.</summary>
    private const int GroupSize = 256;

    private readonly KernelHost _host;
    private readonly CachingPool _pool;
    private readonly StagingBuffer _staging;

    /// <summary>A back end on an open device.</summary>
    /// <param name="host">The device; disposed of with the back end.</param>
    /// <param name="memoryLimit">Most bytes to take from the device; 0 for all it has.</param>
    internal GpuBackend(KernelHost host, long memoryLimit = 0)
    {
        _host = host;
        _pool = new CachingPool(this, host.Accelerator, hostKernels: false, memoryLimit);
        _staging = new StagingBuffer(host.Accelerator);
    }

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
            _staging.Read(View<byte>(source, target.Length), target);
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
            _staging.Write(source, View<byte>(target, source.Length));
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

    // The elements of a tensor as kernels see them.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ArrayView<T> View<T>(Tensor tensor) where T : unmanaged => View<T>(tensor, (long)tensor.Count * Unsafe.SizeOf<T>());

    private static ArrayView<T> View<T>(Tensor tensor, long bytes) where T : unmanaged
    {
        var all = tensor.Storage.Buffer.View.BaseView;
        return all.SubView((long)tensor.Offset * tensor.DType.Size(), bytes).Cast<T>();
    }

    // An absent tensor is an empty view; its kernel is told by a flag.
    private static ArrayView<T> ViewOrEmpty<T>(Tensor? tensor) where T : unmanaged => tensor is null ? ArrayView<T>.Empty : View<T>(tensor);

    // Whether 16-byte loads and stores may be used on all of these.
    private static bool Aligned16(params ReadOnlySpan<Tensor> tensors)
    {
        foreach (var t in tensors)
            if ((long)t.Offset * t.DType.Size() % 16 != 0) return false;
        return true;
    }

    // Queues a kernel whose lanes stride over count items.
    private void LaunchOver<TKernel, TArgs>(long count, in TArgs args) where TKernel : struct, IKernel<TArgs> where TArgs : struct =>
        _host.Launch<TKernel, TArgs>((int)Math.Min((count + GroupSize - 1) / GroupSize, MostGroups), GroupSize, args);

    // Groups of a striding kernel: enough to fill the device; few where a lane is a thread.
    private int MostGroups => _host.Target == KernelTarget.Emulation ? 1 : 32 * Math.Max(1, _host.Accelerator.NumMultiprocessors);
}
