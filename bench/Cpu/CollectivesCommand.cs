using System.Diagnostics;
using System.Globalization;
using AmcEngine.Bench.Collectives;
using AmcEngine.Bench.Harness;
using AmcEngine.Collectives;
using CommandLine;

namespace AmcEngine.Bench.Cpu;

/// <summary>Arguments of <c>bench collectives</c>.</summary>
internal sealed class CollectivesOptions : TableOptions
{
    [Option("ranks", HelpText = "Processes to start.")]
    public int Ranks { get; set; } = 2;

    [Option("mpirun", HelpText = "The launcher, with what it needs: \"mpirun.openmpi --oversubscribe\".")]
    public string Mpirun { get; set; } = "mpirun";

    [Option("mpicc", HelpText = "The C compiler of the same MPI.")]
    public string Mpicc { get; set; } = "mpicc";

    [Option("rounds", HelpText = "Runs of each side.")]
    public int? Rounds { get; set; }

    public override void Check(string command)
    {
        base.Check(command);
        if (Ranks < 2) throw new ArgumentsException($"bench {command}: --ranks {Ranks}: at least 2");
        if (Rounds is < 1) throw new ArgumentsException($"bench {command}: --rounds {Rounds}: at least 1");
        if (Threads is not null) throw new ArgumentsException($"bench {command}: --threads is for other tables");
    }
}

/// <summary>
/// <c>bench collectives</c>: all-reduce between processes, beside a plain MPI program in C that is compiled on the spot
/// and run in turn with the engine under the same launcher.
/// </summary>
internal static class CollectivesCommand
{
    private static readonly long[] Sizes = [1 << 12, 1 << 16, 1 << 20, 1 << 24, 1 << 26];

    public static void Report(CollectivesOptions options, TextWriter output)
    {
        var folder = Directory.CreateTempSubdirectory("amc-mpi-");
        try
        {
            var peer = Path.Combine(folder.FullName, "allreduce");
            var source = Path.Combine(AppContext.BaseDirectory, "Peers", "Mpi", "allreduce.c");
            Output(options.Mpicc, ["-O2", "-o", peer, source], "apt-get install libopenmpi-dev, or give --mpicc");
            string[] sizes = [.. Sizes.Select(s => s.ToString(CultureInfo.InvariantCulture))];
            var engine = ChildProcess.Of([CollectivesRun.Command, .. sizes]);
            var rounds = options.Rounds ?? (options.Quick ? 3 : 7);
            var (ours, theirs) = (new double[Sizes.Length][], new double[Sizes.Length][]);
            for (var s = 0; s < Sizes.Length; s++) (ours[s], theirs[s]) = (new double[rounds], new double[rounds]);
            for (var round = 0; round < rounds; round++)
            {
                Measure(options, [peer, .. sizes], theirs, round);
                Measure(options, [engine.FileName, .. engine.ArgumentList], ours, round);
            }
            Write(options, ours, theirs, rounds, output);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    private static void Write(
        CollectivesOptions options, double[][] ours, double[][] theirs, int rounds, TextWriter output)
    {
        var table = new MarkdownTable("bytes", "engine µs", "GB/s", "C µs", "GB/s", "of C's bandwidth");
        for (var s = 0; s < Sizes.Length; s++)
        {
            var (engine, peer) = (new Rounds(ours[s]).Median, new Rounds(theirs[s]).Median);
            table.Add($"{Sizes[s]}", $"{engine * 1e6:F1}", $"{Statistics.Giga(Sizes[s], engine):F2}",
                $"{peer * 1e6:F1}", $"{Statistics.Giga(Sizes[s], peer):F2}", $"{peer / engine:F2}");
        }
        var alone = Stopwatch.StartNew();
        for (var i = 0; i < 1000; i++) Launcher.Detect();
        output.WriteLine();
        output.WriteLine($"All-reduce of floats on {options.Ranks} processes ({options.Mpirun}), in place, one after "
            + "the other; GB/s: the tensor's bytes by the time of a call. C: MPI_Allreduce in a plain program, its "
            + $"runs in turns with the engine's; median of {rounds} runs. Finding that there is no launcher takes "
            + $"{alone.Elapsed.TotalMicroseconds / 1000:F2} µs.");
        table.Write(output);
    }

    private static void Measure(CollectivesOptions options, string[] program, double[][] seconds, int round)
    {
        var launcher = options.Mpirun.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var lines = Output(launcher[0], [.. launcher[1..], "-n", $"{options.Ranks}", .. program],
            "apt-get install openmpi-bin, or give --mpirun").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        if (lines.Length != Sizes.Length)
            throw new BenchException($"{program[0]} under {options.Mpirun} answered {lines.Length} lines");
        for (var s = 0; s < Sizes.Length; s++)
            seconds[s][round] = double.Parse(lines[s].Split(' ')[1], CultureInfo.InvariantCulture);
    }

    private static string Output(string program, string[] arguments, string remedy)
    {
        try
        {
            var start = new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true };
            using var process = Process.Start(start)!;
            var text = process.StandardOutput.ReadToEnd();
            process.WaitForExit();
            return process.ExitCode == 0 ? text : throw new BenchException(
                $"{program} {string.Join(' ', arguments)} failed with code {process.ExitCode}; its messages are above");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new BenchException($"{program} cannot be started ({e.Message}); {remedy}");
        }
    }
}
