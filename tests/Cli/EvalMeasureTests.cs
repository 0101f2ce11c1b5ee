using System.Text.Json.Nodes;
using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Protocols, metrics, cache and comparisons on the command line.</summary>
[TestFixture]
internal sealed class EvalMeasureTests() : TrainedOnceTests(steps: 2)
{
    [Test]
    public void Metrics_come_with_intervals_and_parts()
    {
        var (answer, result) = Evaluate();
        JsonObject metrics = result["metrics"]!.AsObject(), parts = result["breakdown"]!.AsObject();
        string[] names = ["pointing_accuracy", "energy", "iou@0.25", "iou@0.5", "iou@0.75", "auc"];
        Assert.That(metrics.Select(m => m.Key), Is.EqualTo(names));
        Assert.That((double)metrics["pointing_accuracy"]!["value"]!, Is.EqualTo((double)result["pointing_accuracy"]!));
        foreach ((var name, var metric) in metrics)
        {
            double low = (double)metric!["low"]!, value = (double)metric["value"]!, high = (double)metric["high"]!;
            Assert.That(value, Is.InRange(low, high), name);
            Assert.That((int)metric["count"]!, Is.EqualTo(6), name);
            Assert.That(answer.Out, Does.Contain($"  {name} "));
        }
        Assert.That(parts.Select(p => p.Key), Is.EqualTo(new[] { "split", "region_size", "phrase_length" }));
        foreach ((var by, var part) in parts)
            Assert.That(part!.AsObject().Sum(p => (int)p.Value!["count"]!), Is.EqualTo(6), by);
    }

    [Test]
    public void Costly_metrics_are_measured_on_request_and_are_the_same_again()
    {
        var (_, first) = Evaluate("--metrics", "insertion,deletion,road,infidelity", "--count", "2");
        var (_, second) = Evaluate("--metrics", "all", "--count", "2");
        Assert.That((int)first["count"]!, Is.EqualTo(2));
        string[] names = ["insertion", "deletion", "road", "infidelity"];
        Assert.That(first["metrics"]!.AsObject().Select(m => m.Key), Is.EqualTo(names.Prepend("pointing_accuracy")));
        foreach (var name in names)
            Assert.That(
                second["metrics"]![name]!.ToJsonString(), Is.EqualTo(first["metrics"]![name]!.ToJsonString()), name);
        var (_, none) = Evaluate("--metrics", "none");
        Assert.That(none["metrics"]!.AsObject(), Has.Count.EqualTo(1));
    }

    [TestCase("fixed", "middle of the first maximum's pixel")]
    [TestCase("torchray", "less than 15 pixels")]
    [TestCase("wwbl", "averaged")]
    [TestCase("mdetr", "IoU of 0.5")]
    public void A_protocol_says_what_it_is(string name, string words)
    {
        var (answer, result) = Evaluate("--protocol", name);
        Assert.That((string)result["protocol"]!, Does.Contain(words));
        var configured = Evaluate("--set", $"protocol={name}").Result;
        Assert.That(configured["metrics"]!.ToJsonString(), Is.EqualTo(result["metrics"]!.ToJsonString()));
        if (name == "mdetr")
            Assert.That(result["metrics"]!.AsObject().Select(m => m.Key),
                Does.Contain("any_box@1").And.Contain("merged_boxes@10"));
        if (name == "wwbl")
            Assert.That(answer.Error, Does.Contain("32 pixels a side"), "scenes are generated in the model's size");
        // Within 15 pixels of something is nearly everywhere in 32.
        if (name == "torchray")
            Assert.That((double)result["random_accuracy"]!, Is.GreaterThan(0.5));
    }

    [Test]
    public void The_reference_protocol_is_the_default_and_its_words_stay()
    {
        var (_, plain) = Evaluate();
        Assert.That((string)plain["protocol"]!, Is.EqualTo(
            "pointing game; gradcam; 32 pixels bilinear; heatmap bicubic to the original size; "
                + "first maximum strictly inside any box"));
        Assert.That(Evaluate("--protocol", "reference").Result["metrics"]!.ToJsonString(),
            Is.EqualTo(plain["metrics"]!.ToJsonString()));
    }

