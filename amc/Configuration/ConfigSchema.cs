using static AmcEngine.Amc.Configuration.ConfigKind;
using BadBounds = AmcEngine.DataTools.BadBounds;
using DatasetRegistry = AmcEngine.DataTools.DatasetRegistry;

namespace AmcEngine.Amc.Configuration;

/// <summary>
/// Every key that a configuration may hold: the reference's own names first (so that its files load unchanged, its
/// spelling <c>schedular</c> included), then those of this project.
/// </summary>
internal static class ConfigSchema
{
    /// <summary>What the numbers of a box mean: the names, as a help page shows them.</summary>
    public const string BoxFormats = "auto|xyxy|xywh|normalised";

    /// <summary>The one of <see cref="BoxFormats"/> where none is given.</summary>
    public const string DefaultBoxFormat = "auto";

    /// <summary>All keys.</summary>
    public static IReadOnlyList<ConfigKey> Keys { get; } =
    [
        .. ReferenceKeys(), .. RelationKeys(), .. EvaluationFileKeys(), .. DataKeys(), .. ModelKeys(),
        .. TrainingKeys(),
    ];

    private static readonly Dictionary<string, ConfigKey> ByPath = Keys.ToDictionary(
        k => k.Path, StringComparer.Ordinal);

    private static readonly HashSet<string> Sections =
        [.. Keys.Where(k => k.Path.Contains('.', StringComparison.Ordinal)).Select(
            k => k.Path[..k.Path.IndexOf('.', StringComparison.Ordinal)])];

    /// <summary>The key of that name, or null.</summary>
    public static ConfigKey? Find(string path) => ByPath.GetValueOrDefault(path);

    /// <summary>Whether the name is that of a section, such as <c>optimizer</c>.</summary>
    public static bool IsSection(string name) => Sections.Contains(name);

    /// <summary>Every name that a configuration may hold: keys and sections.</summary>
    public static IEnumerable<string> Names => ByPath.Keys.Concat(Sections);

    /// <summary>The error for a name that is no key, with the nearest one.</summary>
    public static ConfigException Unknown(string path, string where)
    {
        path = MessageText.Quote(path);
        var nearest = Names.OrderBy(k => Distance(path, k)).ThenBy(k => k, StringComparer.Ordinal).First();
        return new ConfigException($"{where}: unknown key \"{path}\"; did you mean \"{nearest}\"?");
    }

    // A key given outside its section ("lr" for "optimizer.lr") is as near as one letter off.
    private static int Distance(string path, string key) =>
        key.EndsWith("." + path, StringComparison.Ordinal) ? 1 : EditDistance.Between(path, key);

    private static ConfigKey[] ReferenceKeys() =>
    [
        new("train_file", TextList, null) { IsPath = true },
        new("test_file", TextList, null) { IsPath = true },
        new("image_root", Text, null) { IsPath = true },
        new("bert_config", Text, null) { IsPath = true },
        new("image_res", Integer, 256, 8, 4096),
        new("vision_width", Integer, 768, 1, 65536),
        new("embed_dim", Integer, 256, 1, 65536),
        new("batch_size", Integer, 64, 1, 65536),
        new("temp", Real, 0.07, 0.001, 0.5),
        new("mlm_probability", Real, 0.15, 0, 1),
        new("queue_size", Integer, 65536, 1, 1 << 24),
        new("momentum", Real, 0.995, 0, 1),
        new("alpha", Real, 0.4, 0, 1),
        new("distill", Truth, true),
        new("warm_up", Truth, true),
        new("phrase_input", Truth, true),
        new("max_words", Integer, 50, 1, 512),
        new("add_gcam", Truth, true),
        new("mask_all", Truth, false),
        new("mask_size", Integer, null, 1, 4096),
        new("optimizer.opt", Choice, "adamW", Choices: ["adamW"]),
        new("optimizer.lr", Real, 1e-5, 0, 10),
        new("optimizer.weight_decay", Real, 0.02, 0, 1),
        new("schedular.sched", Choice, "cosine", Choices: ["cosine"]),
        new("schedular.lr", Real, null, 0, 10),
        new("schedular.epochs", Integer, 30, 1, 1_000_000),
        new("schedular.min_lr", Real, 1e-6, 0, 10),
        new("schedular.decay_rate", Real, 1.0, 0, 1),
        new("schedular.warmup_lr", Real, 1e-6, 0, 10),
        new("schedular.warmup_epochs", Integer, 20, 0, 1_000_000),
        new("schedular.cooldown_epochs", Integer, 0, 0, 1_000_000),
    ];

    /// <summary>What a key of SelfEQ's second optimizer or schedule has before the name of the first one's.</summary>
    public const string RelationPrefix = "relation_";

    // SelfEQ's files have a second list of data, with an optimizer and a schedule of its own.
    private static IEnumerable<ConfigKey> RelationKeys() =>
    [
        new("relation_file", TextList, null) { IsPath = true },
        .. ReferenceKeys().Where(k => k.Path.StartsWith("optimizer.", StringComparison.Ordinal)
            || k.Path.StartsWith("schedular.", StringComparison.Ordinal))
            .Select(k => k with { Path = RelationPrefix + k.Path, Default = null }),
    ];

    // The reference's evaluation files name them.
    private static ConfigKey[] EvaluationFileKeys() =>
    [
        new("refcoco_data", Text, null) { IsPath = true },
        new("det_file", Text, null) { IsPath = true },
        new("coco_file", Text, null) { IsPath = true },
        new("on_bbox", Truth, false),
        new("image_ids_file", TextList, null) { IsPath = true },
        new("phrase_box_file", TextList, null) { IsPath = true },
        new("sentences_file", TextList, null) { IsPath = true },
    ];

