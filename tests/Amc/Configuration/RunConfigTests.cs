using AmcEngine.Amc.Configuration;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Configuration;

[TestFixture]
internal sealed class RunConfigTests : FolderTests
{
    // The keys of the files that ALBEF and AMC publish, with their notations (True, flow mappings, a list over several
    // lines).
    private const string ReferencePretraining = """
        train_file: ['data/a.json',
          'data/b.json']
        # a comment
        image_root: 'vg/'
        image_res: 256
        vision_width: 768
        embed_dim: 256
        batch_size: 64
        temp: 0.07
        mlm_probability: 0.15
        queue_size: 65536
        momentum: 0.995
        alpha: 0.4
        phrase_input: True
        max_words: 50
        add_gcam: True
        mask_all: False
        mask_size: 256
        optimizer: {opt: adamW, lr: 1e-5, weight_decay: 0.02}
        schedular: {sched: cosine, lr: 1e-5, epochs: 30, min_lr: 1e-6, decay_rate: 1, warmup_lr: 1e-6, warmup_epochs: 20, cooldown_epochs: 0}
        """;

    private const string ReferenceEvaluation = """
        test_file: ['data/val.json','data/test.json']
        refcoco_data: 'data'
        det_file: 'data/dets.json'
        coco_file: 'data/cocos.json'
        image_ids_file: ['a.txt', 'b.txt']
        phrase_box_file: ['a.json', 'b.json']
        sentences_file: ['a.json', 'b.json']
        image_root: ''
        image_res: 384
        on_bbox: False
        distill: True
        warm_up: True
        """;

    [Test]
    public void The_references_files_load_unchanged()
    {
        var config = RunConfig.Load(_folder.Write("p.yaml", ReferencePretraining));
        Assert.That(config.Texts("train_file"), Is.EqualTo(new[] { "data/a.json", "data/b.json" }));
        Assert.That((config.Real("optimizer.lr"), config.Integer("schedular.epochs"), config.Truth("add_gcam")),
            Is.EqualTo((1e-5, 30, true)));
        Assert.That(RunConfig.Load(_folder.Write("e.yaml", ReferenceEvaluation)).ImageSize, Is.EqualTo(384));
    }

    [Test]
    public void The_command_line_wins_over_the_file()
    {
        var config = RunConfig.Load(_folder.Write("c.yaml", ReferencePretraining),
            ["optimizer.lr=2e-5", "schedular.lr=2e-5", "eval_steps=[1, 2]", "mask_size=null"]);
        Assert.That(config.Real("optimizer.lr"), Is.EqualTo(2e-5));
        Assert.That(config.Integers("eval_steps"), Is.EqualTo(new[] { 1, 2 }));
        Assert.That(config.OptionalInteger("mask_size"), Is.Null);
    }

    [Test]
    public void A_flattened_configuration_comes_back()
    {
        var config = RunConfig.Load(_folder.Write("c.yaml", ReferencePretraining + "\neval_steps: [1, 2]\n"));
        Assert.That(RunConfig.Restore("state", config.Flatten()).Flatten(), Is.EqualTo(config.Flatten()));
    }

    [Test]
    public void What_the_references_programs_fix_in_code_follows_from_their_keys_unless_the_file_says_otherwise()
    {
        var grounding = Load("refcoco_data: data\n");
        Assert.That((grounding.Integer("max_words"), grounding.Text("eval_resize"), grounding.Real("mlm_probability")),
            Is.EqualTo((30, "bicubic", 0.0)));
        var own = Load("refcoco_data: data\nmax_words: 50\neval_resize: bilinear\nmlm_probability: 0.15\n");
        Assert.That((own.Integer("max_words"), own.Text("eval_resize"), own.Real("mlm_probability")),
            Is.EqualTo((50, "bilinear", 0.15)));
        Assert.That(RunConfig.Restore("state", own.Flatten()).Flatten(), Is.EqualTo(own.Flatten()),
            "a run that is resumed keeps what it had");
        var scenes = Load("refcoco_data: data\ndataset: scenes\n");
        Assert.That((scenes.Integer("max_words"), scenes.Real("mlm_probability")), Is.EqualTo((50, 0.15)));

        var relation = Load("relation_file: [r.json]\ntrain_file: [t.json, r.json]\n");
        Assert.That((relation.Truth("add_selfeq"), relation.TrainsAmc), Is.EqualTo((true, false)));
        Assert.That(relation.TrainFiles, Is.EqualTo(new[] { "t.json", "r.json" }));
        Assert.That(Load("relation_file: [r.json]\nadd_selfeq: false\n").Truth("add_selfeq"), Is.False);
        RunConfig Load(string yaml) => RunConfig.Load(_folder.Write("r.yaml", yaml));
    }

    [Test]
    public void The_lists_of_flickr_must_be_of_one_length()
    {
        var file = _folder.Write("f.yaml", "image_ids_file: [a.txt, b.txt]\nphrase_box_file: [a.json]\n");
        Assert.That(() => RunConfig.Load(file), Throws.TypeOf<ConfigException>().With.Message.EndsWith(
            "image_ids_file: names 2 files, phrase_box_file 1 and sentences_file 0; give as many of each"));
        Assert.That(RunConfig.Load(file, ["test_file=t.json"]).TestFiles, Is.EqualTo(new[] { "t.json" }));
    }

    [Test]
    public void Sizes_of_bert_config_are_defaults()
    {
        _folder.Write("config_bert.json",
            """{"hidden_size": 48, "num_attention_heads": 4, "intermediate_size": 96, "num_hidden_layers": 6, "fusion_layer": 2, "hidden_dropout_prob": 0.3, "vocab_size": 99}""");
        var config = RunConfig.Load(
            _folder.Write("c.yaml", "bert_config: 'configs/config_bert.json'\ntext_heads: 8\n"));
        Assert.That(config.OptionalInteger("vocab_size"), Is.EqualTo(99));
        Assert.That((config.Integer("text_width"), config.Integer("text_heads"), config.Integer("text_layers"),
            config.Integer("fusion_layers"), config.Real("dropout")), Is.EqualTo((48, 8, 2, 4, 0.3)));
    }

    [Test]
    public void A_missing_bert_config_is_named() => Assert.That(
        () => RunConfig.Load(_folder.Write("c.yaml", "bert_config: nowhere/b.json\n")), Throws.TypeOf<ConfigException>()
            .With.Message.Contains("nowhere/b.json"));

    [TestCase("scenes")]
    [TestCase("fashion-amc")]
    [TestCase("fashion-base")]
    [TestCase("albef-base")]
    [TestCase("profile-base")]
    public void The_shipped_configurations_load(string name) =>
        Assert.That(
            () => RunConfig.Load(Path.Combine(GoldenFiles.RepositoryFolder, "..", "..", "configs", $"{name}.yaml")),
            Throws.Nothing);

    [TestCase("kitten", "sitting", 3)]
    [TestCase("", "abc", 3)]
    [TestCase("same", "same", 0)]
    public void Edit_distance_counts_changes(string a, string b, int distance) =>
        Assert.That(EditDistance.Between(a, b), Is.EqualTo(distance));
}
