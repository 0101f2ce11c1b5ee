using AmcEngine.Amc.Configuration;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Configuration;

/// <summary>
/// Every key of the schema, in turn: a change of its value changes what is computed or shown, or else a line says that
/// it has no effect; never both and never neither.
/// </summary>
[TestFixture]
internal sealed class KeyEffectTests
{
    // What each key is changed to. Where a key needs other settings to matter at all, they stand behind it.
    private static readonly Dictionary<string, Change> Changes = new()
    {
        ["train_file"] = new("{folder}/other.json"),
        ["test_file"] = new("{folder}/other.json"),
        ["image_root"] = new("{folder}/nowhere"),
        ["bert_config"] = new("{folder}/bert.json"),
        ["image_res"] = new("48"),
        ["vision_width"] = new("32"),
        ["embed_dim"] = new("12"),
        ["batch_size"] = new("2"),
        ["temp"] = new("0.2"),
        ["mlm_probability"] = new("0.9"),
        ["queue_size"] = new("20"),
        ["momentum"] = new("0.5"),
        ["alpha"] = new("0.9"),
        ["distill"] = new("false"),
        ["warm_up"] = new("false"),
        ["phrase_input"] = new("false"),
        ["max_words"] = new("2"),
        ["add_gcam"] = new("false"),
        ["mask_all"] = new("true"),
        ["mask_size"] = new("16"),
        ["optimizer.lr"] = new("1e-2", "schedular.lr=null"),
        ["optimizer.weight_decay"] = new("0.9"),
        ["schedular.lr"] = new("1e-2"),
        ["schedular.epochs"] = new("7"),
        ["schedular.min_lr"] = new("1e-4"),
        ["schedular.decay_rate"] = new("0.5"),
        ["schedular.warmup_lr"] = new("1e-4"),
        ["schedular.warmup_epochs"] = new("5"),
        ["schedular.cooldown_epochs"] = new("3"),
        ["relation_file"] = new("{folder}/other.json"),
        ["relation_optimizer.lr"] = new("1e-2"),
        ["relation_optimizer.weight_decay"] = new("0.9"),
        ["relation_schedular.lr"] = new("1e-2"),
        ["relation_schedular.epochs"] = new("7"),
        ["relation_schedular.min_lr"] = new("1e-4"),
        ["relation_schedular.decay_rate"] = new("0.5"),
        ["relation_schedular.warmup_lr"] = new("1e-4"),
        ["relation_schedular.warmup_epochs"] = new("5"),
        ["relation_schedular.cooldown_epochs"] = new("3"),
        ["refcoco_data"] = new("data"),
        ["det_file"] = new("dets.json"),
        ["coco_file"] = new("cocos.json"),
        ["on_bbox"] = new("true"),
        ["image_ids_file"] = new("val.txt"),
        ["phrase_box_file"] = new("boxes.json"),
        ["sentences_file"] = new("sentences.json"),
        ["dataset"] = new("scenes", "test_count=4"),
        ["train_count"] = new("12", "dataset=scenes", "test_count=4"),
        ["test_count"] = new("3", "dataset=scenes", "test_count=4"),
        ["data_seed"] = new("5", "dataset=scenes", "test_count=4"),
        ["region_kind"] = new("points", "dataset=scenes", "test_count=4"),
        ["region_share"] = new("0.5", "dataset=scenes", "test_count=4"),
        ["fashion_folder"] = new("/nowhere/fashion", "dataset=fashion-scenes", "test_count=4", "image_res=64"),
        ["vocab_file"] = new("{folder}/other-vocab.txt"),
        ["max_tokens"] = new("3"),
        ["min_tokens"] = new("9"),
        ["augment"] = new("false"),
        ["augmentation"] = new("albef"),
        ["protocol"] = new("torchray"),
        ["eval_resize"] = new("bicubic"),
        ["eval_crop"] = new("crop"),
        ["bad_pictures"] = new("error", "train_file={folder}/cut.json"),
        ["max_bad_share"] = new("0.9", "train_file={folder}/bad.json"),
        ["box_format"] = new("xywh"),
        ["exif"] = new("ignore", "train_file={folder}/turned.json"),
        ["workers"] = new("9"),
        ["fast_decode"] = new("true", "train_file={folder}/large.json"),
        ["cache"] = new("{folder}/cache"),
        ["cache_size"] = new("7", "cache={folder}/cache"),
        ["model"] = new("blip"),
        ["explain.mode"] = new("itc"),
        ["explain.layer"] = new("2"),
        ["explain.tokens"] = new("words"),
        ["patch_size"] = new("16"),
        ["vision_depth"] = new("2"),
        ["vision_heads"] = new("4"),
        ["text_width"] = new("32"),
        ["text_heads"] = new("4"),
        ["text_ffn"] = new("40"),
        ["text_layers"] = new("2"),
        ["fusion_layers"] = new("3"),
        ["max_positions"] = new("60"),
        ["vocab_size"] = new("90"),
        ["dropout"] = new("0.3"),
        ["attention_dropout"] = new("0.3"),
        ["mlm_distill_axis"] = new("vocab"),
        ["same_picture"] = new("positive"),
        ["amc.layer"] = new("2"),
        ["amc.mean_weight"] = new("0.7"),
        ["amc.mean_margin"] = new("0.6"),
        ["amc.max_weight"] = new("0.3"),
        ["amc.max_margin"] = new("0.9"),
        ["add_selfeq"] = new("true"),
        ["selfeq.weight"] = new("0.3", "add_selfeq=true"),
        ["selfeq.threshold"] = new("1.7", "add_selfeq=true"),
        ["selfeq.target"] = new("0.9", "add_selfeq=true"),
        ["selfeq.consistency"] = new("0.1", "add_selfeq=true"),
        ["micro_batch"] = new("3"),
        ["contrastive"] = new("global"),
        ["negatives"] = new("global"),
        ["mlm_pool"] = new("global"),
        ["amc_pool"] = new("global"),
        ["shard_optimizer"] = new("true"),
        ["seed"] = new("43"),
        ["output"] = new("{folder}/elsewhere"),
        ["checkpoint"] = new("/nowhere.safetensors"),
        ["checkpoint_key"] = new("elsewhere", "checkpoint={folder}/run"),
        ["text_encoder"] = new("/nowhere.bin"),
        ["visual_encoder"] = new("/nowhere.pth"),
        ["steps"] = new("9"),
        ["alpha_ramp_steps"] = new("2"),
        ["schedular.warmup_steps"] = new("3"),
        ["schedular.final_fraction"] = new("0.5", "steps=9"),
        ["checkpoint_activations"] = new("blocks"),
        ["log_every"] = new("2"),
        ["save_every"] = new("7"),
        ["save_async"] = new("false"),
        ["eval_every"] = new("3"),
        ["eval_steps"] = new("[5]"),
        ["eval_batch"] = new("1"),
        ["grid_scenes"] = new("0"),
        ["tensorboard"] = new("false"),
    };