    [Test]
    public void What_is_where_takes_pictures_of_224_pixels_and_leaves_small_ones_out()
    {
        var scenes = Export("wwbl");
        var (_, result) = Evaluate([.. Files(scenes), "--protocol", "wwbl", "--count", "4"]);
        Assert.That((string)result["protocol"]!, Does.Contain("; 224 pixels"));
        Assert.That((int)result["count"]! + (int)result["left_out"]!, Is.EqualTo(4));
        var (answer, kept) = Evaluate([.. Files(scenes), "image_res=32", "--protocol", "wwbl"]);
        Assert.That((string)kept["protocol"]!, Does.Contain("; 32 pixels"));
        Assert.That(answer.Error, Does.Contain("and not the 224 of the protocol wwbl"));
    }

    [Test]
    public void A_cache_gives_the_same_without_the_model()
    {
        var cache = _folder.PathOf("cache");
        string first = _folder.PathOf("first.jsonl"), second = _folder.PathOf("second.jsonl"),
            plain = _folder.PathOf("plain.jsonl");
        Evaluate("--samples", plain);
        Assert.That(
            Evaluate("--cache", cache, "--samples", first).Answer.Error, Does.Contain("0 maps were there, 6 are new"));
        Assert.That(
            Evaluate("--cache", cache, "--samples", second).Answer.Error, Does.Contain("6 maps were there, 0 are new"));
        Assert.That(File.ReadAllText(first), Is.EqualTo(File.ReadAllText(plain)));
        Assert.That(File.ReadAllText(second), Is.EqualTo(File.ReadAllText(plain)));
        Assert.That(Evaluate("--cache", cache, "--method", "attention").Answer.Error,
            Does.Contain("0 maps were there, 6 are new"));
    }

