using System.Diagnostics;
using AmcEngine.Tests.Cli;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>Runs the benchmark program's checks of collectives as a job of several processes.</summary>
internal static class MpiJob
{
    /// <summary>The launchers that Debian's packages install beside one another.</summary>
    public static readonly string[] Launchers = ["mpirun.openmpi", "mpirun.mpich"];

    /// <summary>Runs <c>bench collectives-check</c>; skips where the launcher is not installed.</summary>
    public static Answer Check(string launcher, int ranks, params string[] arguments) =>
        Check(launcher, ranks, new Dictionary<string, string>(), arguments);

    /// <summary>The same with variables in the environment of the launcher.</summary>
    public static Answer Check(
        string launcher, int ranks, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Run(launcher, ranks, environment,
            ["dotnet", Path.Combine(AppContext.BaseDirectory, "AmcEngine.Bench.dll"), "collectives-check",
                .. arguments]);

    /// <summary>Runs a program as a job.</summary>
    public static Answer Run(
        string launcher, int ranks, IReadOnlyDictionary<string, string> environment, params string[] program)
    {
        var open = launcher == "mpirun.openmpi";
        if (!Installed(launcher)) Assert.Ignore($"no {launcher}; apt-get install {(open ? "openmpi-bin" : "mpich")}");
        // Open MPI counts processors, and binds each process to one of them, unless told otherwise.
        string[] options = open ? ["--oversubscribe", "--bind-to", "none"] : [];
        var start = new ProcessStartInfo(launcher, [.. options, "-n", $"{ranks}", .. program])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        // Open MPI gives the processes a terminal, for which .NET would write control sequences.
        start.Environment["TERM"] = "dumb";
        (start.Environment["OMPI_ALLOW_RUN_AS_ROOT"], start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"]) = ("1", "1");
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(TimeSpan.FromMinutes(1)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{launcher} -n {ranks} {string.Join(' ', program)} hangs\n{output.Result}{error.Result}");
        }
        return new Answer(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Whether a program is found.</summary>
    public static bool Installed(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