    // Settings under which a key that acts elsewhere does nothing.
    private static readonly (string[] Under, string Key, string Value)[] Idle =
    [
        (["relation_file={folder}/other.json"], "amc.mean_weight", "0.7"),
        (["relation_file={folder}/other.json"], "amc.max_margin", "0.9"),
        (["relation_file={folder}/other.json"], "add_gcam", "true"),
        (["dataset=scenes", "test_count=4"], "relation_file", "{folder}/other.json"),
        (["dataset=scenes", "test_count=4"], "augmentation", "grounding"),
        (["augment=false"], "augmentation", "albef"),
        (["dataset=scenes", "test_count=4"], "refcoco_data", "data"),
        (["dataset=scenes", "test_count=4"], "image_ids_file", "val.txt"),
        (["steps=9"], "schedular.epochs", "7"),
        (["steps=9"], "schedular.min_lr", "1e-4"),
        (["steps=9"], "schedular.warmup_lr", "1e-4"),
        (["schedular.warmup_steps=3"], "schedular.warmup_epochs", "5"),
        ([], "schedular.final_fraction", "0.5"),
        (["alpha_ramp_steps=2"], "warm_up", "false"),
        (["distill=false"], "alpha", "0.9"),
        (["distill=false"], "warm_up", "false"),
        (["distill=false"], "alpha_ramp_steps", "2"),
        (["distill=false"], "mlm_distill_axis", "vocab"),
        (["alpha=0"], "alpha_ramp_steps", "2"),
        (["alpha=0"], "warm_up", "false"),
        (["alpha=0"], "mlm_distill_axis", "vocab"),
        ([], "selfeq.weight", "0.3"),
        ([], "selfeq.threshold", "1.7"),
        ([], "selfeq.target", "0.9"),
        ([], "selfeq.consistency", "0.1"),
        (["add_gcam=false"], "amc.mean_weight", "0.7"),
        (["add_gcam=false"], "amc.mean_margin", "0.6"),
        (["add_gcam=false"], "amc.max_weight", "0.3"),
        (["add_gcam=false"], "amc.max_margin", "0.9"),
        (["checkpoint={folder}/run"], "temp", "0.2"),
        (["dataset=scenes", "test_count=4", "train_file=null"], "train_file", "{folder}/other.json"),
        (["dataset=scenes", "test_count=4", "test_file=null"], "test_file", "{folder}/other.json"),
        (["dataset=scenes", "test_count=4", "image_root=null"], "image_root", "{folder}/nowhere"),
        (["dataset=scenes", "test_count=4"], "max_words", "2"),
        (["dataset=scenes", "test_count=4"], "eval_resize", "bicubic"),
        (["dataset=scenes", "test_count=4"], "eval_crop", "crop"),
        (["eval_crop=crop"], "eval_resize", "bicubic"),
        (["dataset=scenes", "test_count=4"], "fashion_folder", "/nowhere"),
        (["dataset=scenes", "test_count=4"], "bad_pictures", "error"),
        (["dataset=scenes", "test_count=4"], "max_bad_share", "0.9"),
        (["dataset=scenes", "test_count=4"], "box_format", "xywh"),
        (["dataset=scenes", "test_count=4"], "exif", "ignore"),
        (["dataset=scenes", "test_count=4"], "fast_decode", "true"),
        (["dataset=scenes", "test_count=4"], "cache", "{folder}/cache"),
        (["dataset=scenes", "test_count=4"], "cache_size", "7"),
        ([], "cache_size", "7"),
        (["train_file={folder}/large.json", "augmentation=albef", "cache={folder}/cache"], "fast_decode", "true"),
        (["dataset=scenes", "test_count=4"], "mask_all", "true"),
        ([], "checkpoint_key", "model"),
        (["explain.mode=itc"], "explain.tokens", "words"),
        .. Clip("explain.tokens", "words"), .. Clip("fusion_layers", "3"), .. Clip("text_ffn", "40"),
        .. Clip("dropout", "0.3"), .. Clip("attention_dropout", "0.3"), .. Clip("queue_size", "20"), .. Clip("momentum",
            "0.5"), .. Clip("alpha", "0.9"), .. Clip("alpha_ramp_steps", "2"), .. Clip("distill", "false"),
        .. Clip("warm_up", "false"), .. Clip("mlm_probability", "0.9"), .. Clip("mlm_distill_axis", "vocab"),
        .. Clip("same_picture", "positive"),
        (["model=blip"], "fusion_layers", "3"),
        (["model=blip"], "mlm_probability", "0.9"),
        (["model=blip"], "mlm_distill_axis", "vocab"),
        ([], "train_count", "12"),
        ([], "test_count", "3"),
        ([], "data_seed", "5"),
        ([], "region_kind", "points"),
        ([], "region_share", "0.5"),
        (["dataset=scenes", "test_count=4", "region_share=0"], "region_kind", "points"),
        ([], "fashion_folder", "/nowhere"),
        (["test_file=null"], "eval_every", "3"),
        (["test_file=null"], "eval_steps", "[5]"),
        (["test_file=null"], "eval_batch", "1"),
        (["test_file=null"], "eval_resize", "bicubic"),
        (["test_file=null"], "eval_crop", "crop"),
        (["test_file=null"], "grid_scenes", "0"),
    ];

