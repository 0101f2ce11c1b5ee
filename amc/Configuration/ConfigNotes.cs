using AmcEngine.DataTools;

namespace AmcEngine.Amc.Configuration;

/// <summary>What a configuration is loaded for: a key matters to some of it.</summary>
[Flags]
internal enum ConfigUse
{
    /// <summary>Loading a model and asking it.</summary>
    Explanation = 0,

    /// <summary>Training, or measuring it.</summary>
    Training = 1,

    /// <summary>Measuring accuracy on test data.</summary>
    Evaluation = 2,
}

/// <summary>
/// Says which keys that a configuration gives do nothing, and why: a key that is accepted acts, or is named here. A key
/// with its default value is not, so that the reference's own files are not commented line by line.
/// </summary>
internal static class ConfigNotes
{
    private const ConfigUse Both = ConfigUse.Training | ConfigUse.Evaluation;

    private static readonly Rule[] Rules =
    [
        new(Both, _ => true, "a point and a detector's box are both judged where det_file names boxes", "on_bbox"),
        new(ConfigUse.Training, _ => true, "a detector's boxes are scored by eval", "det_file"),
        new(Both, _ => true, "pictures say their own size", "coco_file"),
        new(Both, c => !c.IsGenerated && !c.AsksFlickr, "the questions are those of test_file", "image_ids_file",
            "phrase_box_file", "sentences_file"),
        .. ConfigSchema.Keys.Select(k => k.Path).Where(IsOfSecondOptimizer).Select(key => new Rule(
            ConfigUse.Training, c => !c.AreEqual(key, key[ConfigSchema.RelationPrefix.Length..]),
            "one optimizer and one schedule train both files", key)),
        new(ConfigUse.Training, _ => true,
            "training is watched by the reference's protocol; eval plays by another", "protocol"),
        new(ConfigUse.Training, _ => true, "a caption is taken as it stands, be it a phrase or a sentence",
            "phrase_input"),
        new(ConfigUse.Training, _ => true, "the cosine falls once and has no second cycle", "schedular.decay_rate"),
        new(ConfigUse.Training, _ => true, "training ends after schedular.epochs, or after steps",
            "schedular.cooldown_epochs"),

        new(ConfigUse.Training, c => c.Has("steps"), "steps says how long the run is", "schedular.epochs"),
        new(ConfigUse.Training, c => c.CountsSteps,
            "with steps or schedular.warmup_steps the rate follows warmup_steps and final_fraction", "schedular.min_lr",
            "schedular.warmup_lr", "schedular.warmup_epochs"),
        new(ConfigUse.Training, c => !c.CountsSteps, "without steps the rate falls to schedular.min_lr",
            "schedular.final_fraction"),

        new(ConfigUse.Training, c => !c.Truth("distill"),
            "distill is false, which leaves the momentum teacher's targets out", "alpha", "alpha_ramp_steps", "warm_up",
            "mlm_distill_axis"),
        new(ConfigUse.Training, c => c.Real("alpha") == 0, "alpha is 0", "alpha_ramp_steps", "warm_up",
            "mlm_distill_axis"),
        new(ConfigUse.Training, c => c.Has("alpha_ramp_steps"), "alpha_ramp_steps says how alpha rises", "warm_up"),
        new(ConfigUse.Training, c => !c.TrainsAmc, "boxes are not trained on", "amc.mean_weight", "amc.mean_margin",
            "amc.max_weight", "amc.max_margin"),
        new(ConfigUse.Training, c => !c.Truth("add_selfeq"), "add_selfeq is false", "selfeq.weight", "selfeq.threshold",
            "selfeq.target", "selfeq.consistency"),
        new(ConfigUse.Training, c => c.Has("checkpoint"), "the temperature comes with the checkpoint", "temp"),
        new(ConfigUse.Training, c => !c.Has("checkpoint"), "no checkpoint is given", "checkpoint_key"),

        new(Both, c => c.Model == "clip" || c.OptionalText("explain.mode") == "itc",
            "the class token of the picture is explained, and no words", "explain.tokens"),
        new(Both, c => c.Model == "clip", "CLIP compares both encoders and has no layers that fuse them",
            "fusion_layers", "text_ffn"),
        new(ConfigUse.Training, c => c.Model == "clip", "CLIP's blocks have no dropout", "dropout",
            "attention_dropout"),
        new(ConfigUse.Training, c => c.Model == "clip", "CLIP has no momentum copies and no queue",
            "queue_size", "momentum", "alpha", "alpha_ramp_steps", "distill", "warm_up"),
        new(ConfigUse.Training, c => c.Model == "clip", "to CLIP each picture has one right text", "same_picture"),
        new(Both, c => c.Model == "blip", "every text layer of BLIP looks at the picture", "fusion_layers"),
        new(ConfigUse.Training, c => c.Model != "albef", "only ALBEF trains by masked words", "mlm_probability",
            "mlm_distill_axis"),
        new(ConfigUse.Training, c => c.IsGenerated, "the scenes of \"dataset\" are generated", "train_file",
            "relation_file"),
        new(Both, c => c.IsGenerated, "the scenes of \"dataset\" are generated", "test_file", "image_root",
            "refcoco_data", "image_ids_file", "phrase_box_file", "sentences_file"),
        new(Both, c => c.IsGenerated, "generated phrases are not cut", "max_words"),
        new(Both, c => c.IsGenerated, "generated pictures have the size of image_res already",
            "eval_resize", "eval_crop"),
        new(Both, c => !c.IsGenerated && c.Text("eval_crop") == "crop",
            "a cropped picture is resized by the bicubic rule", "eval_resize"),
        new(Both, c => c.IsGenerated, "generated scenes come from no file", "bad_pictures", "max_bad_share",
            "box_format", "exif"),
        new(ConfigUse.Training, c => c.IsGenerated, "generated scenes come from no file", "fast_decode", "cache",
            "cache_size"),
        new(ConfigUse.Training, c => c.Augments && c.Text("augmentation") == "albef"
                && !string.IsNullOrEmpty(c.OptionalText("cache")),
            "a random crop is cut from the whole picture, which the cache keeps", "fast_decode"),
        new(ConfigUse.Training, c => string.IsNullOrEmpty(c.OptionalText("cache")), "no cache is given", "cache_size"),
        new(ConfigUse.Training, c => !c.Augments, "pictures are not augmented (augment)", "augmentation"),
        new(ConfigUse.Training, c => c.IsGenerated, "a generated scene has one region at most", "mask_all"),
        new(ConfigUse.Training, c => !c.IsGenerated, "all entries of the annotation files are used", "train_count"),
        new(Both, c => !c.IsGenerated, "all entries of the annotation files are used", "test_count"),
        new(Both, c => !c.IsGenerated, "nothing is generated", "data_seed"),
        new(ConfigUse.Training, c => !c.IsGenerated, "the regions are those of the annotation files",
            "region_kind", "region_share"),
        new(ConfigUse.Training, c => c.IsGenerated && c.Real("region_share") == 0, "region_share is 0", "region_kind"),
        new(Both, c => !DatasetRegistry.Generated.Any(d => d.Name == c.Dataset && d.NeedsFiles),
            "only dataset: fashion-scenes has such pictures", "fashion_folder"),
        new(ConfigUse.Training, c => !c.IsGenerated && c.TestFiles.Count == 0,
            "without test_file accuracy is not measured", "eval_every", "eval_steps", "eval_batch", "eval_resize",
            "eval_crop", "grid_scenes"),
    ];

