using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Host;

/// <summary>
/// Where a <see cref="GpuBackend"/> has its memory and sends its kernels: a device, or the offline PTX compiler.
/// </summary>
internal abstract class KernelHost : IDisposable
{
    /// <summary>The device's name on the command line.</summary>
    public abstract string Id { get; }

    /// <summary>Owner of the memory.</summary>
    public abstract Accelerator Accelerator { get; }

    /// <summary>What to tell of the device.</summary>
    public abstract DeviceInfo Info { get; }

    /// <summary>Which variant of a kernel pays.</summary>
    public abstract KernelTarget Target { get; }

    /// <summary>Kernels launched so far.</summary>
    public long Launches { get; protected set; }

    /// <summary>Queues a kernel of <paramref name="groups"/> groups of <paramref name="groupSize"/> lanes.</summary>
    public abstract void Launch<TKernel, TArgs>(int groups, int groupSize, in TArgs args)
        where TKernel : struct, IDeviceKernel<TArgs> where TArgs : struct;

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>What kind of machine runs the kernels.</summary>
internal enum KernelTarget
{
    /// <summary>A GPU: large register tiles.</summary>
    Gpu,

    /// <summary>
    /// An OpenCL driver on the processor (PoCL): small tiles, since it keeps every lane's registers in memory.
    /// </summary>
    OpenClOnCpu,

    /// <summary>ILGPU's simulation, a thread a lane: only at toy sizes.</summary>
    Emulation,
}
