using AmcEngine.Amc.Runs;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Serialization;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Checkpoints as people have them: wrapped, renamed, incomplete, broken.</summary>
[TestFixture]
internal sealed class CheckpointTests() : TrainedOnceTests(steps: 2)
{
    private const string CrossQuery = "text_encoder.bert.encoder.layer.1.crossattention.self.query.weight";

    private IReadOnlyList<TensorData> _weights = [];
    private string _accuracy = "";

    [OneTimeSetUp]
    public void ReadOnce()
    {
        _weights = SafetensorsReader.ReadAll(Path.Combine(CheckpointLayout.Last(_run), CheckpointLayout.Model));
        _accuracy = Accuracy(Evaluate(_run));
    }

    [TestCase("itm_head.", "itm_head.weight")]
    [TestCase("crossattention", "crossattention.self.query.weight")]
    [TestCase("visual_encoder.", "visual_encoder.cls_token")]
    public void Weights_that_explaining_needs_must_be_there_unless_that_is_allowed(string part, string name)
    {
        var lacking = Save(
            "lacking.safetensors", _weights.Where(t => !t.Name.Contains(part, StringComparison.Ordinal)));
        Amcx.ExpectBadInput(Evaluate(lacking), lacking, "lacks", name, "--allow-missing");
        Amcx.ExpectBadInput(Explain(lacking), lacking, "lacks", name, "--allow-missing");
        Assert.That(File.Exists(_folder.PathOf("out.png")), Is.False);
        foreach (var answer in new[] { Evaluate(lacking, "--allow-missing"), Explain(lacking, "--allow-missing") })
        {
            Assert.That(answer.Code, Is.Zero, answer.Error);
            Assert.That(answer.Error, Does.StartWith("warning: ").And.Contains(lacking).And.Contains(name));
        }
    }

    [Test]
    public void What_only_training_needs_may_be_missing_without_a_word()
    {
        string[] unused = ["cls.predictions", "_proj", "_m.", "queue", "temp"];
        var answer = Evaluate(Save("student.safetensors",
            _weights.Where(t => !unused.Any(u => t.Name.Contains(u, StringComparison.Ordinal)))));
        Assert.That(answer.Error, Is.Empty);
        Assert.That(Accuracy(answer), Is.EqualTo(_accuracy));
    }

    [Test]
    public void The_layers_of_a_deeper_model_are_not_left_out_in_silence()
    {
        TensorData[] deeper = [
            .. _weights, .. _weights.Where(t => t.Name.StartsWith("visual_encoder.blocks.0.", StringComparison.Ordinal))
                .Select(t => t.WithName(t.Name.Replace("blocks.0.", "blocks.1.", StringComparison.Ordinal)))];
        Amcx.ExpectBadInput(Evaluate(Save("deeper.safetensors", deeper)), "visual_encoder.blocks.1.", "vision_depth");
    }

    [TestCase("vision_heads", "2", "8")]
    [TestCase("text_heads", "2", "4")]
    [TestCase("vision_depth", "1", "2")]
    [TestCase("vision_width", "16", "32")]
    [TestCase("embed_dim", "8", "4")]
    [TestCase("max_positions", "512", "256")]
    [TestCase("text_ffn", "64", "32")]
    public void The_model_keys_of_a_run_are_binding(string key, string theirs, string ours)
    {
        var file = Path.Combine(CheckpointLayout.Last(_run), CheckpointLayout.Model);
        foreach (var checkpoint in new[] { _run, CheckpointLayout.Last(_run), file })
            Amcx.ExpectBadInput(Evaluate(checkpoint, "--set", $"{key}={ours}"),
                $"{key} is {theirs} in that run and {ours} here", "binding");
        var other = _folder.Write("other.yaml",
            File.ReadAllText(_config).Replace($"{key}: {theirs}", "", StringComparison.Ordinal) + $"\n{key}: {ours}\n");
        Amcx.ExpectBadInput(Explain(_run, "--config", other), $"{key} is {theirs} in that run and {ours} here");
    }

