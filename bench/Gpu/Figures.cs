using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;
using AmcEngine.Bench.Harness;

namespace AmcEngine.Bench.Gpu;

/// <summary>Numbers as people read them.</summary>
internal static class Figures
{
    /// <summary>Three digits that count, without an exponent where that is readable.</summary>
    public static string Short(double value) => Math.Abs(value) switch
    {
        0 => "0",
        >= 100 => value.ToString("F0"),
        >= 10 => value.ToString("F1"),
        >= 1 => value.ToString("F2"),
        >= 0.1 => value.ToString("F3"),
        >= 0.001 => value.ToString("0.#####"),
        _ => Error(value),
    };

    /// <summary>An error, whose order of magnitude is what matters.</summary>
    public static string Error(double value) => value == 0 ? "0" : value.ToString("0.0e-0");

    /// <summary>Milliseconds.</summary>
    public static string Ms(double seconds) => Short(seconds * 1e3);

    /// <summary>Bytes in MiB.</summary>
    public static string MiB(long bytes) => $"{Short(Statistics.Mebi(bytes))} MiB";

    /// <summary>
    /// Most memory in use since the peak was reset, and what is taken from the device (in use or waiting for reuse),
    /// for both reports.
    /// </summary>
    public static string Memory(CheckContext context, IBackend device)
    {
        context.Data["peak_bytes"] = device.PeakBytes;
        if (device is not GpuBackend gpu) return $"peak {MiB(device.PeakBytes)}";
        context.Data["reserved_bytes"] = gpu.ReservedBytes;
        return $"peak {MiB(gpu.PeakBytes)} ({MiB(gpu.ReservedBytes)} taken from the device)";
    }
}