    // Of several ranks each has a part of the batch, and these say what is computed over all parts.
    private static readonly Rule[] RulesOfRanks =
    [
        new(ConfigUse.Training, c => c.Model == "clip", "CLIP's negatives are those of its contrast", "negatives"),
        new(ConfigUse.Training, c => c.Model != "albef", "only ALBEF trains by masked words", "mlm_pool"),
        new(ConfigUse.Training, c => !c.TrainsAmc && !c.Truth("add_selfeq"), "explanations are not trained",
            "amc_pool"),
    ];

    private static readonly Rule[] RulesOfOneProcess =
    [
        new(ConfigUse.Training, _ => true, "one process computes the whole batch", "contrastive", "negatives",
            "mlm_pool", "amc_pool"),
        new(ConfigUse.Training, _ => true, "one process keeps the whole state of the optimizer", "shard_optimizer"),
    ];

    private static bool IsOfSecondOptimizer(string key) =>
        key.StartsWith(ConfigSchema.RelationPrefix, StringComparison.Ordinal) && key.Contains('.');

    /// <summary>A line for each key that is given and does nothing.</summary>
    /// <param name="config">The configuration.</param>
    /// <param name="use">What it is loaded for.</param>
    /// <param name="ranks">Processes that share each batch.</param>
    public static IReadOnlyList<string> For(RunConfig config, ConfigUse use, int ranks = 1) =>
    [
        .. config.Notes,
        .. Rules.Concat(ranks > 1 ? RulesOfRanks : RulesOfOneProcess)
            .Where(r => (r.Use & use) != 0 && r.Applies(config))
            .SelectMany(r => r.Keys.Where(config.Differs).Select(k => (Key: k, r.Why)))
            .DistinctBy(n => n.Key)
            .Select(n => $"{n.Key} has no effect here: {n.Why}"),
    ];

    private sealed record Rule(ConfigUse Use, Func<RunConfig, bool> Applies, string Why, params string[] Keys);
}