    [Test]
    public void Which_layer_is_explained_is_binding_too()
    {
        string config = _folder.Write("two.yaml", Amcx.TinyConfig.Replace(
            "fusion_layers: 1", "fusion_layers: 2", StringComparison.Ordinal)), run = _folder.PathOf("two");
        Assert.That(Amcx.Run("train", "--config", config, "--output", run, "--steps", "1").Code, Is.Zero);
        Amcx.ExpectBadInput(Amcx.Run("eval", "--config", config, "--checkpoint", run, "--set", "amc.layer=2"),
            "amc.layer is 1 in that run and 2 here");
        Assert.That(Amcx.Run("eval", "--config", config, "--checkpoint", run, "--set", "amc.layer=1").Code, Is.Zero,
            "what the run has by default");
    }

    [Test]
    public void Picture_size_and_what_shapes_training_alone_are_free()
    {
        var answer = Evaluate(
            _run, "--set", "image_res=64", "queue_size=64", "dropout=0", "momentum=0.9", "text_ffn=64");
        Assert.That(answer.Code, Is.Zero, answer.Error);
    }

    [Test]
    public void Numbers_that_are_not_finite_are_refused_by_every_command_that_computes_and_copied_by_convert()
    {
        var bad = Save("bad.safetensors", WithNaN(CrossQuery));
        string[] parts = [$"{CrossQuery}: 1 of 256", "NaN"];
        Amcx.ExpectBadInput(Evaluate(bad), parts);
        Amcx.ExpectBadInput(Explain(bad), parts);
        Amcx.ExpectBadInput(Amcx.Run(
            "train", "--config", _config, "--output", _folder.PathOf("run"), "--set", $"checkpoint={bad}"), parts);

        var copy = _folder.PathOf("copy.safetensors");
        var converted = Amcx.Run("convert", bad, copy);
        Assert.That(converted.Code, Is.Zero, converted.Error);
        Assert.That(converted.Error, Does.StartWith("warning: ").And.Contains(CrossQuery).And.Contains("1 of 256"));
        using var after = SafetensorsReader.Open(copy);
        Assert.That(after[CrossQuery].ToF32()[7], Is.NaN);
    }

    [Test]
    public void A_run_does_not_go_on_from_numbers_that_are_not_finite()
    {
        string run = _folder.PathOf("run"), last = CheckpointLayout.Last(run);
        Assert.That(Amcx.Run("train", "--config", _config, "--output", run, "--steps", "1").Code, Is.Zero);
        foreach ((var file, var name) in new[] { (CheckpointLayout.Moments, "exp_avg_sq.itm_head.bias"),
            (CheckpointLayout.Model, "image_queue"), (CheckpointLayout.Model, "itm_head.bias") })
        {
            var sound = File.ReadAllBytes(Path.Combine(last, file));
            SafetensorsWriter.Write(
                Path.Combine(last, file), WithNaN(name, SafetensorsReader.ReadAll(Path.Combine(last, file))));
            var answer = Amcx.Run("train", "--config", _config, "--resume", run);
            Assert.That(answer.Code, Is.EqualTo(2));
            Assert.That(answer.Error, Does.Contain($"{name}: 1 of"));
            File.WriteAllBytes(Path.Combine(last, file), sound);
        }
    }

    [Test]
    public void A_golden_file_is_verified_with_whole_and_finite_weights_only()
    {
        using var golden = TorchCheckpoint.Load(GoldenFiles.Require("albef-tiny.pth"));
        TensorData[] all = [.. golden.Tensors];
        Amcx.ExpectBadInput(
            Verify(Save("half.safetensors", all.Where(t => !t.Name.StartsWith("itm_head", StringComparison.Ordinal)))),
            "lacks", "itm_head.weight");
        Amcx.ExpectBadInput(Verify(Save("bad.safetensors", WithNaN("itm_head.weight", all))), "itm_head.weight: 1 of");

        static Answer Verify(string checkpoint) =>
            Amcx.Run("verify", "--golden", GoldenFiles.Require("albef-tiny.json"), "--checkpoint", checkpoint);
    }

