using System.Diagnostics;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>Runs the benchmark program's checks of collectives as a job of several processes.</summary>
internal static class MpiJob
{
    /// <summary>The launchers that Debian's packages install beside one another.</summary>
    public static readonly string[] Launchers = ["mpirun.openmpi", "mpirun.mpich"];

    /// <summary>The benchmark program.</summary>
    public static string Bench => Path.Combine(AppContext.BaseDirectory, "AmcEngine.Bench.dll");

    /// <summary>Runs <c>bench collectives-check</c>; skips where the launcher is not installed.</summary>
    public static Answer Check(string launcher, int ranks, params string[] arguments) =>
        Check(launcher, ranks, new Dictionary<string, string>(), arguments);

    /// <summary>The same with variables in the environment of the launcher.</summary>
    public static Answer Check(
        string launcher, int ranks, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Run(launcher, ranks, environment, ["dotnet", Bench, "collectives-check", .. arguments]);

    /// <summary>Runs a program as a job; skips where the launcher is not installed.</summary>
    public static Answer Run(
        string launcher, int ranks, IReadOnlyDictionary<string, string> environment, params string[] program)
    {
        Require(launcher);
        return Start(launcher, [.. Options(launcher), "-n", $"{ranks}", .. program], environment);
    }

    /// <summary>Skips the test where a launcher is not installed.</summary>
    public static void Require(string launcher)
    {
        if (!Installed(launcher)) Assert.Ignore(
            $"no {launcher}; apt-get install {(launcher == Launchers[0] ? "openmpi-bin" : "mpich")}");
    }

    /// <summary>Makes a library of a source in this folder; skips where there is no compiler.</summary>
    /// <returns>Its path.</returns>
    public static string Compile(string source, TempFolder folder, params string[] options)
    {
        if (!Installed("cc")) Assert.Ignore("no C compiler; apt-get install gcc and apt-get install libc6-dev");
        var library = folder.PathOf($"lib{Path.GetFileNameWithoutExtension(source)}.so");
        var path = Path.Combine(GoldenFiles.Root, "tests", "Engine", "Collectives", source);
        using var compiler = Process.Start("cc", ["-O1", "-shared", "-fPIC", "-o", library, path, .. options]);
        compiler.WaitForExit();
        Assert.That(compiler.ExitCode, Is.Zero, source);
        return library;
    }

    /// <summary>
    /// What a launcher is told beside the number of ranks: Open MPI counts processors, and binds each process to one of
    /// them, unless told otherwise.
    /// </summary>
    public static string[] Options(string launcher) =>
        launcher == Launchers[0] ? ["--oversubscribe", "--bind-to", "none"] : [];

    /// <summary>Sets the environment of a launcher.</summary>
    public static void Prepare(ProcessStartInfo start)
    {
        // Open MPI gives the processes a terminal, for which .NET would write control sequences.
        start.Environment["TERM"] = "dumb";
        (start.Environment["OMPI_ALLOW_RUN_AS_ROOT"], start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"]) = ("1", "1");
    }

    /// <summary>Runs a program and fails where it does not end within three minutes.</summary>
    public static Answer Start(
        string program, string[] arguments, IReadOnlyDictionary<string, string> environment)
    {
        var start = new ProcessStartInfo(program, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        Prepare(start);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var (output, error) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        if (!process.WaitForExit(TimeSpan.FromMinutes(3)))
        {
            process.Kill(entireProcessTree: true);
            Assert.Fail($"{program} {string.Join(' ', arguments)} hangs\n{output.Result}{error.Result}");
        }
        return new Answer(process.ExitCode, output.Result, error.Result);
    }

    /// <summary>Whether a program is found.</summary>
    public static bool Installed(string program) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(':')
        .Any(folder => File.Exists(Path.Combine(folder, program)));
}
