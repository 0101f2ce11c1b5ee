using System.Text.Json;
using AmcEngine.Amc.Configuration;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Training;

/// <summary>
/// What a checkpoint holds beside tensors. The position in the data and the random numbers follow from step and seed.
/// </summary>
/// <param name="Step">Steps done.</param>
/// <param name="OptimizerSteps">Updates of the optimizer.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Config">Every key of the configuration.</param>
internal sealed record CheckpointState(int Step, int OptimizerSteps, ulong Seed, IReadOnlyDictionary<string, string?> Config)
{
    // These say where and how often to write; the numbers of a run do not depend on them.
    private static readonly HashSet<string> Free = ["output", "log_every", "save_every", "grid_scenes", "bert_config", "checkpoint", "checkpoint_key"];

    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true };

    /// <summary>Writes the file.</summary>
    public void Save(string path) => File.WriteAllBytes(path, JsonSerializer.SerializeToUtf8Bytes(this, Options));

    /// <summary>Reads the file.</summary>
    /// <exception cref="SerializationException">It is missing or damaged.</exception>
    public static CheckpointState Load(string path)
    {
        try
        {
            CheckpointState? state = JsonSerializer.Deserialize<CheckpointState>(File.ReadAllText(path));
            if (state?.Config is not null && state.Step >= 0)
                return state;
        }
        catch (Exception e) when (e is JsonException or IOException or NotSupportedException)
        {
            throw new SerializationException($"{path}: the checkpoint's state cannot be read ({e.Message}); use another checkpoint", e);
        }
        throw new SerializationException($"{path}: the checkpoint's state is incomplete; use another checkpoint");
    }

    /// <summary>Checks that a run with this checkpoint's numbers is the run of that configuration.</summary>
    /// <exception cref="ConfigException">A key differs; the message names it.</exception>
    public void RequireSame(RunConfig config, string checkpoint)
    {
        SortedDictionary<string, string?> now = config.Flatten();
        foreach (string key in now.Keys.Union(Config.Keys).Order(StringComparer.Ordinal))
        {
            if (Free.Contains(key))
                continue;
            (string? before, string? after) = (Config.GetValueOrDefault(key), now.GetValueOrDefault(key));
            if (before != after)
                throw new ConfigException($"{checkpoint}: belongs to another configuration: {key} is {Show(before)} there and {Show(after)} here; resume with the configuration the run began with");
        }
    }

    private static string Show(string? value) => value is null ? "not set" : value.Replace("\n", ", ", StringComparison.Ordinal);
}
