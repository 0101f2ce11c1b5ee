using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// What the command line says of settings: keys without effect, the vocabulary, home folders, and errors of one screen
/// line.
/// </summary>
[TestFixture]
internal sealed class ConfigurationTests : FolderTests
{
    // The form of the files that the reference publishes for training and for its benchmark: no vocabulary, no sizes of
    // this project.
    private const string Reference = """
        train_file: ['{0}/annotations.json']
        test_file: ['{0}/annotations.json']
        image_root: '{0}'
        bert_config: '{0}/config_bert.json'
        image_res: 32
        vision_width: 16
        embed_dim: 8
        batch_size: 4
        temp: 0.07
        mlm_probability: 0.15
        queue_size: 16
        momentum: 0.995
        alpha: 0.4
        distill: True
        warm_up: True
        phrase_input: True
        max_words: 50
        add_gcam: True
        mask_all: False
        mask_size: 32
        refcoco_data: '{0}'
        det_file: '{0}/dets.json'
        coco_file: '{0}/cocos.json'
        on_bbox: True
        optimizer: {{opt: adamW, lr: 1e-5, weight_decay: 0.02}}
        schedular: {{sched: cosine, lr: 1e-5, epochs: 1, min_lr: 1e-6, decay_rate: 1, warmup_lr: 1e-6, warmup_epochs: 20, cooldown_epochs: 0}}
        """;

    private static readonly string[] Small =
    [
        "--set", "vision_depth=1", "vision_heads=2", "patch_size=8", "grid_scenes=1", "log_every=1"
    ];

