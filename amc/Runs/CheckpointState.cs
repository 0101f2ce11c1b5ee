using System.Text.Json;
using System.Text.Json.Serialization;
using AmcEngine.Amc.Configuration;
using AmcEngine.Files;
using AmcEngine.Serialization;

namespace AmcEngine.Amc.Runs;

/// <summary>
/// What a checkpoint holds beside tensors. The position in the data and the random numbers follow from step and seed.
/// </summary>
/// <param name="Step">Steps done.</param>
/// <param name="OptimizerSteps">Updates of the optimizer.</param>
/// <param name="Seed">The seed.</param>
/// <param name="Config">Every key of the configuration, with full paths.</param>
internal sealed record CheckpointState(
    int Step, int OptimizerSteps, ulong Seed, IReadOnlyDictionary<string, string?> Config)
{
    // These say where and how often to write or to look, and how much to compute at a time; the numbers of a run do not
    // depend on them, apart from rounding. A resumed run has the weights, so that it matters no more where they came
    // from.
    private static readonly HashSet<string> Free =
    [
        "output", "log_every", "save_every", "grid_scenes", "tensorboard", "bert_config", "checkpoint",
        "checkpoint_key", "checkpoint_activations", "micro_batch", "text_encoder", "visual_encoder", "max_bad_share",
        "test_file", "test_count", "protocol", "refcoco_data", "det_file", "coco_file", "on_bbox", "image_ids_file",
        "phrase_box_file", "sentences_file", "workers", "cache", "cache_size", "save_async",
        "shard_optimizer",
    ];

    private static readonly JsonSerializerOptions Options = new() { WriteIndented = true };

    /// <summary>The training data; null where it is generated, or where an earlier version saved.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public DataIdentity? Data { get; init; }

    /// <summary>Step at which the run was told to stop before its end, where it has not got there.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public int? StopAfter { get; init; }

    /// <summary>Whether the momentum copies are those that the next step begins with.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool CopiesAhead { get; init; }

    /// <summary>Writes the file.</summary>
    /// <exception cref="FileWriteException">It cannot be written.</exception>
    public void Save(string path) => DurableFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(this, Options));

    /// <summary>Reads the file.</summary>
    /// <exception cref="SerializationException">It is missing or damaged.</exception>
    public static CheckpointState Load(string path)
    {
        try
        {
            var state = JsonSerializer.Deserialize<CheckpointState>(File.ReadAllText(path));
            if (state?.Config is not null && state.Step >= 0)
                return state;
        }
        catch (Exception e)
            when (e is JsonException or IOException or NotSupportedException or UnauthorizedAccessException)
        {
            throw new SerializationException(
                $"{path}: the checkpoint's state cannot be read ({e.Message.TrimEnd('.')}); use another checkpoint", e);
        }
        throw new SerializationException($"{path}: the checkpoint's state is incomplete; use another checkpoint");
    }

    /// <summary>Checks that a run with this checkpoint's numbers is the run of that configuration.</summary>
    /// <exception cref="ConfigException">A key differs; the message names it.</exception>
    public void RequireSame(RunConfig config, string checkpoint)
    {
        if (config.Seed != Seed)
            throw Different(checkpoint, "seed", FormattableString.Invariant($"{Seed}"),
                FormattableString.Invariant($"{config.Seed}"));
        SortedDictionary<string, string?> now = ConfigPaths.Full(config.Flatten()), then = ConfigPaths.Full(Config);
        foreach (var key in now.Keys.Union(then.Keys).Order(StringComparer.Ordinal))
        {
            if (Free.Contains(key) || key.StartsWith("eval_", StringComparison.Ordinal))
                continue;
            // A key that came with a later version was at its default before.
            var before = then.TryGetValue(key, out var stored) ? stored : RunConfig.DefaultText(key);
            var after = now.GetValueOrDefault(key);
            if (before != after && !IsOnlyElsewhere(key, before, after))
                throw Different(checkpoint, key, before, after);
        }
    }

    // Annotation files are known by what they hold. Other files may have moved: then they are no more where they were.
    private bool IsOnlyElsewhere(string key, string? before, string? after) =>
        (key is "train_file" or "relation_file" && Data is not null)
        || (ConfigPaths.Contains(key) && before is not null && !ConfigPaths.Exist(before) && ConfigPaths.Exist(after));

    private static ConfigException Different(string checkpoint, string key, string? before, string? after) =>
        new($"{checkpoint}: belongs to another configuration: {key} is {Show(before)} there and {Show(after)} here; "
            + "resume with the configuration the run began with, which the run holds: leave --config, --set and "
            + "--seed out");

    private static string Show(string? value) =>
        value is null ? "not set" : value.Replace("\n", ", ", StringComparison.Ordinal);
}
