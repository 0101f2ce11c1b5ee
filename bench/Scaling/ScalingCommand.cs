using AmcEngine.Bench.Harness;
using AmcEngine.Files;
using CommandLine;

namespace AmcEngine.Bench.Scaling;

/// <summary>Arguments of <c>bench scaling</c>.</summary>
internal sealed class ScalingOptions
{
    [Option("cluster", Default = "h100", HelpText = "h100, h200 or a JSON file of figures.")]
    public string Cluster { get; set; } = "h100";

    [Option("set", HelpText = "figure=value: a figure of the cluster.")]
    public IEnumerable<string> Set { get; set; } = [];

    [Option("kernels", HelpText = "Measured kernel times: gpu-report.json, or an object of names and seconds.")]
    public string? Kernels { get; set; }

    [Option("config", Default = "configs/albef-base.yaml", HelpText = "What is trained.")]
    public string Config { get; set; } = "configs/albef-base.yaml";

    [Option("batch", Default = 64, HelpText = "Pairs a GPU where that is fixed.")]
    public int Batch { get; set; } = 64;

    [Option("global", Default = 512, HelpText = "Pairs in all where that is fixed.")]
    public int Global { get; set; } = 512;

    [Option("gpus", Default = 1024, HelpText = "Most GPUs.")]
    public int Gpus { get; set; } = 1024;

    [Option("bucket", Default = 25.0, HelpText = "MiB of a bucket of gradients.")]
    public double Bucket { get; set; } = 25;

    [Option("algorithm", Default = "auto", HelpText = "auto, ring, tree or hierarchical.")]
    public string Algorithm { get; set; } = "auto";

    [Option("contrast", Default = "local", HelpText = "local, or global: features are waited for.")]
    public string Contrast { get; set; } = "local";

    [Option("shard", HelpText = "Each rank updates a part of the weights.")]
    public bool Shard { get; set; }

    [Option("steps", Default = 20, HelpText = "Simulated steps that count.")]
    public int Steps { get; set; } = 20;

    [Option("seed", Default = 1, HelpText = "Seed of the spread of ranks.")]
    public int Seed { get; set; } = 1;

    [Option("json", HelpText = "Write all numbers to this file.")]
    public string? Json { get; set; }

    [Option("out", HelpText = "Write the report to this file too.")]
    public string? Out { get; set; }

    private static IReadOnlyList<string> Algorithms =>
        [.. Enum.GetNames<Algorithm>().Select(n => n.ToLowerInvariant())];

    // Taken, so that a stray word can be named.
    [Value(0)]
    public IEnumerable<string> Rest { get; set; } = [];

    /// <summary>How the training is spread.</summary>
    public SimulationSettings Settings => new()
    {
        BucketBytes = Bucket * (1 << 20),
        Algorithm = Enum.Parse<Algorithm>(Algorithm, ignoreCase: true),
        GlobalContrast = Contrast == "global",
        ShardsOptimizer = Shard,
        Steps = Steps,
        Seed = Seed,
    };

    /// <exception cref="ArgumentsException">A value is out of range.</exception>
    public void Check()
    {
        if (Rest.FirstOrDefault() is { } word) throw Wrong($"\"{word}\" is not understood");
        foreach (var (name, value, most) in new[] { ("batch", Batch, 65536), ("global", Global, 1 << 20),
            ("gpus", Gpus, 1 << 16), ("steps", Steps, 100_000) })
            if (value < 1 || value > most) throw Wrong($"--{name} {value}: 1 to {most}");
        if (Batch < 2) throw Wrong("--batch 1: at least 2, since negatives come from the batch");
        if (!(Bucket > 0)) throw Wrong($"--bucket {Bucket}: must be above 0");
        if (Contrast is not ("local" or "global")) throw Wrong($"--contrast {Contrast}: use local or global");
        if (!Algorithms.Contains(Algorithm))
            throw Wrong($"--algorithm {Algorithm}: use one of {string.Join(", ", Algorithms)}");
        if (!File.Exists(Config)) throw Wrong($"--config {Config}: no such file");
    }

    private static ArgumentsException Wrong(string what) => new($"bench scaling: {what}");
}

/// <summary><c>bench scaling</c>: data-parallel training on many GPUs, simulated.</summary>
internal static class ScalingCommand
{
    /// <summary>Simulates and writes the report.</summary>
    /// <exception cref="ArgumentsException">An argument is wrong.</exception>
    public static int Run(string[] args, TextWriter output)
    {
        var options = CommandArguments.Parse<ScalingOptions>("scaling", args);
        var cluster = Cluster.Load(options.Cluster, options.Set);
        options.Check();
        var times = KernelTimes.Load(options.Kernels, cluster);
        var workloads = new WorkloadSource(options.Config, cluster.GpuMemory, times);
        var study = ScalingStudy.Run(options, cluster, workloads.Of);
        var report = new ScalingReport(options, cluster, study);
        using var text = new StringWriter();
        report.Write(text);
        output.Write(text.ToString());
        if (options.Out is { } path) DurableFile.Write(path, text.ToString());
        if (options.Json is { } json) DurableFile.Write(json, report.ToJson());
        return 0;
    }
}
