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
    /// <summary>Every CUDA and OpenCL device, with its name for <c>--device</c>.</summary>
    public static IReadOnlyList<DeviceInfo> List()
    {
        using var context = OpenContext();
        List<DeviceInfo> devices = [];
        foreach (var device in context.GetCudaDevices()) devices.Add(Describe(device, devices.Count));
        var cuda = devices.Count;
        foreach (var device in context.GetCLDevices()) devices.Add(Describe(device, devices.Count - cuda));
        return devices;
    }

    /// <summary>What is missing for the kinds of device of which there is none, one line each, with the remedy.</summary>
    public static IReadOnlyList<string> Missing()
    {
        NativeLibraryNames.Install();
        var found = List();
        List<string> lines = [];
        if (!found.Any(d => d.Id.StartsWith("cuda", StringComparison.Ordinal)))
            lines.Add(NativeLibraryNames.CanLoad("cuda")
                ? "cuda: the driver is there but shows no device; see nvidia-smi, and in a container pass --gpus all"
                : "cuda: no driver (libcuda.so.1); install NVIDIA's driver for the graphics card, in a container pass --gpus all");
        if (!found.Any(d => d.Id.StartsWith("opencl", StringComparison.Ordinal)))
            lines.Add(NativeLibraryNames.CanLoad("OpenCL")
                ? "opencl: the loader is there but no device; install a driver, on Debian for the processor: apt-get install pocl-opencl-icd"
                : "opencl: no loader (libOpenCL.so.1); on Debian: apt-get install ocl-icd-libopencl1 pocl-opencl-icd");
        return lines;
    }

    /// <summary>Opens a device: <c>cuda:N</c>, <c>opencl:N</c>, or <c>emulate</c> (ILGPU's simulation on the processor, for toy sizes).</summary>
    /// <param name="id">The device's name; a bare <c>cuda</c> or <c>opencl</c> is number 0.</param>
    /// <param name="memoryLimit">Most bytes to take from it; 0 for all it has.</param>
    /// <exception cref="EngineException">There is no such device.</exception>
    public static GpuBackend Open(string id, long memoryLimit = 0) => new(OpenHost(id), memoryLimit);

    internal static KernelHost OpenHost(string id)
    {
        if (id == "emulate") return Emulation();
        var parts = id.Split(':');
        var number = parts.Length > 1 ? int.Parse(parts[1]) : 0;
        return parts[0] == "cuda" ? Cuda(number) : OpenCl(number);
    }

    private static DeviceHost Cuda(int number)
    {
        using var probe = OpenContext();
        var devices = probe.GetCudaDevices();
        if (number >= devices.Count) throw Absent($"cuda:{number}", devices.Count);
        return new DeviceHost(Describe(devices[number], number), KernelTarget.Gpu, supportsDouble: true, () =>
        {
            var context = OpenContext();
            return (context, context.GetCudaDevices()[number].CreateAccelerator(context));
        });
    }

    private static DeviceHost OpenCl(int number)
    {
        using var probe = OpenContext();
        var devices = probe.GetCLDevices();
        if (number >= devices.Count) throw Absent($"opencl:{number}", devices.Count);
        var device = devices[number];
        var target = device.DeviceType.HasFlag(CLDeviceType.CL_DEVICE_TYPE_CPU) ? KernelTarget.OpenClOnCpu : KernelTarget.Gpu;
        return new DeviceHost(Describe(device, number), target, device.Capabilities.Float64, () =>
        {
            var context = OpenContext();
            return (context, context.GetCLDevices()[number].CreateAccelerator(context));
        });
    }

    // Groups of up to 256 lanes in warps of 32, as on a GPU.
    private static DeviceHost Emulation()
    {
        var info = new DeviceInfo("emulate", "ILGPU's simulation of a GPU", GC.GetGCMemoryInfo().TotalAvailableMemoryBytes, 1, "a thread a lane; only for checks at toy sizes");
        return new DeviceHost(info, KernelTarget.Emulation, supportsDouble: true, () =>
        {
            var context = Context.Create(b => b.CPU(new CPUDevice(32, 8, 1)).Optimize(OptimizationLevel.O2).EnableAlgorithms());
            DeviceIntrinsics.Register(context);
            return (context, context.CreateCPUAccelerator(0));
        });
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

    private static EngineException Absent(string id, int count)
    {
        var kind = id[..id.IndexOf(':')];
        var detail = count > 0 ? $"there are {count}, numbered from 0" : Missing().First(l => l.StartsWith(kind, StringComparison.Ordinal));
        return new EngineException("device", $"there is no {id}; {detail}");
    }

    private static DeviceInfo Describe(CudaDevice device, int number)
    {
        var capability = device.Architecture is { } a ? $"compute capability {a.Major}.{a.Minor}" : "unknown compute capability";
        return new DeviceInfo($"cuda:{number}", device.Name, device.MemorySize, device.NumMultiprocessors, $"{capability}, {device.NumMultiprocessors} multiprocessors, f64");
    }

    private static DeviceInfo Describe(CLDevice device, int number)
    {
        var f64 = device.Capabilities.Float64 ? "f64" : "no f64";
        return new DeviceInfo($"opencl:{number}", $"{device.Name} ({device.PlatformName})", device.MemorySize, device.NumMultiprocessors,
            $"OpenCL {device.CLStdVersion.Major}.{device.CLStdVersion.Minor}, {device.NumMultiprocessors} compute units, {f64}");
    }
}
