using System.Text.Json.Nodes;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Models;
using AmcEngine.Amc.Training;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

[TestFixture]
internal sealed class ProfileTests : FolderTests
{
    private string _config = "";

    [SetUp]
    public void CreateFolder() => _config = _folder.Write("tiny.yaml", Amcx.TinyConfig);

    [Test]
    public void Json_is_one_object_with_the_fields_of_the_contract()
    {
        var p = Profile("--steps", "2");
        var step = p["step_seconds"]!.AsObject();
        double median = (double)step["median"]!, min = (double)step["min"]!, max = (double)step["max"]!;
        Assert.That(min > 0 && min <= median && median <= max, Is.True, step.ToJsonString());
        Assert.That((string)p["device"]!, Is.EqualTo("cpu"));
        Assert.That((int)p["threads"]!, Is.EqualTo(1));
        Assert.That((int)p["measured_steps"]!, Is.EqualTo(2));
        Assert.That((int)p["warmup_steps"]! >= 2, Is.True);
        Assert.That((string)p["timing"]!, Is.EqualTo("host"));
        Assert.That(p["phases"]!.AsObject().Select(e => e.Key), Is.EquivalentTo(
            new[] { "data", "forward", "explanation gradient", "backward", "gradient check",
                "optimizer and momentum update", "other" }));
        Assert.That((double)p["amc_share"]! < 1, Is.True);
        Assert.That((double)p["data_wait_share"]!, Is.InRange(0, 1));
        Assert.That((double)p["machine"]!["fma_gflops_one_thread"]! > 0, Is.True);
        if (OperatingSystem.IsLinux())
            Assert.That((long)p["peak_rss_bytes"]! > (long)p["peak_device_bytes"]!, Is.True);
    }

    [Test]
    public void Warm_up_is_as_long_as_asked()
    {
        Assert.That((int)Profile("--steps", "1", "--warmup", "6")["warmup_steps"]!, Is.EqualTo(6));
        var negative = Amcx.Run("profile", "--config", _config, "--warmup", "-1");
        Assert.That(negative.Code, Is.Not.Zero);
        Assert.That(negative.Error, Does.Contain("--warmup -1: must not be negative"));
    }

    [Test]
    public void Json_adds_up()
    {
        // Two fusion layers: above the hooked one attention is fused, and its gradient's gradient is needed.
        var p = Profile("--steps", "2", "--set", "fusion_layers=2");
        var profiled = (double)p["profiled_step_seconds"]!;
        Assert.That(p["phases"]!.AsObject().Sum(e => (double)e.Value!), Is.EqualTo(profiled).Within(1e-6));
        Assert.That(p["phase_parts"]!.AsArray().Sum(e => (double)e!["seconds"]!), Is.EqualTo(profiled).Within(1e-6));
        var ops = p["ops"]!.AsArray();
        foreach (var op in ops)
        {
            Assert.That((string?)op!["name"], Is.Not.Empty);
            Assert.That((long)op["calls"]! >= 1, Is.True);
            var seconds = (double)op["seconds"]!;
            Assert.That(seconds > 0, Is.True);
            Assert.That((double)op["gflops"]!, Is.EqualTo((double)op["flop"]! / seconds * 1e-9).Within(1e-6));
            Assert.That((double)op["gbytes"]!, Is.EqualTo((double)op["bytes"]! / seconds * 1e-9).Within(1e-6));
        }
        Assert.That(ops.Select(o => (string)o!["name"]!), Is.SupersetOf(new[] { "matmul nt",
            "attention double backward", "layer norm double backward", "adamw and moving average" }));
        var kernels = ops.Sum(o => (double)o!["seconds"]!);
        Assert.That(kernels, Is.EqualTo((double)p["kernel_seconds"]!).Within(1e-9));
        Assert.That(kernels > 0 && kernels <= profiled, Is.True, $"{kernels} s of {profiled} s");

        var memory = p["memory"]!.AsObject();
        long Part(string name) => (long)memory[name]!;
        Assert.That(Part("weights") >= 4 * (long)p["weights"]!, Is.True);
        Assert.That(Part("optimizer_state"), Is.EqualTo(2 * Part("weights")));
        Assert.That(Part("momentum_weights") > 0 && Part("momentum_weights") <= Part("weights"), Is.True);
        Assert.That(Part("activations_and_temporaries") > 0, Is.True);
        Assert.That(Part("weights") + Part("momentum_weights") + Part("queues") + Part("optimizer_state") + Part(
            "gradients_at_peak") + Part("activations_and_temporaries"), Is.EqualTo((long)p["peak_device_bytes"]!));
        Assert.That(Part("pool_reserved") >= (long)p["peak_device_bytes"]!, Is.True);
    }

    [Test]
    public void Shapes_split_the_products()
    {
        var p = Profile("--steps", "1", "--shapes");
        double Sum(string list) => p[list]!.AsArray().Where(
            o => ((string)o!["name"]!).Contains("matmul", StringComparison.Ordinal)).Sum(o => (double)o!["flop"]!);
        Assert.That(p["shapes"]!.AsArray().All(o => (string?)o!["shape"] is { Length: > 0 }), Is.True);
        Assert.That(Sum("shapes"), Is.EqualTo(Sum("ops")).Within(1e-6 * Sum("ops")));
        var shapes = p["shapes"]!.AsArray().ToDictionary(
            o => ((string)o!["name"]!, (string)o["shape"]!), o => (double)o!["seconds"]!);
        var alone = p["products_alone"]!.AsArray();
        Assert.That(alone, Is.Not.Empty);
        foreach (var o in alone)
        {
            Assert.That((string)o!["name"]!, Does.Contain("matmul"));
            Assert.That((double)o["seconds_alone"]!, Is.Positive);
            Assert.That((double)o["seconds_in_step"]!,
                Is.EqualTo(shapes[((string)o["name"]!, (string)o["shape"]!)]).Within(1e-12));
        }
    }

