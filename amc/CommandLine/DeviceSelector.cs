using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
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
    /// <param name="options">The command's options.</param>
    /// <param name="place">
    /// Where one of several ranks stands on its machine: they share its processors, and each takes a GPU of its own
    /// where no number is named. Null for one process alone.
    /// </param>
    /// <exception cref="ConfigException">The device's name or an option means nothing.</exception>
    /// <exception cref="DeviceException">There is no such device.</exception>
    public static IBackend Open(CommonOptions options, RankPlace? place = null)
    {
        Check(options);
        var limit = Limit(options);
        return options.Device switch
        {
            "auto" => OpenAutomatic(options, place) ?? Cpu(options, place),
            "cpu" => Cpu(options, place),
            "emulate" => GpuDevices.Open(options.Device, limit),
            "cuda" or "opencl" when place is { LocalRanks: > 1 } =>
                GpuDevices.Open(OwnGpu(options.Device, place) ?? options.Device, limit),
            _ when IsGpu(options.Device) => GpuDevices.Open(options.Device, limit),
            _ => throw new ConfigException($"--device {options.Device}: unknown device; use auto, cpu, "
                + "cuda:N or opencl:N (amcx devices lists those that exist)"),
        };
    }

    /// <summary>The processor, with the threads and the memory that the options allow.</summary>
    public static CpuBackend Cpu(CommonOptions options, RankPlace? place = null)
    {
        Check(options);
        var threads = options.Threads > 0 || place is null ? options.Threads : place.Processors;
        return new CpuBackend(threads, Limit(options));
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

    private static IBackend? OpenAutomatic(CommonOptions options, RankPlace? place) =>
        place is { LocalRanks: > 1 } && OwnGpu("", place) is { } own
            ? GpuDevices.Open(own, Limit(options)) : GpuDevices.OpenAutomatic(Limit(options));

    // The ranks of a machine take its GPUs in turn.
    private static string? OwnGpu(string kind, RankPlace place)
    {
        string[] all = [.. GpuDevices.List().Where(
            d => d.Id.StartsWith(kind, StringComparison.Ordinal) && (kind.Length > 0 || !d.IsProcessor))
            .Select(d => d.Id)];
        // Where there are GPUs of NVIDIA, their OpenCL names are the same ones once more.
        var cuda = Array.FindAll(all, id => id.StartsWith("cuda", StringComparison.Ordinal));
        all = cuda.Length > 0 ? cuda : all;
        return all.Length == 0 ? null : all[place.LocalRank % all.Length];
    }

    private static bool IsGpu(string device)
    {
        var parts = device.Split(':');
        return GpuKinds.Contains(parts[0])
            && (parts.Length == 1
                || (parts.Length == 2 && int.TryParse(parts[1], System.Globalization.NumberStyles.None, null, out _)));
    }
}
