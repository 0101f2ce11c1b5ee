using AmcEngine.Backends;
using AmcEngine.Tensors;
using ILGPU.Runtime.Cuda;

namespace AmcEngine.Collectives;

/// <summary>The processes that this one computes with.</summary>
public static class Communicator
{
    /// <summary>
    /// All processes that the launcher (mpirun, mpiexec, srun) has started; this process alone, without any library,
    /// where there is no launcher or <see cref="Launcher.LibraryVariable"/> is <c>none</c>. A process calls it once.
    /// </summary>
    /// <exception cref="CollectiveException">
    /// The launcher's MPI library cannot be loaded, or is not the launcher's. All processes throw;
    /// <see cref="Launcher.Detect()"/> tells which one of them may say so.
    /// </exception>
    public static ICommunicator Open() => Open(Environment.GetEnvironmentVariable);

    internal static ICommunicator Open(Func<string, string?> environment)
    {
        if (Launcher.Detect(environment) is not { } launcher) return SingleCommunicator.Instance;
        var library = MpiLibrary.Load(launcher, environment(Launcher.LibraryVariable));
        var world = MpiCommunicator.Start(library, launcher);
        if (world.Size > 1) return world;
        world.Dispose();
        return SingleCommunicator.Instance;
    }

    /// <summary>
    /// What carries the tensors of a device: NCCL where <see cref="NcclLibrary.Variable"/> names it and every rank has
    /// a CUDA device; otherwise the communicator itself, which copies them to the host and back.
    /// </summary>
    /// <param name="communicator">All processes, which all call this. What is returned disposes of it.</param>
    /// <param name="backend">The device of this process.</param>
    /// <exception cref="CollectiveException">NCCL cannot be loaded, refuses, or is not that of all ranks.</exception>
    public static ICommunicator OnDevice(ICommunicator communicator, IBackend backend)
    {
        if (communicator.Size == 1) return communicator;
        return OnDevice(communicator, CudaDevice(backend), Environment.GetEnvironmentVariable(NcclLibrary.Variable));
    }

    internal static ICommunicator OnDevice(ICommunicator communicator, INcclDevice? device, string? library)
    {
        var nccl = device is null || string.IsNullOrEmpty(library) ? null : NcclLibrary.Load(library);
        var version = nccl?.Version ?? 0;
        double[] bounds = [version, -version];
        communicator.AllReduce(bounds, Reduction.Min);
        var (oldest, newest) = ((int)bounds[0], -(int)bounds[1]);
        if (oldest != newest) throw new CollectiveException(
            $"the ranks have different versions of NCCL ({oldest} and {newest}, as it counts; 0: none, or no CUDA "
                + $"device): set {NcclLibrary.Variable} to the same library on all machines, or on none");
        return nccl is null ? communicator : new NcclCommunicator(nccl, communicator, device!);
    }

    private static CudaNcclDevice? CudaDevice(IBackend backend)
    {
        using var probe = Tensor.Empty([1], DType.F32, backend);
        return probe.Storage.Buffer?.Accelerator is CudaAccelerator cuda ? new CudaNcclDevice(cuda) : null;
    }
}