    [Test]
    public void Without_AMC_there_is_no_share_of_it()
    {
        var p = Profile("--steps", "1", "--set", "add_gcam=false");
        Assert.That(p["amc_share"], Is.Null);
        Assert.That(p["phases"]!.AsObject().Select(e => e.Key), Does.Not.Contain("explanation gradient"));
    }

    [Test]
    public void People_get_tables()
    {
        var answer = Amcx.Run("profile", "--config", _config, "--device", "cpu", "--steps", "1", "--shapes");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        foreach (var part in new[] { "step: median", "without AMC", "waiting for data:", "machine:", "vision encoder",
            "backward",
            "explanation gradient", "matmul nt", "page faults", "lost ms", "GFLOP/s", "M16 N16 K",
            "optimizer state", "generation 2" })
            Assert.That(answer.Out, Does.Contain(part));
    }

    [TestCase("--steps", "0", "--steps 0")]
    [TestCase("--steps", "x", "--steps")]
    [TestCase("--set", "batch_sise=2", "batch_size")]
    [TestCase("--device", "tpu", "tpu")]
    [TestCase("--threads", "-1", "--threads -1")]
    [TestCase("--threads", "5000", "--threads 5000")]
    public void Bad_input(string option, string value, string named) =>
        Amcx.ExpectBadInput(Amcx.RunPlain("profile", "--config", _config, option, value), named);

    [TestCase("train --config CONFIG")]
    [TestCase("verify --golden GOLDEN")]
    [TestCase("devices")]
    public void A_bad_number_of_threads_is_named_by_every_command(string command)
    {
        var golden = Path.Combine(GoldenFiles.Root, "tests", "Golden", "albef-tiny.json");
        string[] arguments = [.. command.Split(' ').Select(a => a == "CONFIG" ? _config : a == "GOLDEN" ? golden : a)];
        Amcx.ExpectBadInput(Amcx.RunPlain([.. arguments, "--threads", "5000"]), "--threads 5000");
    }

    [Test]
    public void A_missing_configuration() =>
        Amcx.ExpectBadInput(Amcx.Run("profile", "--config", "/nowhere/x.yaml"), "/nowhere/x.yaml");

    [Test]
    public void Help_has_examples()
    {
        var answer = Amcx.RunPlain("profile", "--help");
        Assert.That(answer.Code, Is.Zero);
        Assert.That(answer.Out, Does.Contain("--shapes").And.Contain("configs/profile-base.yaml"));
    }

    // Counted, not allocated: the full-size model would take gigabytes.
    [Test]
    public void The_full_size_configuration_is_of_full_size()
    {
        var folder = Path.Combine(GoldenFiles.Root, "configs");
        var config = RunConfig.Load(Path.Combine(folder, "profile-base.yaml"));
        var model = new AlbefModel(AlbefKind.Settings(config, DataSources.Tokenizer(config)));
        Assert.That(model.Config, Is.EqualTo(new AlbefConfig
        {
            Text = new TextConfig
            {
                PadId = model.Config.Text.PadId,
                ClsId = model.Config.Text.ClsId,
                MaskId = model.Config.Text.MaskId
            },
            QueueSize = 512,
            MlmProbability = 1
        }));
        Assert.That(model.Copy, Is.Not.Null);
        Assert.That((config.BatchSize, config.Integer("max_tokens"), config.OptionalInteger("min_tokens")),
            Is.EqualTo((2, 8, (int?)8)));
    }

    [Test]
    public void A_vocabulary_larger_than_the_tokenizers_trains_and_is_evaluated()
    {
        string run = _folder.PathOf("run"),
            config = _folder.Write("wide.yaml", Amcx.TinyConfig + "vocab_size: 100\nmin_tokens: 8\n");
        var train = Amcx.Run("train", "--config", config, "--output", run, "--steps", "2");
        Assert.That(train.Code, Is.Zero, train.Error);
        var eval = Amcx.Run("eval", "--config", config, "--checkpoint", run);
        Assert.That(eval.Code, Is.Zero, eval.Error);
        var resumed = Amcx.Run("train", "--config", config, "--resume", run, "--steps", "3");
        Assert.That(resumed.Code, Is.Zero, resumed.Error);
    }

    [TestCase("vocab_size=10", "vocab_size", "tokenizer's")]
    [TestCase("min_tokens=30", "min_tokens", "max_tokens")]
    public void Sizes_that_do_not_fit_are_named(string setting, string key, string other) =>
        Amcx.ExpectBadInput(Amcx.Run("profile", "--config", _config, "--set", setting), key, other);

    private JsonObject Profile(params string[] options)
    {
        var answer = Amcx.Run(["profile", "--config", _config, "--json", "--device", "cpu", .. options]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        return JsonNode.Parse(answer.Out)!.AsObject();
    }
}
