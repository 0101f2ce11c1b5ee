using System.Reflection;
using System.Runtime.InteropServices;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Cpu.Host;

namespace AmcEngine.Bench.Harness;

/// <summary>What every report begins with: machine, date, vector path and the peaks of this very run.</summary>
internal sealed class ReportHeader(MachinePeaks peaks, string vectorPath)
{
    // A difference that says: the clock, or another load, changed during the run.
    private const double Drift = 0.05;

    /// <summary>The commit that the program was built from, as the build records it behind the version.</summary>
    public static string Commit { get; } =
        typeof(ReportHeader).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()
            ?.InformationalVersion.Split('+') is [_, var commit] ? commit : "unknown";

    public MachinePeaks Peaks { get; } = peaks;

    /// <summary>Measures the machine, which takes about two seconds.</summary>
    public static ReportHeader Measure(int threads)
    {
        using var backend = new CpuBackend(1);
        return new ReportHeader(MachinePeaks.Measure(threads), backend.Device.Details.Split(',')[0]);
    }

    /// <summary>Processor with its family and model, which name alone does not always tell apart.</summary>
    public static string Machine()
    {
        const string path = "/proc/cpuinfo";
        string[] lines = File.Exists(path) ? [.. File.ReadLines(path).TakeWhile(l => l.Length > 0)] : [];
        string Field(string name) =>
            lines.FirstOrDefault(l => l.Split(':')[0].Trim() == name)?.Split(':')[1].Trim() ?? "?";
        var family = lines.Length == 0 ? "" : $" (family {Field("cpu family")}, model {Field("model")})";
        return $"{CpuInfo.Name()}{family}, {Environment.ProcessorCount} processors, .NET {Environment.Version}, "
            + $"{RuntimeInformation.RuntimeIdentifier}";
    }

    /// <summary>FMA peak on so many threads, GFLOP/s in f32.</summary>
    public double FmaGflops(int threads) =>
        threads == 1 ? Peaks.FmaGflopsOneThread : threads == Peaks.Threads ? Peaks.FmaGflopsAllThreads : threads
            * Peaks.FmaGflopsOneThread;

    public void Write(TextWriter output, string title)
    {
        output.WriteLine($"# {title}");
        output.WriteLine();
        output.WriteLine(
            $"{Machine()}; {DateTime.UtcNow:yyyy-MM-dd HH:mm} UTC; commit {Commit[..Math.Min(12, Commit.Length)]}.");
        var all = Peaks.Threads == 1 ? "" : $", {Peaks.FmaGflopsAllThreads:F1} on {Peaks.Threads}";
        output.WriteLine($"Vector path {vectorPath}. Measured in this run: FMA peak {Peaks.FmaGflopsOneThread:F1} "
            + $"GFLOP/s on one thread{all} (f32); memory {Peaks.MemoryGBs:F1} GB/s on {Peaks.Threads}.");
    }

    /// <summary>Measures the peak again, and says so if the machine is no longer what it was at the start.</summary>
    public void WriteDrift(TextWriter output)
    {
        var now = MachinePeaks.FmaGflops(1);
        if (Math.Abs(now / Peaks.FmaGflopsOneThread - 1) > Drift)
            output.WriteLine($"Warning: the FMA peak of one thread was {Peaks.FmaGflopsOneThread:F1} GFLOP/s at the "
                + $"start and is {now:F1} at the end; clock or load changed, so repeat the run.");
    }
}
