using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Workarounds;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Algorithms;
using ILGPU.Runtime;
using ILGPU.Runtime.CPU;
using ILGPU.Runtime.Cuda;
using ILGPU.Runtime.OpenCL;

namespace AmcEngine.Backends.Gpu;

/// <summary>Finds and opens the devices that ILGPU kernels can run on.</summary>
public static class GpuDevices
{
    private const string CudaKind = "cuda", OpenClKind = "opencl";

    /// <summary>
    /// Every CUDA and OpenCL device, with its name for <c>--device</c>; none where no driver can be loaded.
    /// </summary>
    public static IReadOnlyList<DeviceInfo> List()
    {
        NativeLibraryNames.Install();
        var (cuda, openCl) = (NativeLibraryNames.CanLoad("cuda"), NativeLibraryNames.CanLoad("OpenCL"));
        if (!cuda && !openCl) return [];
        using var context = Context.Create(b =>
        {
            if (cuda) b.Cuda();
            if (openCl) b.OpenCL(GenericAddressSpace.Assume);
        });
        List<DeviceInfo> devices = [];
        foreach (var device in context.GetCudaDevices()) devices.Add(Describe(device, devices.Count));
        var first = devices.Count;
        foreach (var device in context.GetCLDevices()) devices.Add(Describe(device, devices.Count - first));
        return devices;
    }

    /// <summary>
    /// The device that <c>auto</c> takes: the first CUDA device that opens, else the first OpenCL device that opens and
    /// is no processor (this engine's own CPU kernels are faster than an OpenCL driver there), else none. Never fails.
    /// </summary>
    /// <param name="memoryLimit">Most bytes to take from it; 0 for all it has.</param>
    public static GpuBackend? OpenAutomatic(long memoryLimit = 0)
    {
        foreach (var device in List())
        {
            if (device.IsProcessor) continue;
            try
            {
                return Open(device.Id, memoryLimit);
            }
            catch (EngineException)
            {
                // The next one may work.
            }
        }
        return null;
    }

    /// <summary>
    /// What is missing for the kinds of device of which there is none, one line each, with the remedy.
    /// </summary>
    /// <param name="found">The devices that there are.</param>
    public static IReadOnlyList<string> Missing(IReadOnlyList<DeviceInfo> found)
    {
        NativeLibraryNames.Install();
        bool Lacks(string kind) => !found.Any(d => d.Id.StartsWith(kind, StringComparison.Ordinal));
        List<string> lines = [];
        if (Lacks(CudaKind)) lines.Add(MissingCuda(NativeLibraryNames.CanLoad("cuda")));
        if (Lacks(OpenClKind)) lines.Add(MissingOpenCl(NativeLibraryNames.CanLoad("OpenCL")));
        return lines;
    }

    internal static string MissingCuda(bool driver) => driver
        ? "cuda: the driver is there but shows no device; see nvidia-smi, and in a container pass --gpus all"
        : "cuda: no driver (libcuda.so.1); install NVIDIA's driver for the graphics card, "
            + "in a container pass --gpus all";

    internal static string MissingOpenCl(bool loader) => loader
        ? "opencl: the loader is there but no device; install a driver, on Debian for the processor: "
            + "apt-get install pocl-opencl-icd"
        : "opencl: no loader (libOpenCL.so.1); on Debian: apt-get install ocl-icd-libopencl1 pocl-opencl-icd";

    /// <summary>
    /// Opens a device: <c>cuda:N</c>, <c>opencl:N</c>, or <c>emulate</c> (ILGPU's simulation on the processor, for toy
    /// sizes).
    /// </summary>
    /// <param name="id">The device's name; a bare <c>cuda</c> or <c>opencl</c> is number 0.</param>
    /// <param name="memoryLimit">Most bytes to take from it; 0 for all it has.</param>
    /// <exception cref="DeviceException">There is no such device.</exception>
    /// <exception cref="EngineException">It cannot be opened.</exception>
    public static GpuBackend Open(string id, long memoryLimit = 0) => new(OpenHost(id), memoryLimit);

