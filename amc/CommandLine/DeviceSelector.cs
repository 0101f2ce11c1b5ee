using AmcEngine.Amc.Configuration;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Gpu;
using AmcEngine.Tensors;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Opens the device that <c>--device</c> names.</summary>
internal static class DeviceSelector
{
    private static readonly string[] GpuKinds = ["cuda", "opencl"];

    /// <summary>Opens the device; the caller disposes of it.</summary>
    /// <exception cref="ConfigException">The device's name or an option means nothing.</exception>
    /// <exception cref="DeviceException">There is no such device.</exception>
    public static IBackend Open(CommonOptions options)
    {
        Check(options);
        var limit = Limit(options);
        return options.Device switch
        {
            "auto" => (IBackend?)GpuDevices.OpenAutomatic(limit) ?? Cpu(options),
            "cpu" => Cpu(options),
            "emulate" => GpuDevices.Open(options.Device, limit),
            _ when IsGpu(options.Device) => GpuDevices.Open(options.Device, limit),
            _ => throw new ConfigException($"--device {options.Device}: unknown device; use auto, cpu, "
                + "cuda:N or opencl:N (amcx devices lists those that exist)"),
        };
    }

    /// <summary>The processor, with the threads and the memory that the options allow.</summary>
    public static CpuBackend Cpu(CommonOptions options)
    {
        Check(options);
        return new CpuBackend(options.Threads, Limit(options));
    }

    /// <summary>Most bytes that tensors may take; 0 for no limit.</summary>
    public static long Limit(CommonOptions options) => (long)options.MemoryLimit << 20;

    // More can only be a slip: no machine has them.
    private const int MostThreads = 1024;

    private static void Check(CommonOptions options)
    {
        if (options.Threads is < 0 or > MostThreads)
            throw new ConfigException(
                $"--threads {options.Threads}: must be 0 (one a processor) or a number up to {MostThreads}");
        if (options.MemoryLimit < 0)
            throw new ConfigException(
                $"--memory-limit {options.MemoryLimit}: must be 0 (all of the device's memory) or a number of MiB");
    }

    private static bool IsGpu(string device)
    {
        var parts = device.Split(':');
        return GpuKinds.Contains(parts[0])
            && (parts.Length == 1
                || (parts.Length == 2 && int.TryParse(parts[1], System.Globalization.NumberStyles.None, null, out _)));
    }
}