    // The data is missing too: opened first, it would be what the message is about.
    [Test]
    public void Start_weights_that_are_not_there_are_told_before_anything_is_opened()
    {
        var run = _folder.PathOf("run");
        string[] settings = ["--set", "checkpoint=absent.pth", "dataset=annotations", "train_file=absent.json"];
        Amcx.ExpectBadInput(Amcx.Run(["train", "--config", _config, "--output", run, .. settings]), "absent.pth",
            "checkpoint not found");
        Assert.That(Directory.Exists(run), Is.False);
        Amcx.ExpectBadInput(
            Amcx.Run(["profile", "--config", _config, .. settings]), "absent.pth", "checkpoint not found");
    }

    [Test]
    public void A_training_may_begin_with_a_part_and_says_so()
    {
        var part = Save("part.safetensors", _weights.Where(t => !t.Name.StartsWith("itm_head", StringComparison.Ordinal)
            && !t.Name.Contains("queue_ptr", StringComparison.Ordinal)));
        var answer = Amcx.Run("train", "--config", _config, "--output", _folder.PathOf("run"), "--steps", "1", "--set",
            $"checkpoint={part}");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(
            answer.Error, Does.Contain("warning: ").And.Contains("lacks 2 of ").And.Contains("itm_head.weight"));
        var whole = Save(
            "whole.safetensors", _weights.Where(t => !t.Name.Contains("queue_ptr", StringComparison.Ordinal)));
        var quiet = Amcx.Run("train", "--config", _config, "--output", _folder.PathOf("run2"), "--steps", "1", "--set",
            $"checkpoint={whole}");
        Assert.That(quiet.Error, Does.Not.Contain("lacks"));
    }

    [Test]
    public void The_bytes_of_a_file_tell_its_form()
    {
        var pth = TorchFiles.Model(_weights, "model");
        string[] files = [Save("model.bin", _weights), Save("model.SAFETENSORS", _weights), Save("weights", _weights),
            _folder.Write("pth.safetensors", pth)];
        foreach (var file in files)
            Assert.That(Accuracy(Evaluate(file)), Is.EqualTo(_accuracy), file);
        Assert.That(Amcx.Run("convert", files[3], _folder.PathOf("again.safetensors")).Code, Is.Zero);
        Assert.That(SafetensorsReader.ReadAll(_folder.PathOf("again.safetensors")).Select(t => t.Name),
            Is.EqualTo(_weights.Select(t => t.Name)));
    }

    [Test]
    public void What_is_no_model_is_called_what_it_is()
    {
        var pointer = _folder.Write(
            "ALBEF.pth", "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 843759316\n");
        Amcx.ExpectBadInput(Evaluate(pointer), pointer, "Git-LFS pointer", "git lfs pull");
        Amcx.ExpectBadInput(Amcx.Run("convert", pointer, _folder.PathOf("o.safetensors")), "git lfs pull");
        Amcx.ExpectBadInput(Evaluate(_folder.Write("page.safetensors", "<!DOCTYPE html><html></html>")), "HTML page");
        var moments = Path.Combine(CheckpointLayout.Last(_run), CheckpointLayout.Moments);
        Amcx.ExpectBadInput(Evaluate(moments), moments, "the optimizer", CheckpointLayout.Model);
        Amcx.ExpectBadInput(Explain(moments, "--config", _config), moments, "the optimizer", CheckpointLayout.Model);
    }

