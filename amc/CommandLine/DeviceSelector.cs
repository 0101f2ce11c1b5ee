using AmcEngine.Amc.Configuration;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;

namespace AmcEngine.Amc.CommandLine;

/// <summary>Opens the device that <c>--device</c> names.</summary>
internal static class DeviceSelector
{
    private static readonly string[] GpuKinds = ["cuda", "opencl"];

    /// <summary>Opens the device; the caller disposes of it.</summary>
    /// <exception cref="ConfigException">The device is unknown, or this build cannot use it.</exception>
    public static IBackend Open(CommonOptions options)
    {
        if (options.Threads < 0)
            throw new ConfigException($"--threads {options.Threads}: must be 0 (one a processor) or more");
        return options.Device switch
        {
            "auto" or "cpu" => new CpuBackend(options.Threads),
            _ when IsGpu(options.Device) => throw new ConfigException($"--device {options.Device}: this build has no GPU back end yet; use --device cpu"),
            _ => throw new ConfigException($"--device {options.Device}: unknown device; use auto, cpu, cuda:N or opencl:N (amcx devices lists those that exist)"),
        };
    }

    private static bool IsGpu(string device)
    {
        string[] parts = device.Split(':');
        return GpuKinds.Contains(parts[0]) && (parts.Length == 1 || (parts.Length == 2 && int.TryParse(parts[1], out int number) && number >= 0));
    }
}
