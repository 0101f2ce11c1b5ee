using System.Diagnostics;
using System.Text.RegularExpressions;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>NVIDIA's assembler, where it is on the PATH: what a kernel takes of a multiprocessor.</summary>
internal static partial class Ptxas
{
    private static readonly string? Program = Find();

    /// <summary>Why a test skips without it.</summary>
    public const string Missing = "ptxas is not on the PATH (it comes with NVIDIA's CUDA toolkit)";

    /// <summary>Whether there is one.</summary>
    public static bool Present => Program is not null;

    /// <summary>Assembles a kernel for an architecture such as <c>sm_80</c>.</summary>
    public static Usage Assemble(string text, string architecture)
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, text);
            var start = new ProcessStartInfo(Program!, ["-v", $"-arch={architecture}", "-o", "/dev/null", file])
            {
                RedirectStandardError = true,
                RedirectStandardOutput = true,
            };
            using var process = Process.Start(start)!;
            var report = process.StandardError.ReadToEnd() + process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0
                ? new Usage(Number(Registers(), report), Number(SharedBytes(), report), Number(SpillBytes(), report),
                    Number(StackBytes(), report), null)
                : new Usage(0, 0, 0, 0, report);
        }
        finally
        {
            File.Delete(file);
        }
    }

    // The kernel's own line comes last; unused helper functions before it have lines as well.
    private static int Number(Regex pattern, string report) =>
        pattern.Matches(report) is { Count: > 0 } found ? found.Max(m => int.Parse(m.Groups[1].Value)) : 0;

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "ptxas")).FirstOrDefault(File.Exists);

    [GeneratedRegex(@"Used (\d+) registers")]
    private static partial Regex Registers();

    [GeneratedRegex(@"(\d+) bytes smem")]
    private static partial Regex SharedBytes();

    [GeneratedRegex(@"(\d+) bytes spill (?:stores|loads)")]
    private static partial Regex SpillBytes();

    [GeneratedRegex(@"(\d+) bytes stack frame")]
    private static partial Regex StackBytes();

    /// <summary>What the assembler reports.</summary>
    /// <param name="Registers">Registers a lane.</param>
    /// <param name="Shared">Static shared memory in bytes.</param>
    /// <param name="Spilled">Bytes of registers kept in memory.</param>
    /// <param name="Stack">Bytes of local memory a lane.</param>
    /// <param name="Error">What it refused, or null.</param>
    internal sealed record Usage(int Registers, int Shared, int Spilled, int Stack, string? Error)
    {
        /// <summary>
        /// Share of a multiprocessor's 2,048 lanes that can be resident, with 65,536 registers and 164 KiB of shared
        /// memory (A100).
        /// </summary>
        public double Occupancy(int groupSize)
        {
            var byRegisters = 65_536 / Math.Max(1, (Registers + 7) / 8 * 8 * groupSize);
            var byShared = 164 * 1024 / (Shared + 1024);
            return Math.Min(2048 / groupSize, Math.Min(byRegisters, byShared)) * groupSize / 2048.0;
        }
    }
}
