using AmcEngine.Bench.Harness;
using AmcEngine.Bench.Peers;
using CommandLine;

namespace AmcEngine.Bench.Cpu;

/// <summary>Arguments of <c>bench step</c>.</summary>
internal sealed class StepOptions : TableOptions
{
    /// <summary>PyTorch as it does the engine's work, and as the released code does all of it.</summary>
    public const string Torch = "torch", TorchPlain = "torch-plain";

    [Option("config", HelpText = "A configuration file, or vit; by default fashion-amc, profile-base and vit.")]
    public string? Config { get; set; }

    [Option("steps", HelpText = "Steps that count.")]
    public int? Steps { get; set; }

    [Option("peer", HelpText = "torch or torch-plain: PyTorch's step beside the engine's, in turns.")]
    public string? Peer { get; set; }

    [Option("python", HelpText = "The interpreter that has PyTorch.")]
    public string? Python { get; set; }

    /// <summary>Without profile-base, whose weights alone take 15 s to draw, for <c>bench quick</c>.</summary>
    public bool Few { get; init; }

    public override void Check(string command)
    {
        base.Check(command);
        if (Steps is < 1) throw new ArgumentsException($"bench {command}: --steps {Steps}: at least 1");
        if (Config is not null && Config != StepRun.Vit && !File.Exists(Config))
            throw new ArgumentsException(
                $"bench {command}: --config {Config}: no such file; give a configuration file, or {StepRun.Vit}");
        if (Config is null) StepCommand.Root();
        if (Peer is not (null or Torch or TorchPlain))
            throw new ArgumentsException($"bench {command}: --peer {Peer}: use {Torch} or {TorchPlain}");
        if (Python is not null && Peer is null)
            throw new ArgumentsException($"bench {command}: --python {Python}: is for --peer {Torch}");
        if (Peer is null) return;
        if (Config is { } file && file != StepRun.Vit)
            StepSide.InFolder(StepSide.RootOf(Path.GetFullPath(file)),
                () => TorchInputs.Require(StepRun.Load(Path.GetFullPath(file)).Config));
        TorchPeer.Require(command, Python);
    }
}

/// <summary>What was found of one configuration.</summary>
/// <param name="Engine">Seconds of the engine's steps.</param>
/// <param name="EngineFigures">Its memory.</param>
/// <param name="Peer">Seconds of the peer's steps; null without one.</param>
/// <param name="PeerFigures">Its memory.</param>
internal sealed record StepTimes(Rounds Engine, StepFigures EngineFigures, Rounds? Peer, StepFigures? PeerFigures);

/// <summary>
/// <c>bench step</c>: whole training steps, each configuration in a process of its own, so that peak memory is its own
/// too, and those of a peer in turns with them.
/// </summary>
internal static class StepCommand
{
    private const int MostRounds = 5;

    private sealed record Line(string Name, string What, int WarmUp, int Steps, int QuickWarmUp, int QuickSteps);

    public static void Report(StepOptions options, ReportHeader header, TextWriter output)
    {
        var threads = options.Threads ?? Environment.ProcessorCount;
        var peer = options.Peer is null ? null : TorchPeer.Require("step", options.Python);
        var table = new MarkdownTable(peer is null
            ? ["configuration", "steps", "median s", "min s", "max s", "peak RSS MiB", "peak of tensors MiB", "GFLOP/s",
                "of peak"]
            : ["configuration", "steps", "ours median s", "ours min s", "PyTorch median s", "PyTorch min s",
                "PyTorch / ours", "of the least", "ours peak RSS MiB", "PyTorch peak RSS MiB"]);
        var notes = new List<string>();
        foreach (var line in Lines(options))
        {
            var (skip, steps) = options.Quick ? (line.QuickWarmUp, line.QuickSteps) : (line.WarmUp, line.Steps);
            steps = options.Steps ?? steps;
            var found = Measure(line.What, skip, steps, threads, peer, options.Peer == StepOptions.Torch);
            string[] name = [line.Name, $"{skip + 1}–{skip + steps}"];
            table.Add([.. name, .. peer is null ? Alone(line, found, threads, header) : Beside(found)]);
            if (found.EngineFigures.Note.Length > 0) notes.Add($"{line.Name}: {found.EngineFigures.Note}.");
        }
        output.WriteLine();
        output.WriteLine($"Whole training steps in f32 on {threads} thread{(threads > 1 ? "s" : "")}, "
            + "each configuration in a process of its own; the first steps do not count. `vit`: ViT-B/16, batch 2, "
            + $"256 px, forward and backward, {StepRun.VitFlops * 1e-9:F0} GFLOP.");
        if (peer is not null) output.WriteLine(About(peer, options.Peer!));
        table.Write(output);
        foreach (var n in notes) output.WriteLine(n);
    }