    internal static KernelHost OpenHost(string id)
    {
        if (id == "emulate") return Emulation();
        var parts = id.Split(':');
        var number = parts.Length > 1 ? int.Parse(parts[1]) : 0;
        var (kind, found) = (parts[0], List());
        var info = found.FirstOrDefault(d => d.Id == $"{kind}:{number}") ?? throw Absent(kind, number, found);
        try
        {
            return new DeviceHost(info, info.IsProcessor ? KernelTarget.OpenClOnCpu : KernelTarget.Gpu,
                () => OpenAccelerator(kind, number));
        }
        catch (Exception e) when (e is not EngineException)
        {
            throw DeviceErrors.Unusable(info, e);
        }
    }

    // Groups of up to 256 lanes in warps of 32, as on a GPU.
    private static DeviceHost Emulation()
    {
        var info = new DeviceInfo("emulate", "ILGPU's simulation of a GPU",
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, 1, "a thread a lane; only for checks at toy sizes")
        {
            IsProcessor = true
        };
        return new DeviceHost(info, KernelTarget.Emulation, OpenEmulation);
    }

    internal static (Context Context, Accelerator Accelerator) OpenEmulation()
    {
        var context = Context.Create(
            b => b.CPU(new CPUDevice(32, 8, 1)).Optimize(OptimizationLevel.O2).EnableAlgorithms());
        DeviceIntrinsics.Register(context);
        return (context, context.CreateCPUAccelerator(0));
    }

    private static (Context Context, Accelerator Accelerator) OpenAccelerator(string kind, int number)
    {
        var context = OpenContext();
        try
        {
            var device = kind == CudaKind ? (Device)context.GetCudaDevices()[number] : context.GetCLDevices()[number];
            return (context, device.CreateAccelerator(context));
        }
        catch
        {
            context.Dispose();
            throw;
        }
    }

    // O2: global instead of generic addresses, without which PoCL builds no kernel and CUDA loads are slower.
    private static Context OpenContext()
    {
        NativeLibraryNames.Install();
        var context = Context.Create(b =>
        {
            b.Optimize(OptimizationLevel.O2).EnableAlgorithms();
            b.Cuda().OpenCL(GenericAddressSpace.Assume);
        });
        DeviceIntrinsics.Register(context);
        return context;
    }

    private static DeviceException Absent(string kind, int number, IReadOnlyList<DeviceInfo> found)
    {
        string[] same = [.. found.Where(d => d.Id.StartsWith(kind, StringComparison.Ordinal)).Select(d => d.Id)];
        var detail = same.Length > 0
            ? $"use {string.Join(" or ", same)}"
            : Missing(found).First(l => l.StartsWith(kind, StringComparison.Ordinal));
        return new DeviceException("device", $"there is no {kind}:{number}; {detail}");
    }

    private static DeviceInfo Describe(CudaDevice device, int number)
    {
        var capability =
            device.Architecture is { } a ? $"compute capability {a.Major}.{a.Minor}" : "unknown compute capability";
        return new DeviceInfo($"{CudaKind}:{number}", device.Name, device.MemorySize, device.NumMultiprocessors,
            $"{capability}, {device.NumMultiprocessors} multiprocessors, f64")
        {
            Driver = $"driver {device.DriverVersion}, {device.ClockRate / 1000} MHz, "
                + $"memory {device.MemoryClockRate / 1000} MHz on {device.MemoryBusWidth} bits, "
                    + $"{device.L2CacheSize >> 20} MiB L2, {device.MaxSharedMemoryPerMultiprocessor >> 10} KiB shared "
                    + $"memory a multiprocessor, PTX {device.InstructionSet}",
        };
    }

    private static DeviceInfo Describe(CLDevice device, int number)
    {
        var f64 = device.Capabilities.Float64;
        return new DeviceInfo($"{OpenClKind}:{number}", $"{device.Name} ({device.PlatformName})", device.MemorySize,
            device.NumMultiprocessors, $"OpenCL {device.CLStdVersion.Major}.{device.CLStdVersion.Minor}, "
                + $"{device.NumMultiprocessors} compute units, {(f64 ? "f64" : "no f64")}")
        {
            SupportsDouble = f64,
            IsProcessor = device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU),
            Driver = $"{device.VendorName}, {device.DeviceVersion}, "
                + $"{device.ClockRate} MHz, {device.MaxSharedMemoryPerGroup >> 10} KiB local memory, groups of up to "
                + $"{device.MaxNumThreadsPerGroup}",
        };
    }
}
