using System.Diagnostics;
using System.Text;
using System.Text.RegularExpressions;
using NUnit.Framework;

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
    public static Usage Assemble(string text, string architecture) => Assemble([text], architecture)[0];

    /// <summary>
    /// Assembles kernels for an architecture in one call, which starts in the time that an average kernel takes. Where
    /// it refuses them, each is assembled alone, so that the one at fault is known.
    /// </summary>
    /// <returns>What each kernel takes, in their order.</returns>
    public static Usage[] Assemble(IReadOnlyList<string> texts, string architecture)
    {
        var (code, report) = Run(Module(texts), architecture);
        if (code != 0)
            return texts.Count > 1
                ? [.. texts.Select(t => Assemble(t, architecture))] : [new Usage(0, 0, 0, 0, report)];
        // A kernel's own line comes last; unused helper functions before it have lines as well.
        var parts = Kernels().Matches(report).ToDictionary(
            m => int.Parse(m.Groups[1].Value), m => m.Groups[2].Value);
        return [.. texts.Select((_, i) => new Usage(Number(Registers(), parts[i]), Number(SharedBytes(), parts[i]),
            Number(SpillBytes(), parts[i]), Number(StackBytes(), parts[i]), null))];
    }

    // The kernels' texts in one, behind the header that they share. Each calls its entry and its functions by names of
    // its own, which end with its number.
    private static string Module(IReadOnlyList<string> texts)
    {
        var header = Header().Match(texts[0]);
        var module = new StringBuilder(header.Value);
        for (var i = 0; i < texts.Count; i++)
        {
            var own = Header().Match(texts[i]);
            Assert.That((own.Success, own.Value), Is.EqualTo((true, header.Value)), "all of one version and target");
            var body = texts[i][(own.Index + own.Length)..];
            var names = Names().Matches(body).Select(m => m.Groups[1].Value).Distinct();
            module.AppendLine(Regex.Replace(body, $@"\b({string.Join('|', names)})\b", $"${{1}}_{i}"));
        }
        return module.ToString();
    }

    private static (int Code, string Report) Run(string text, string architecture)
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
            var output = process.StandardOutput.ReadToEndAsync();
            var report = process.StandardError.ReadToEnd() + output.Result;
            process.WaitForExit();
            return (process.ExitCode, report);
        }
        finally
        {
            File.Delete(file);
        }
    }

    private static int Number(Regex pattern, string report) =>
        pattern.Matches(report) is { Count: > 0 } found ? found.Max(m => int.Parse(m.Groups[1].Value)) : 0;

    private static string? Find() => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, "ptxas")).FirstOrDefault(File.Exists);

    [GeneratedRegex(@"^\.version .*\n\.target .*\n\.address_size .*\n", RegexOptions.Multiline)]
    private static partial Regex Header();

    [GeneratedRegex(@"^\.visible \.(?:entry|func) (?:\(.*?\) )?(\w+)\(", RegexOptions.Multiline)]
    private static partial Regex Names();

    [GeneratedRegex(
        @"Compiling entry function '\w+_(\d+)'(.*?)(?=Compiling entry function|\z)", RegexOptions.Singleline)]
    private static partial Regex Kernels();

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
