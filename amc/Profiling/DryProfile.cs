using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Collectives;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Model.Tokenization;

namespace AmcEngine.Amc.Profiling;

/// <summary>What memory a training step takes, found without computing one.</summary>
/// <param name="Config">The configuration's file.</param>
/// <param name="WeightCount">Trained weights.</param>
/// <param name="BatchSize">Samples a step, of one rank.</param>
/// <param name="Settings">How they are computed.</param>
/// <param name="Memory">What tensors take.</param>
/// <param name="Process">
/// What this process has resident, and batches on the host; null where the system does not tell.
/// </param>
internal sealed record DryProfile(
    string Config, long WeightCount, int BatchSize, MemorySettings Settings, DryMemory Memory, long? Process)
{
    private static readonly JsonSerializerOptions Options =
        new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Ranks that train together; the other numbers are those of the first one.</summary>
    public int Ranks { get; init; } = 1;

    /// <summary>What the process of a run has resident at most, about; null where the system does not tell.</summary>
    public long? Resident => Process + Memory.Touched;

    /// <summary>Steps of a configuration at the longest texts that it allows; no data is opened.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="settings">How a step is computed.</param>
    /// <param name="ranks">Ranks that share each batch equally; the memory is that of the first one.</param>
    public static DryProfile Of(RunConfig config, ITokenizer tokenizer, MemorySettings settings, int ranks = 1)
    {
        using var backend = new DryBackend(remembers: true);
        var (weights, batch) = (0L, config.BatchSize / ranks);
        var memory = DryStep.Longest(config, tokenizer, backend, batch, settings,
            parts => weights = parts.Model.Trainable.Sum(p => (long)p.Shape.Count),
            ranks > 1 ? new DryCommunicator(0, ranks) : null);
        return new DryProfile(config.Path, weights, batch, settings, memory,
            MemoryUse.Resident() + DryStep.HostBytes(config, batch))
        { Ranks = ranks };
    }

    /// <summary>Writes a table for people.</summary>
    public void Write(TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{Config}: {WeightCount / 1e6:0.0} million "
            + $"weights, batch {BatchSize}{(Ranks > 1 ? $" on each of {Ranks} ranks" : "")}, {Settings}; "
            + $"nothing is computed"));
        output.WriteLine($"memory: peak {ProfileText.Size(Memory.Peak)} of tensors, in \"{Memory.PeakPhase}\"");
        var table = new TextTable("held by", "MiB", "share");
        foreach (var (name, bytes) in Memory.Holders)
            table.Add(name, Text($"{bytes / (double)(1 << 20):0.0}"), Text($"{100.0 * bytes / Memory.Peak:0.0} %"));
        table.Write(output);
        output.WriteLine(
            $"pool {ProfileText.Size(Memory.Reserved)} reserved, {ProfileText.Size(Memory.Touched)} of it used; "
            + $"program and batches on the host {Known(Process)}, so that a run has about {Known(Resident)} resident "
            + "at most");
        output.WriteLine(Text($"a step: {Memory.Flop / 1e9:0.0} GFLOP"));
        var phases = new TextTable("phase", "GFLOP", "share");
        foreach (var group in Memory.Phases.GroupBy(p => p.Name.Split('/')[0]))
        {
            Row(group.Key, group.Sum(p => p.Flop));
            foreach (var part in group.Where(p => p.Name != group.Key)) Row("  " + Phase.Part(part.Name), part.Flop);
        }
        phases.Write(output);

        void Row(string name, double flop) =>
            phases.Add(name, Text($"{flop / 1e9:0.0}"), Text($"{100 * flop / Memory.Flop:0.0} %"));
    }

    /// <summary>The same as one JSON object.</summary>
    public string Json() => new JsonObject
    {
        ["config"] = Config,
        ["weights"] = WeightCount,
        ["batch_size"] = BatchSize,
        ["ranks"] = Ranks,
        ["micro_batch"] = Settings.MicroBatch ?? BatchSize,
        ["checkpoint_activations"] = Settings.CheckpointActivations ? "blocks" : "none",
        ["peak_device_bytes"] = Memory.Peak,
        ["peak_phase"] = Memory.PeakPhase,
        ["memory"] = new JsonObject(
            Memory.Holders.Select(h => KeyValuePair.Create(h.Name, (JsonNode?)JsonValue.Create(h.Bytes)))),
        ["pool_reserved"] = Memory.Reserved,
        ["pool_used"] = Memory.Touched,
        ["process_bytes"] = Process,
        ["predicted_rss_bytes"] = Resident,
        ["flop"] = Memory.Flop,
        ["phase_flop"] = new JsonObject(
            Memory.Phases.Select(p => KeyValuePair.Create(p.Name, (JsonNode?)JsonValue.Create(p.Flop)))),
    }.ToJsonString(Options);

    private static string Known(long? bytes) => bytes is { } known ? ProfileText.Size(known) : "unknown";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
