using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using AmcEngine.Bench.Harness;
using CommandLine;

namespace AmcEngine.Bench.Cpu;

/// <summary>Arguments of <c>bench step</c>.</summary>
internal sealed class StepOptions : TableOptions
{
    [Option("config", HelpText = "A configuration file, or vit; by default fashion-amc, profile-base and vit.")]
    public string? Config { get; set; }

    [Option("steps", HelpText = "Steps that count.")]
    public int? Steps { get; set; }

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
    }
}

/// <summary>
/// <c>bench step</c>: whole training steps, each configuration in a process of its own, so that peak memory is its own
/// too.
/// </summary>
internal static class StepCommand
{
    private sealed record Line(string Name, string What, int WarmUp, int Steps, int QuickWarmUp, int QuickSteps);

    public static void Report(StepOptions options, ReportHeader header, TextWriter output)
    {
        var threads = options.Threads ?? Environment.ProcessorCount;
        var table = new MarkdownTable("configuration", "steps", "median s", "min s", "max s", "peak RSS MiB",
            "peak of tensors MiB", "GFLOP/s", "of peak");
        var notes = new List<string>();
        foreach (var line in Lines(options))
        {
            var (skip, steps) = options.Quick ? (line.QuickWarmUp, line.QuickSteps) : (line.WarmUp, line.Steps);
            var found = RunApart(line.What, skip, options.Steps ?? steps, threads);
            var time = new Rounds(found.Seconds);
            var speed = line.What == StepRun.Vit ? Statistics.Giga(StepRun.VitFlops, time.Median) : (double?)null;
            table.Add(
                line.Name, $"{skip + 1}–{skip + found.Seconds.Length}", $"{time.Median:F3}", $"{time.Min:F3}",
                $"{found.Seconds.Max():F3}", $"{found.PeakRss / (1 << 20)}", $"{found.PeakTensors / (1 << 20)}",
                speed is { } s ? $"{s:F0}" : MarkdownTable.None,
                speed is { } q ? $"{100 * q / header.FmaGflops(threads):F0} %" : MarkdownTable.None);
            if (found.Note.Length > 0) notes.Add($"{line.Name}: {found.Note}.");
        }
        output.WriteLine();
        output.WriteLine($"Whole training steps in f32 on {threads} thread{(threads > 1 ? "s" : "")}, "
            + "each configuration in a process of its own; the first steps do not count. `vit`: ViT-B/16, batch 2, "
            + $"256 px, forward and backward, {StepRun.VitFlops * 1e-9:F0} GFLOP.");
        table.Write(output);
        foreach (var n in notes) output.WriteLine(n);
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

    private static StepFigures RunApart(string what, int warmUp, int steps, int threads)
    {
        string[] numbers = [.. new[] { warmUp, steps, threads }.Select(n => n.ToString(CultureInfo.InvariantCulture))];
        var info = ChildProcess.Of([StepRun.Command, what, .. numbers]);
        if (what != StepRun.Vit && Path.GetDirectoryName(Path.GetDirectoryName(what)) is { } root
            && Directory.Exists(Path.Combine(root, "configs"))) info.WorkingDirectory = root;
        using var process = Process.Start(info)!;
        process.StandardInput.Close();
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        if (process.ExitCode != 0 || lines.Length == 0) throw new BenchException("bench step: "
            + $"the process of {Path.GetFileName(what)} ended with code {process.ExitCode} (its messages are above)");
        return JsonSerializer.Deserialize<StepFigures>(lines[^1])!;
    }
}