    [TestCase("module.", "model")]
    [TestCase("_orig_mod.module.", "state_dict")]
    [TestCase("model.", "model_state_dict")]
    [TestCase("net.", null)]
    [TestCase("", "net")]
    public void Wrapped_checkpoints_give_the_same_answer(string prefix, string? key)
    {
        var file = TorchFiles.Model(_weights, key, prefix, p => p.Text("extra").Value(RealPickles.Protocol2));
        var answer = Evaluate(_folder.Write("wrapped.pth", file), "--verbose");
        Assert.That(answer.Error, Is.Empty);
        Assert.That(answer.Out, Does.Contain("tensors loaded" + (key is null ? "" : $" from '{key}'")));
        if (prefix.Length > 0)
            Assert.That(answer.Out, Does.Contain($"'{prefix}' taken off"));
        Assert.That(Accuracy(answer), Is.EqualTo(_accuracy));
    }

    [Test]
    public void Of_two_sets_of_weights_one_is_taken_said_and_chosen_by_key()
    {
        // The averaged set is broken, so that it can be told which was read.
        TensorData[] averaged = [.. WithNaN(CrossQuery)];
        var both = _folder.Write(
            "both.pth", TorchFiles.Models(null, ("model", "", _weights), ("model_ema", "", averaged)));
        var usual = Evaluate(both);
        Assert.That(usual.Code, Is.Zero, usual.Error);
        Assert.That(usual.Error, Does.Contain("'model' are taken").And.Contains("'model_ema'").And.Contains("--key"));
        Amcx.ExpectBadInput(Evaluate(both, "--key", "model_ema"), CrossQuery);
        Amcx.ExpectBadInput(Explain(both, "--key", "model_ema"), CrossQuery);
        Assert.That(Evaluate(both, "--key", "model").Error, Is.Empty);
        Amcx.ExpectBadInput(Evaluate(both, "--key", "teacher"), "'teacher'", "'model', 'model_ema'");
        Amcx.ExpectBadInput(Amcx.Run("convert", both, _folder.PathOf("o.safetensors"), "--key", "teacher"), "'teacher'",
            "'model', 'model_ema'");
        Amcx.ExpectBadInput(
            Amcx.Run("train", "--config", _config, "--output", _folder.PathOf("run"), "--set", $"checkpoint={both}",
                "checkpoint_key=model_ema"), CrossQuery);
    }

    [Test]
    public void A_needed_weight_of_another_kind_is_an_error_that_says_so()
    {
        var file = TorchFiles.Model(
            [.. _weights.Where(t => t.Name != CrossQuery)], null, "",
            p => p.Text(CrossQuery).Call("torch._utils", "_rebuild_sparse_tensor").Text("extra").Call(
                "torch._utils", "_rebuild_sparse_tensor"));
        Amcx.ExpectBadInput(Evaluate(_folder.Write("sparse.pth", file)), "a sparse tensor in place of text_encoder.");
    }

    private static string Accuracy(Answer answer)
    {
        Assert.That(answer.Code, Is.Zero, answer.Error);
        return answer.Out.Trim().Split('\n')[^1].Split(" (a random")[0];
    }

    private string Save(string name, IEnumerable<TensorData> tensors)
    {
        SafetensorsWriter.Write(_folder.PathOf(name), tensors);
        return _folder.PathOf(name);
    }

    private IEnumerable<TensorData> WithNaN(string name, IReadOnlyList<TensorData>? tensors = null) =>
        (tensors ?? _weights).Select(t =>
        {
            if (t.Name != name)
                return t;
            var values = t.ToF32();
            values[Math.Min(7, values.Length - 1)] = float.NaN;
            return TensorData.From(name, t.Shape, values);
        });

    private Answer Evaluate(string checkpoint, params string[] more) =>
        Amcx.Run(["eval", "--config", _config, "--checkpoint", checkpoint, .. more]);

    // A file away from its run says nothing of its sizes.
    private Answer Explain(string checkpoint, params string[] more)
    {
        string[] config = Directory.Exists(checkpoint) || more.Contains("--config") ? [] : ["--config", _config];
        return Amcx.Run(["explain", "--checkpoint", checkpoint, "--image", TempFolder.Fixture("rgb16.png"), "--text",
            "red circle", "--output", _folder.PathOf("out.png"), .. config, .. more]);
    }
}