    [Test]
    public void The_references_file_trains_and_evaluates_with_the_vocabulary_built_in()
    {
        SceneExporter.Export(SceneKinds.Create("scenes", 40), _folder.Path, 8, 1, SceneSplit.Train, SceneFormat.Png);
        _folder.Write("config_bert.json",
            """{"hidden_size": 16, "num_attention_heads": 2, "intermediate_size": 32, "num_hidden_layers": 2, "fusion_layer": 1, "encoder_width": 16, "vocab_size": 30522, "hidden_act": "gelu"}""");
        string config = _folder.Write("Grounding.yaml", string.Format(Reference, _folder.Path)),
            run = _folder.PathOf("run");
        var answer = Amcx.Run(["train", "--config", config, "--output", run, "--steps", "1", .. Small]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(Lines(answer.Out).Count(l => l.StartsWith("vocabulary: bert-base-uncased, built in",
            StringComparison.Ordinal) && l.Contains("30522 words")), Is.EqualTo(1));
        var vocabulary = File.ReadAllLines(Path.Combine(run, "checkpoints", "last", "vocab.txt"));
        Assert.That((vocabulary.Length, vocabulary[0], vocabulary[101]), Is.EqualTo((30522, "[PAD]", "[CLS]")),
            "the checkpoint holds it as any other");

        var evaluated = Amcx.Run(["eval", "--config", config, "--checkpoint", run, .. Small]);
        Assert.That(evaluated.Code, Is.Zero, evaluated.Error);
        Assert.That(Notes(answer), Is.EquivalentTo(new[] { "on_bbox", "det_file", "coco_file" }));
        Assert.That(Notes(evaluated), Is.EquivalentTo(new[] { "on_bbox", "det_file:", "coco_file" }));
        Assert.That(Lines(evaluated.Error), Has.One.Contains("dets.json is no file"));
        Assert.That(Lines(evaluated.Error).Where(l => !l.StartsWith("note: ", StringComparison.Ordinal)),
            Has.One.Contains("test pictures were in the model's training list"), "both files are the same");

        static IEnumerable<string> Notes(Answer answer) => Lines(answer.Error).Where(
            l => l.StartsWith("note: ", StringComparison.Ordinal)).Select(l => l.Split(' ')[1]);
    }

    [Test]
    public void The_vocabulary_of_a_run_is_named()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig),
            own = _folder.Write("words.txt", "[PAD]\n[UNK]\n[CLS]\n[MASK]\nred");
        Assert.That(Lines(Amcx.Run("train", "--config", config, "--output", _folder.PathOf("a"), "--steps", "1").Out),
            Has.One.StartsWith("vocabulary: that of scenes, "));
        Assert.That(Lines(Amcx.Run("train", "--config", config, "--output", _folder.PathOf("b"), "--steps", "1",
            "--set", $"vocab_file={own}").Out), Has.One.EqualTo($"vocabulary: {own}, 5 words"));
    }

    [Test]
    public void Keys_without_effect_are_named_once_by_each_command()
    {
        string config = _folder.Write("idle.yaml", Amcx.TinyConfig
            + "on_bbox: true\nwarm_up: false\nmax_words: 3\nbert_config: bert.json\n"), run = _folder.PathOf("run");
        _folder.Write("bert.json", """{"initializer_range": 0.5}""");
        string[] training = ["initializer_range", "on_bbox", "warm_up", "max_words"];
        AssertNotes(Amcx.Run("train", "--config", config, "--output", run, "--steps", "1"), training);
        AssertNotes(Amcx.Run("profile", "--config", config, "--steps", "1", "--warmup", "0"), training);
        AssertNotes(
            Amcx.Run("eval", "--config", config, "--checkpoint", run), "initializer_range", "on_bbox", "max_words");
        string picture = TempFolder.Fixture("rgb16.png"), output = _folder.PathOf("o.png");
        AssertNotes(Amcx.Run("explain", "--config", config, "--checkpoint", run, "--image", picture, "--text",
            "red circle", "--output", output), "initializer_range");
        AssertNotes(
            Amcx.Run("explain", "--checkpoint", run, "--image", picture, "--text", "red circle", "--output", output));
    }

    [Test]
    public void A_checkpoint_is_used_with_its_own_vocabulary()
    {
        (var config, var run) = Amcx.Train(_folder, "--steps", "1");
        string same = Path.Combine(run, "checkpoints", "last", "vocab.txt"),
            other = _folder.Write("other.txt", "[PAD]\n[UNK]\n[CLS]\n[MASK]\nred\n");
        AssertNotes(
            Amcx.Run("eval", "--config", config, "--checkpoint", run, "--set", $"vocab_file={other}"), "vocab_file");
        AssertNotes(Amcx.Run("eval", "--config", config, "--checkpoint", run, "--set", $"vocab_file={same}"));
    }

    [Test]
    public void A_run_that_gives_its_rate_in_the_schedule_alone_is_read_back()
    {
        string config = _folder.Write("rate.yaml", Amcx.TinyConfig.Replace("lr: 1e-3, ", "")
            .Replace("{sched: cosine,", "{sched: cosine, lr: 1e-3,") + "eval_steps: []\n"), run = _folder.PathOf("run");
        Assert.That(Amcx.Run("train", "--config", config, "--output", run, "--steps", "1").Code, Is.Zero);
        var answer = Amcx.Run("explain", "--checkpoint", run, "--image", TempFolder.Fixture("rgb16.png"), "--text",
            "red circle", "--output", _folder.PathOf("o.png"));
        Assert.That((answer.Code, answer.Error), Is.EqualTo((0, "")));
    }

    [Test]
    public void A_tilde_is_the_home_folder_in_every_path_of_the_command_line()
    {
        var home = PathText.Expand("~");
        var options = new ExplainOptions
        {
            Checkpoint = "~/c",
            Image = "~",
            Text = ["~/red"],
            Output = "a~/b",
            Config = "~/d.yaml"
        };
        PathArguments.Expand(options);
        Assert.That((options.Checkpoint, options.Image, options.Text.Single(), options.Output, options.Config),
            Is.EqualTo((Path.Combine(home, "c"), home, "~/red", "a~/b", Path.Combine(home, "d.yaml"))));
        // Through the parser, as a shell passes them on.
        var gone = Path.Combine(home, "no-such-file-of-a-test");
        Amcx.ExpectBadInput(Amcx.Run("train", "--config=~/no-such-file-of-a-test"), gone + ":");
        Amcx.ExpectBadInput(Amcx.Run("verify", "--golden", "~/no-such-file-of-a-test"), gone + ":");
        Amcx.ExpectBadInput(Amcx.Run("data", "inspect", "~/no-such-file-of-a-test"), gone);
        Amcx.ExpectBadInput(Amcx.Run("compare", "a=~/no-such-file-of-a-test"), gone + ":");
    }

    [Test]
    public void Errors_are_one_screen_line_whatever_was_given()
    {
        string much = new('9', 200_000);
        string config = _folder.Write("c.yaml", $"seed: {much}\n"), tiny = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        Answer[] answers =
        [
            Amcx.Run("train", "--config", config),
            Amcx.Run("train", "--config", tiny, "--set", $"seed={much}"),
            Amcx.Run("train", "--config", tiny, "--set", $"{much}=1"),
            Amcx.Run("train", "--config", much),
            Amcx.RunPlain(much),
            Amcx.RunPlain("train", $"--{much}"),
        ];
        foreach (var answer in answers)
        {
            Amcx.ExpectBadInput(answer, "error: ", "…");
            Assert.That(answer.Error.TrimEnd(), Has.Length.LessThanOrEqualTo(MessageText.MaxLine));
        }
        Assert.That(
            answers[0].Error, Does.Contain("line 1: seed: expected a whole number"), "what is wrong is still said");
    }

    [Test]
    public void Escape_sequences_do_not_reach_the_terminal()
    {
        string config = _folder.Write("c.yaml", "\"seed\\e[31m\\u202e\": 1\n"),
            tiny = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        foreach (var answer in new[] { Amcx.Run("train", "--config", config),
            Amcx.Run("train", "--config", config, "--verbose"),
            Amcx.Run("train", "--config", tiny, "--set", "dataset=\e]0;x\a"), Amcx.RunPlain("\e[2J"),
            Amcx.Run("train", "--config", "\e[31mx.yaml") })
        {
            Assert.That(answer.Code, Is.EqualTo(2));
            Assert.That(answer.Error,
                Does.Not.Contain("\e").And.Not.Contain("\a").And.Not.Contain("\u202e").And.Contain("\\u001b"));
        }
    }

    [Test]
    public void A_long_message_keeps_its_beginning_and_its_end()
    {
        var line = MessageText.Line("error: begins here " + new string('x', 1000) + "\r\n; mend it so");
        Assert.That(line, Has.Length.EqualTo(MessageText.MaxLine).And.StartsWith("error: begins here x")
            .And.EndsWith("x ; mend it so").And.Contains("…"));
        Assert.That(
            MessageText.Line("short \t\u200b é日\n"), Is.EqualTo("short  \\u200b é日"), "what can be shown is shown");
        var smile = string.Concat(Enumerable.Repeat("😀", 500));
        foreach (var cut in new[] { MessageText.Line(smile), MessageText.Line("a" + smile), MessageText.Quote(smile),
            MessageText.Quote("a" + smile) })
            Assert.That(cut.EnumerateRunes(), Has.None.EqualTo(System.Text.Rune.ReplacementChar), "no half of a pair");
    }

    private static void AssertNotes(Answer answer, params string[] keys)
    {
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(Lines(answer.Error).Select(l => l.Split(' ')[1]), Is.EquivalentTo(keys));
        Assert.That(Lines(answer.Error), Is.All.StartsWith("note: ").And.All.Contains(" has no effect here: "));
    }

    private static string[] Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
