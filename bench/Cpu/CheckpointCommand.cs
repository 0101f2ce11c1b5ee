using System.Diagnostics;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Bench.Harness;
using AmcEngine.Memory;
using CommandLine;

namespace AmcEngine.Bench.Cpu;

/// <summary>Arguments of <c>bench checkpoint</c>.</summary>
internal sealed class CheckpointOptions : TableOptions
{
    [Option("config", HelpText = "A configuration file; by default profile-base, with queues of full length.")]
    public string? Config { get; set; }

    [Option("folder", HelpText = "Where to write; by default a folder for temporary files.")]
    public string? Folder { get; set; }

    [Option("rounds", HelpText = "Rounds (3).")]
    public int Rounds { get; set; } = 3;

    public override void Check(string command)
    {
        base.Check(command);
        if (Rounds < 1) throw new ArgumentsException($"bench {command}: --rounds {Rounds}: at least 1");
        if (Config is not null && !File.Exists(Config))
            throw new ArgumentsException($"bench {command}: --config {Config}: no such file");
        if (Config is null) StepCommand.Root();
    }
}

/// <summary>
/// <c>bench checkpoint</c>: saving and loading a training's whole state, beside writing, flushing and reading as many
/// bytes.
/// </summary>
internal static class CheckpointCommand
{
    private const int BlockBytes = 1 << 20;

    private static BackgroundSave? _unfinished;

    private sealed record Contender(string Name, Action Run);

    public static void Report(CheckpointOptions options, TextWriter output)
    {
        var folder = Directory.CreateDirectory(Path.Combine(
            options.Folder ?? Path.GetTempPath(), $"amcx-bench-{Environment.ProcessId}")).FullName;
        try
        {
            Measure(options, folder, output);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static void Measure(CheckpointOptions options, string folder, TextWriter output)
    {
        using var backend = new CpuBackend(options.Threads ?? 0);
        var config = options.Config is { } file
            ? RunConfig.Load(file)
            : RunConfig.Load(Path.Combine(StepCommand.Root(), "configs", "profile-base.yaml"), ["queue_size=65536"]);
        using var session = TrainingSession.Create(config, backend);
        // The momentum copies have to have moved once, as they have after any step.
        session.Model.Average?.Apply();
        var store = new CheckpointStore(folder);
        string last = CheckpointLayout.Last(folder), plain = Path.Combine(folder, "plain");
        store.Save(session);
        var bytes = new DirectoryInfo(last).EnumerateFiles().Sum(f => f.Length);
        Contender[] contenders =
        [
            new("plain write and flush", () => Write(plain, bytes)),
            new("save", () => store.Save(session)),
            new("save beside training, until the weights may change", () => Begin(store, session)),
            new("plain read", () => Read(plain)),
            new("load", () => CheckpointStore.Restore(session, last)),
        ];
        var seconds = Array.ConvertAll(contenders, _ => new double[options.Rounds]);
        var memory = new long[contenders.Length];
        for (var round = 0; round < options.Rounds; round++)
            for (var i = 0; i < contenders.Length; i++)
            {
                ForgetPeak();
                var before = MemoryUse.Resident() ?? 0;
                var start = Stopwatch.GetTimestamp();
                contenders[i].Run();
                seconds[i][round] = Stopwatch.GetElapsedTime(start).TotalSeconds;
                _unfinished?.Complete();
                _unfinished = null;
                memory[i] = Math.Max(memory[i], (MemoryUse.PeakResident() ?? 0) - before);
            }
        Table(contenders, seconds, memory, bytes, output);
    }

    private static void Begin(CheckpointStore store, TrainingSession session)
    {
        _unfinished = store.Begin(session)
            ?? throw new BenchException("this model cannot be saved beside its training as it is now");
        _unfinished.WaitUntilRead();
    }

    // Linux forgets the largest resident size of the process; elsewhere the column is of no use.
    private static void ForgetPeak()
    {
        GC.Collect();
        const string file = "/proc/self/clear_refs";
        if (File.Exists(file)) File.WriteAllText(file, "5");
    }

    private static void Table(Contender[] contenders, double[][] seconds, long[] memory, long bytes,
        TextWriter output)
    {
        var table = new MarkdownTable("what", "median s", "min s", "max s", "GB/s", "of plain", "more resident MiB");
        for (var i = 0; i < contenders.Length; i++)
        {
            // The ratio of each round, since the disk has moods.
            var plain = seconds[contenders[i].Name == "load" ? 3 : 0];
            var ratio = new Rounds([.. seconds[i].Zip(plain, (s, p) => s / p)]).Median;
            var time = new Rounds(seconds[i]);
            table.Add(contenders[i].Name, $"{time.Median:F2}", $"{time.Min:F2}", $"{seconds[i].Max():F2}",
                $"{Statistics.Giga(bytes, time.Median):F2}", $"{ratio:F2}", $"{Statistics.Mebi(memory[i]):F0}");
        }
        output.WriteLine();
        output.WriteLine($"A checkpoint of {bytes * 1e-9:F2} GB: weights, momentum copies, queues, moments. All in "
            + $"turn, {seconds[0].Length} rounds; reading finds in memory what the system kept there.");
        table.Write(output);
    }

    private static void Write(string path, long bytes)
    {
        var block = new byte[BlockBytes];
        Random.Shared.NextBytes(block);
        using var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 0);
        for (var left = bytes; left > 0; left -= BlockBytes) stream.Write(block, 0, (int)Math.Min(left, BlockBytes));
        stream.Flush(flushToDisk: true);
    }

    private static void Read(string path)
    {
        var block = new byte[BlockBytes];
        using var stream = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 0);
        while (stream.Read(block) > 0)
        {
        }
    }
}