    private static ConfigKey[] DataKeys() =>
    [
        new("dataset", Choice, "annotations",
            Choices: ["annotations", .. DatasetRegistry.Generated.Select(d => d.Name)]),
        new("train_count", Integer, 20_000, 1, 100_000_000),
        new("test_count", Integer, 512, 1, 1_000_000),
        new("data_seed", Integer, 0, 0, int.MaxValue),
        new("region_kind", Choice, "box", Choices: ["box", "polygon", "mask", "points", "scribble", "mixed"]),
        new("region_share", Real, 1.0, 0, 1),
        new("fashion_folder", Text, null) { IsPath = true },
        new("vocab_file", Text, null) { IsPath = true },
        new("max_tokens", Integer, 25, 2, 512),
        new("min_tokens", Integer, null, 1, 512),
        new("augment", Truth, null),
        new("augmentation", Choice, "amc", Choices: ["amc", "albef", "grounding"]),
        new("protocol", Choice, "reference", Choices: ["reference", "fixed", "wwbl", "mdetr", "torchray"]),
        new("eval_resize", Choice, "bilinear", Choices: ["bilinear", "bicubic"]),
        new("eval_crop", Choice, "square", Choices: ["square", "crop"]),
        new("bad_pictures", Choice, "load", Choices: ["load", "skip", "error"]),
        new("max_bad_share", Real, BadBounds.DefaultShare, 0, 1),
        new("box_format", Choice, DefaultBoxFormat, Choices: BoxFormats.Split('|')),
        new("exif", Choice, "apply", Choices: ["apply", "ignore"]),
        new("workers", Integer, null, 1, 256) { IsAutomatic = true },
        new("fast_decode", Truth, false),
        new("cache", Text, null) { IsPath = true },
        new("cache_size", Real, 20.0, 0.001, 1e6),
    ];

    private static ConfigKey[] ModelKeys() =>
    [
        new("model", Choice, "albef", Choices: ["albef", "clip", "blip"]),
        new("explain.mode", Choice, null, Choices: ["itm", "itc"]),
        new("explain.layer", Integer, null, 0, 255),
        new("explain.tokens", Choice, null, Choices: ["all", "words"]),
        new("patch_size", Integer, 16, 1, 256),
        new("vision_depth", Integer, 12, 1, 256),
        new("vision_heads", Integer, 12, 1, 256),
        new("text_width", Integer, 768, 1, 65536),
        new("text_heads", Integer, 12, 1, 256),
        new("text_ffn", Integer, null, 1, 1 << 20),
        new("text_layers", Integer, 6, 1, 256),
        new("fusion_layers", Integer, 6, 1, 256),
        new("max_positions", Integer, 512, 2, 65536),
        new("vocab_size", Integer, null, 4, 1 << 24),
        new("dropout", Real, 0.1, 0, 0.99),
        new("attention_dropout", Real, null, 0, 0.99),
        new("mlm_distill_axis", Choice, "sequence", Choices: ["sequence", "vocab"]),
        new("same_picture", Choice, null, Choices: ["negative", "positive"]),
        new("amc.layer", Integer, null, 0, 255),
        new("amc.mean_weight", Real, 0.2, 0, 1e6),
        new("amc.mean_margin", Real, 0.1, 0, 1),
        new("amc.max_weight", Real, 0.8, 0, 1e6),
        new("amc.max_margin", Real, 0.5, 0, 1),
        new("add_selfeq", Truth, false),
        new("selfeq.weight", Real, 1.0, 0, 1e6),
        new("selfeq.threshold", Real, 0.8, 0, 2),
        new("selfeq.target", Real, 0.4, 0, 1),
        new("selfeq.consistency", Real, 0.5, 0, 1e6),
    ];

    // Over the samples of each rank, or of all.
    private static string[] Scopes => ["local", "global"];

    private static ConfigKey[] TrainingKeys() =>
    [
        new("micro_batch", IntegerOrAuto, null, 1, 65536),
        new("contrastive", Choice, "local", Choices: Scopes),
        new("negatives", Choice, "local", Choices: Scopes),
        new("mlm_pool", Choice, "local", Choices: Scopes),
        new("amc_pool", Choice, "local", Choices: Scopes),
        new("shard_optimizer", Truth, false),
        new("seed", Integer, 42, 0, int.MaxValue),
        new("output", Text, null) { IsPath = true },
        new("checkpoint", Text, null) { IsPath = true },
        new("checkpoint_key", Text, null),
        new("checkpoint_activations", Choice, "none", Choices: ["none", "blocks", "auto"]),
        new("text_encoder", Text, null) { IsPath = true },
        new("visual_encoder", Text, null) { IsPath = true },
        new("steps", Integer, null, 1, 100_000_000),
        new("alpha_ramp_steps", Integer, null, 1, 100_000_000),
        new("schedular.warmup_steps", Integer, null, 0, 100_000_000),
        new("schedular.final_fraction", Real, 0.05, 0, 1),
        new("log_every", Integer, 10, 1, 1_000_000),
        new("save_every", Integer, 500, 1, 100_000_000),
        new("save_async", Truth, true),
        new("eval_every", Integer, null, 1, 100_000_000),
        new("eval_steps", IntegerList, null),
        new("eval_batch", Integer, 32, 1, 4096),
        new("grid_scenes", Integer, 6, 0, 24),
        new("tensorboard", Truth, true),
    ];
}