    // CLIP brings its own vocabulary.
    private static (string[] Under, string Key, string Value)[] Clip(string key, string value) =>
        [(["model=clip", "vocab_file=null"], key, value)];

    // These show at the end of a run.
    private static readonly string[] AtTheEnd = ["eval_batch", "eval_resize", "eval_crop", "grid_scenes"];

    private readonly Dictionary<(string Under, bool Whole), string> _bases = [];
    private TempFolder _folder = null!;
    private ConfigProbe _probe = null!;

    [OneTimeSetUp]
    public void MakeData()
    {
        _folder = new TempFolder();
        _probe = new ConfigProbe(_folder);
    }

    [OneTimeTearDown]
    public void DeleteData() => _folder.Dispose();

    private static IEnumerable<string> Keys =>
        ConfigSchema.Keys.Where(k => k.Kind != ConfigKind.Choice || k.Choices.Length > 1).Select(k => k.Path);

    private static IEnumerable<TestCaseData> IdleCases =>
        Idle.Select(i => new TestCaseData(i.Under, i.Key, i.Value).SetName($"{i.Key} says that it does nothing with "
            + $"{(i.Under.Length == 0 ? "the rest as it is" : string.Join(" ", i.Under))}"));

    [TestCaseSource(nameof(Keys))]
    public void A_key_acts_or_says_that_it_does_not(string key)
    {
        Assert.That(Changes, Does.ContainKey(key), "a new key: say here what to change it to");
        var change = Changes[key];
        var acts = Observe(change.Under, key, change.Value) != Base(change.Under, key);
        Assert.That(acts, Is.Not.EqualTo(Says(change.Under, key, change.Value)),
            acts ? "it acts, and a line says that it does not" : "it does nothing, and no line says so");
    }