    [Test]
    public void Two_files_of_answers_are_compared()
    {
        string a = _folder.PathOf("a.jsonl"), b = _folder.PathOf("b.jsonl");
        Evaluate("--samples", a);
        Evaluate("--samples", b, "--method", "attention");
        var answer = Amcx.RunPlain("compare", "--samples", a, b);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain($"{b} beside {a}").And.Contain("| pointing_accuracy | ")
            .And.Contain("| energy | ").And.Contain("McNemar"));
        var same = Amcx.RunPlain("compare", "--samples", a, a);
        Assert.That(same.Out, Does.Contain("| 0.0000 | 0.0000 to 0.0000 | 1 | 6 |"));
        Amcx.ExpectBadInput(Amcx.RunPlain("compare", "--samples", a), "two files");
        Amcx.ExpectBadInput(Amcx.RunPlain("compare", "--samples", a, b, "--methods"), "--methods");
        Amcx.ExpectBadInput(Amcx.RunPlain("compare", "--samples", a, _config), _config, "line 1");
    }

    [Test]
    public void Every_checkpoint_of_a_run_is_evaluated()
    {
        string json = _folder.PathOf("curve.json"), png = _folder.PathOf("curve.png");
        var answer = Amcx.Run("eval", "--config", _config, "--checkpoint-dir", _run, "--json", json, "--curve", png);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var steps = EvalFolderCommand.Checkpoints(_run).Select(c => c.Step);
        var points = JsonNode.Parse(File.ReadAllText(json))!.AsArray();
        Assert.That(points.Select(p => (int)p!["step"]!), Is.EqualTo(steps).And.Ordered);
        var single = Evaluate("--checkpoint", (string)points[^1]!["checkpoint"]!, alone: true).Result;
        Assert.That((double)points[^1]!["pointing_accuracy"]!, Is.EqualTo((double)single["pointing_accuracy"]!));
        Assert.That((double)points[^1]!["low"]!, Is.EqualTo((double)single["metrics"]!["pointing_accuracy"]!["low"]!));
        var picture = RgbImage.Load(png);
        Assert.That(picture.Pixels.Distinct().Count(), Is.GreaterThan(20), "something is drawn");
    }

    [Test]
    public void Checkpoints_come_in_the_order_of_their_steps()
    {
        var run = _folder.PathOf("steps");
        foreach ((var name, var step) in new[] { ("last", 12), ("last-good", 9), ("kept", 100), ("next.tmp", 7) })
        {
            var folder = Directory.CreateDirectory(Path.Combine(run, CheckpointLayout.Checkpoints, name)).FullName;
            new CheckpointState(step, step, 1, new Dictionary<string, string?>()).Save(
                Path.Combine(folder, CheckpointLayout.State));
        }
        Assert.That(EvalFolderCommand.Checkpoints(run).Select(c => c.Step), Is.EqualTo(new[] { 9, 12, 100 }));
    }

    [Test]
    public void Test_pictures_that_were_trained_on_are_named()
    {
        var scenes = Export("leak");
        string list = Path.Combine(scenes, SceneExporter.AnnotationFileName), train = _folder.PathOf("trained");
        string[] vocabulary = [$"vocab_file={CheckpointLayout.Last(_run)}/{TokenizerFiles.WordPieces}"];
        var trained = Amcx.Run(["train", "--config", _config, "--output", train, "--steps", "1", .. Files(scenes),
            $"train_file={list}", .. vocabulary]);
        Assert.That(trained.Code, Is.Zero, trained.Error);
        string page = _folder.PathOf("leak.html"), json = _folder.PathOf("leak.json");
        var same = Amcx.Run(["eval", "--config", _config, "--checkpoint", train, "--report", page, "--json", json,
            .. Files(scenes), .. vocabulary]);
        Assert.That(same.Code, Is.Zero, same.Error);
        const string Warning = "6 of 6 test pictures were in the model's training list";
        Assert.That(same.Error, Does.Contain(Warning).And.Contain("000000.png"));
        Assert.That((string?)JsonNode.Parse(File.ReadAllText(json))!["training_overlap"], Does.StartWith(Warning));
        Assert.That(File.ReadAllText(page).Replace("\\u0027", "'"), Does.Contain($"Warning: {Warning}"));
        var other = Amcx.Run(
            ["eval", "--config", _config, "--checkpoint", train, .. Files(Export("other")), .. vocabulary]);
        Assert.That(other.Error, Does.Not.Contain("training list"));
        File.Move(list, list + ".moved");
        var gone = Amcx.Run(
            ["eval", "--config", _config, "--checkpoint", train, .. Files(Export("third")), .. vocabulary]);
        Assert.That(gone.Error, Does.Contain("training list cannot be read any more"));
    }

    [Test]
    public void Methods_are_tried_on_random_weights()
    {
        var answer = Amcx.Run(
            "compare", "--methods", "--sanity", "--config", _config, "--checkpoint", _run, "--count", "6",
            "--rise-masks", "8");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var rows = answer.Out.Split('\n').Where(l => l.StartsWith('|')).ToArray();
        Assert.That(rows[0], Does.EndWith("| rank correlation | SSIM |"));
        Assert.That(rows.Skip(2).Select(r => r.Count(c => c == '|')), Is.All.EqualTo(7));
        Assert.That(Amcx.Run("compare", "--methods", "--config", _config, "--checkpoint", _run, "--count", "2",
            "--rise-masks", "8").Out, Does.Not.Contain("SSIM"));
    }

    [Test]
    public void A_method_that_ignores_the_weights_is_told_from_one_that_reads_them()
    {
        var config = RunConfig.Load(_config, []);
        var checkpoint = CheckpointFile.Find(_run, null);
        var context = new CommandContext(TextWriter.Null, TextWriter.Null);
        var tokenizer = TokenizerChoice.Of(checkpoint, config, context);
        using var backend = new CpuBackend();
        using var model = ModelLoader.Load(checkpoint, config, tokenizer, backend, new LoadOptions(_ => { }));
        var explained = EvaluationSettings.Explained(model, tokenizer, config, ModelKeys.Grounding(config));
        var questions = DataSources.RequireTest(config, null);
        using var random = new RandomModel(
            new CompareOptions { Config = _config, Set = [] }, config, tokenizer, backend);

        SanityResult Check(IExplanationMethod method)
        {
            List<PointingAnswer> answers = [];
            var tally = new PointingTally(answers.Add);
            PointingEvaluator.Run(ExplainerChoice.Create(explained, method), questions, 2, tally: tally);
            return random.Check(new MethodResult(method, tally.Result, answers), questions);
        }

        var middle = Check(new MiddleOfThePicture());
        Assert.That((middle.Reacts, middle.Count), Is.EqualTo((false, questions.Count)));
        Assert.That(middle.RankCorrelation, Is.EqualTo(1).Within(1e-6));
        var attention = Check(new RawAttention());
        Assert.That(attention.Reacts, $"rank correlation {attention.RankCorrelation}");
    }

    [Test]
    public void Arguments_that_do_not_fit_are_one_line()
    {
        string[] eval = ["eval", "--config", _config, "--checkpoint", _run];
        Assert.Multiple(() =>
        {
            Amcx.ExpectBadInput(Amcx.Run([.. eval, "--protocol", "other"]), "--protocol other", "torchray");
            Amcx.ExpectBadInput(Amcx.Run([.. eval, "--metrics", "energy,speed"]), "--metrics speed", "infidelity");
            Amcx.ExpectBadInput(Amcx.Run([.. eval, "--count", "0"]), "--count 0");
            Amcx.ExpectBadInput(Amcx.Run([.. eval, "--boxes", _config]), _config, "JSON");
            Amcx.ExpectBadInput(Amcx.Run([.. eval, "--boxes", _folder.PathOf("none.json")]), "none.json");
            Amcx.ExpectBadInput(Amcx.Run([.. eval, "--cache", _config]), "--cache", _config);
            Amcx.ExpectBadInput(
                Amcx.Run([.. eval, "--protocol", "wwbl", "--metrics", "road"]), "--metrics road", "wwbl");
            Amcx.ExpectBadInput(Amcx.Run([.. eval, "--checkpoint-dir", _run]), "--checkpoint-dir");
            Amcx.ExpectBadInput(Amcx.Run([.. eval, "--curve", _folder.PathOf("c.png")]), "--curve");
            Amcx.ExpectBadInput(Amcx.Run("eval", "--config", _config), "--checkpoint is missing");
            Amcx.ExpectBadInput(
                Amcx.Run("eval", "--config", _config, "--checkpoint-dir", _folder.Path), "holds no checkpoint");
            Amcx.ExpectBadInput(
                Amcx.Run("eval", "--config", _config, "--checkpoint-dir", _run, "--curve", _folder.PathOf("c.txt")),
                "--curve", ".png");
            Amcx.ExpectBadInput(Amcx.Run(
                "eval", "--config", _config, "--checkpoint-dir", _run, "--samples", _folder.PathOf("s")), "--samples");
            Amcx.ExpectBadInput(Amcx.Run("compare", "--sanity", "a=b"), "--sanity");
        });
    }

    private (Answer Answer, JsonObject Result) Evaluate(params string[] more) => Evaluate(more, alone: false);

    private (Answer Answer, JsonObject Result) Evaluate(string option, string value, bool alone) =>
        Evaluate([option, value], alone);

    private (Answer Answer, JsonObject Result) Evaluate(string[] more, bool alone)
    {
        var json = _folder.PathOf($"{Guid.NewGuid():N}.json");
        string[] checkpoint = alone ? [] : ["--checkpoint", _run];
        var answer = Amcx.Run(["eval", "--config", _config, .. checkpoint, "--json", json, .. more]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        return (answer, JsonNode.Parse(File.ReadAllText(json))!.AsObject());
    }

    private string Export(string name)
    {
        var scenes = _folder.PathOf(name);
        Assert.That(Amcx.Run(
            "data", "scenes", "--output", scenes, "--count", "6", "--split", "test", "--size", "32").Code, Is.Zero);
        return scenes;
    }

    private static string[] Files(string scenes) =>
        ["--set", "dataset=annotations", $"test_file={scenes}/{SceneExporter.AnnotationFileName}",
            $"image_root={scenes}"];

    // A prior and no explanation: people put what they photograph in the middle.
    private sealed class MiddleOfThePicture : IAttentionMethod
    {
        public string Name => "middle";

        public AttentionNeeds Needs => new(AttentionNeed.Maps, AttentionNeed.None, AttentionNeed.None);

        public double[] Explain(AttentionInputs inputs)
        {
            var patches = inputs.RequireExplained().Keys - 1;
            return [.. Enumerable.Range(0, patches).Select(i => -Math.Abs(i - patches / 2.0))];
        }
    }
}
