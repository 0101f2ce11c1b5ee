using System.Diagnostics;
using AmcEngine.Bench.Cpu;
using AmcEngine.Bench.Harness;
using BenchmarkDotNet.Running;

namespace AmcEngine.Bench.Suites;

/// <summary>
/// Hands arguments to BenchmarkDotNet. Suites run in this process: the project's file is not named after its assembly,
/// which BenchmarkDotNet's own builds need. OpenBLAS has to find its core type in the environment when it loads, so
/// where that is not set the program starts itself again with it.
/// </summary>
internal static class SuiteRunner
{
    public static int Run(string[] args)
    {
        var measures = args.Contains("--filter") || args.Contains("-f");
        if (measures && Environment.GetEnvironmentVariable(OpenBlas.CoreTypeVariable) is null
            && GemmCommand.ChooseCore(null, f64: false) is ({ Length: > 0 } core, _))
        {
            var info = ChildProcess.Of(
                ["suites", .. args], new Dictionary<string, string> { [OpenBlas.CoreTypeVariable] = core });
            (info.RedirectStandardInput, info.RedirectStandardOutput) = (false, false);
            using var process = Process.Start(info)!;
            process.WaitForExit();
            return process.ExitCode;
        }
        string[] job = args.Contains("--job") || args.Contains("-j") ? [] : ["--job", "short"];
        var summaries = BenchmarkSwitcher.FromAssembly(typeof(SuiteRunner).Assembly).Run(
            [.. args, .. job, "--inProcess"]);
        return measures && !summaries.Any(s => s.Reports.Any(r => r.Success)) ? 1 : 0;
    }
}