    [TestCaseSource(nameof(IdleCases))]
    public void A_key_without_effect_is_named(string[] under, string key, string value)
    {
        Assert.That(Says(under, key, value), "a line names it");
        Assert.That(Observe(under, key, value), Is.EqualTo(Base(under, key)), "and it does nothing");
    }

    [Test]
    public void Nothing_is_said_of_the_configuration_that_the_tests_begin_with() =>
        Assert.That(_probe.Notes([]), Is.Empty);

    [TestCase("scenes")]
    [TestCase("clip-scenes")]
    [TestCase("clip-base")]
    [TestCase("blip-scenes")]
    [TestCase("blip-base")]
    [TestCase("fashion-amc")]
    [TestCase("fashion-base")]
    [TestCase("albef-base")]
    [TestCase("profile-base")]
    public void Nothing_is_said_of_the_shipped_configurations(string name)
    {
        var config = RunConfig.Load(Path.Combine(GoldenFiles.Root, "configs", $"{name}.yaml"));
        Assert.That(ConfigNotes.For(config, ConfigUse.Training | ConfigUse.Evaluation), Is.Empty);
    }

    private string Observe(string[] under, string key, string value) =>
        _probe.Observe([.. under, $"{key}={value}"], AtTheEnd.Contains(key));

    private string Base(string[] under, string key)
    {
        var name = (string.Join(' ', under), AtTheEnd.Contains(key));
        return _bases.TryGetValue(name, out var known) ? known : _bases[name] = _probe.Observe(under, name.Item2);
    }

    private bool Says(string[] under, string key, string value) =>
        _probe.Notes([.. under, $"{key}={value}"]).Any(
            n => n.StartsWith($"{key} has no effect here: ", StringComparison.Ordinal));

    private sealed record Change(string Value, params string[] Under);
}