    /// <summary>Cells of a configuration beside a peer.</summary>
    internal static string[] Beside(StepTimes found)
    {
        var (ours, theirs) = (found.Engine, found.Peer!);
        return
        [
            $"{ours.Median:F3}", $"{ours.Min:F3}", $"{theirs.Median:F3}", $"{theirs.Min:F3}",
            $"{theirs.Median / ours.Median:F2}", $"{theirs.Min / ours.Min:F2}",
            $"{Statistics.Mebi(found.EngineFigures.PeakRss):F0}", $"{Statistics.Mebi(found.PeerFigures!.PeakRss):F0}",
        ];
    }

    private static string[] Alone(Line line, StepTimes found, int threads, ReportHeader header)
    {
        var time = found.Engine;
        var speed = line.What == StepRun.Vit ? Statistics.Giga(StepRun.VitFlops, time.Median) : (double?)null;
        return
        [
            $"{time.Median:F3}", $"{time.Min:F3}", $"{time.Seconds.Max():F3}",
            $"{Statistics.Mebi(found.EngineFigures.PeakRss):F0}",
            $"{Statistics.Mebi(found.EngineFigures.PeakTensors):F0}",
            speed is { } s ? $"{s:F0}" : MarkdownTable.None,
            speed is { } q ? $"{100 * q / header.FmaGflops(threads):F0} %" : MarkdownTable.None,
        ];
    }

    private static string About(TorchPeer peer, string kind) =>
        $"Peer: PyTorch {peer.Version}, products by {(peer.Blas.Length > 0 ? peer.Blas : "its own code")}; "
            + "bench/Peers/Torch/albef.py, "
            + (kind == StepOptions.Torch
                ? "which leaves out what changes no loss, as the engine does"
                : "which does all that the released code does")
            + ". Both take the same pictures and texts; the peer has its batches in memory, the engine makes them. "
            + "Rounds in turn, each side in a process of its own, never at the same time.";

    private static StepTimes Measure(
        string what, int warmUp, int steps, int threads, TorchPeer? peer, bool lean)
    {
        var folder = Directory.CreateTempSubdirectory("amc-bench-");
        try
        {
            using var engine = StepSide.Engine(what, threads);
            using var torch = peer is null ? null : StepSide.Torch(peer, what, lean, threads, folder.FullName);
            StepSide[] sides = torch is null ? [engine] : [engine, torch];
            foreach (var side in sides) side.Steps(warmUp);
            var seconds = sides.Select(_ => new List<double>()).ToArray();
            foreach (var count in InRounds(steps, MostRounds))
                for (var s = 0; s < sides.Length; s++) seconds[s].AddRange(sides[s].Steps(count));
            return new StepTimes(new Rounds([.. seconds[0]]), engine.End(),
                torch is null ? null : new Rounds([.. seconds[1]]), torch?.End());
        }
        catch (BenchException e)
        {
            throw new BenchException($"bench step: {Path.GetFileName(what)}: {e.Message}");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>Steps of each round: as even as can be, none without a step.</summary>
    internal static int[] InRounds(int steps, int rounds)
    {
        var count = Math.Min(steps, rounds);
        return [.. Enumerable.Range(0, count).Select(r => steps * (r + 1) / count - steps * r / count)];
    }

    private static Line[] Lines(StepOptions options)
    {
        const string vit = "vit (ViT-B)";
        if (options.Config == StepRun.Vit) return [new(vit, StepRun.Vit, 2, 8, 1, 3)];
        if (options.Config is { } file)
            return [new(Path.GetFileNameWithoutExtension(file), Path.GetFullPath(file), 2, 10, 1, 2)];
        Line[] all =
        [
            new("fashion-amc", Path.Combine(Root(), "configs", "fashion-amc.yaml"), 20, 100, 5, 15),
            new("profile-base", Path.Combine(Root(), "configs", "profile-base.yaml"), 2, 8, 1, 2),
            new(vit, StepRun.Vit, 2, 8, 1, 3),
        ];
        return options.Few ? [.. all.Where(l => l.Name != "profile-base")] : all;
    }

    // Configurations name other files relative to the folder that holds configs/.
    internal static string Root()
    {
        for (var folder = Directory.GetCurrentDirectory(); folder is not null; folder = Path.GetDirectoryName(folder))
            if (File.Exists(Path.Combine(folder, "configs", "profile-base.yaml"))) return folder;
        throw new ArgumentsException("bench step: no configs/profile-base.yaml here or above; "
            + "start it inside of the repository, or give --config FILE");
    }
}
