using System.Text;
using AmcEngine.Amc.Runs;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Whatever the user brings, the answer is one line that names it, and nothing is left half written.</summary>
[TestFixture]
internal sealed class BadInputTests() : TrainedOnceTests(steps: 1)
{
    [Test]
    public void A_missing_configuration() =>
        Amcx.ExpectBadInput(Train("/nowhere/x.yaml"), "/nowhere/x.yaml", "not found");

    [TestCase("", "empty")]
    [TestCase("# nothing\n", "empty")]
    [TestCase("- 1\n- 2\n", "line 1", "key: value")]
    [TestCase("a: [1\nb: }", "not valid YAML")]
    [TestCase("seed: 1\nseed: 2\n", "not valid YAML", "line 2")]
    [TestCase("dataset: scenes\nbatch_sise: 3\n", "line 2", "\"batch_sise\"", "\"batch_size\"")]
    [TestCase("optimizer: {opt: adamW, lrr: 1}\n", "line 1", "\"optimizer.lrr\"", "\"optimizer.lr\"")]
    [TestCase("lr: 1e-3\n", "\"optimizer.lr\"")]
    [TestCase("image_res: 64\nbatch_size: many\n", "line 2", "batch_size", "a whole number", "many")]
    [TestCase("batch_size: \"8\"\n", "batch_size", "the text \"8\"")]
    [TestCase("batch_size: 2.5\n", "batch_size", "2.5")]
    [TestCase("distill: maybe\n", "distill", "true or false", "maybe")]
    [TestCase("optimizer: 3\n", "optimizer", "section")]
    [TestCase("temp: .nan\n", "temp", "a number")]
    [TestCase("dataset: coco\n", "dataset", "annotations, scenes, fashion-scenes", "coco")]
    [TestCase("train_file: {a: 1}\n", "train_file", "a section")]
    public void A_wrong_configuration(string yaml, params string[] parts) =>
        Amcx.ExpectBadInput(Train(_folder.Write("c.yaml", yaml)), ["c.yaml", .. parts]);

    [TestCase("batch_size=1", "batch_size", "at least 2")]
    [TestCase("batch_size=17", "queue_size", "17")]
    [TestCase("queue_size=64 batch_size=17", "batch_size", "more than there are training samples")]
    [TestCase("micro_batch=0", "micro_batch", "0")]
    [TestCase("micro_batch=-1", "micro_batch", "-1")]
    [TestCase("micro_batch=5", "micro_batch", "at most batch_size (4)", "found 5")]
    [TestCase("micro_batch=few", "micro_batch", "a whole number", "few")]
    [TestCase("micro_batch=1.5", "micro_batch", "1.5")]
    [TestCase("image_res=33", "image_res", "patch_size")]
    [TestCase("image_res=16 patch_size=8", "image_res 16", "too small")]
    [TestCase("amc.layer=0", "amc.layer", "1 to 1")]
    [TestCase("optimizer=1", "section")]
    [TestCase("steps", "key=value")]
    [TestCase("nonsense=1", "nonsense")]
    public void A_wrong_setting(string set, params string[] parts) =>
        Amcx.ExpectBadInput(Amcx.Run(
            ["train", "--config", _config, "--output", _folder.PathOf("run"), "--set", .. set.Split(' ')]), parts);

    [Test]
    public void An_output_below_a_file()
    {
        var file = _folder.Write("file.txt", "x");
        var below = Path.Combine(file, "run");
        Amcx.ExpectBadInput(Amcx.Run("train", "--config", _config, "--output", below), below, "--output");
        Amcx.ExpectBadInput(Amcx.Run("data", "scenes", "--count", "1", "--output", below), below);
        Amcx.ExpectBadInput(Explain("red circle", output: Path.Combine(below, "x.png")), below);
        Amcx.ExpectBadInput(Amcx.Run(
            "eval", "--config", _config, "--checkpoint", _run, "--json", Path.Combine(below, "x.json")), below);
        Assert.That(File.ReadAllText(file), Is.EqualTo("x"));
    }

    [TestCase("""[{"caption": "a", "bbox": [[0, 0, 4, 4]]}]""", "entry 0", "image")]
    [TestCase("""[{"image": "p.png", "bbox": [[0, 0, 4, 4]]}]""", "entry 0", "caption")]
    [TestCase("""[{"image": "p.png", "caption": "a"}]""", "annotations.json", "no entry has a region")]
    [TestCase("""[{"image": "p.png", "caption": "", "bbox": [[0, 0, 4, 4]]}]""", "entry 0", "phrase")]
    [TestCase("""[{"image": "p.png", "caption": "a", "bbox": [[4, 4, 4, 9]]}]""", "entry 0", "no area")]
    [TestCase("""[{"image": "p.png", "caption": "a", "bbox": [[0, 0, NaN, 9]]}]""", "entry 0")]
    [TestCase("[", "annotations.json")]
    [TestCase("[]", "empty")]
    public void Wrong_annotations(string json, params string[] parts) => Amcx.ExpectBadInput(EvaluateOnly(json), parts);

    // The bad picture or box is named in a warning, as it is among good ones; the error says that nothing is left.
    [TestCase("""[{"image": "p.png", "caption": "a", "bbox": [[900, 900, 950, 950]]}]""", "p.png", "covers no pixel")]
    [TestCase("""[{"image": "gone.png", "caption": "a", "bbox": [[0, 0, 4, 4]]}]""", "gone.png", "not found")]
    [TestCase("""[{"image": "text.png", "caption": "a", "bbox": [[0, 0, 4, 4]]}]""", "text.png")]
    [TestCase("""[{"image": "empty.png", "caption": "a", "bbox": [[0, 0, 4, 4]]}]""", "empty.png", "empty")]
    public void Pictures_and_boxes_that_leave_nothing_to_ask(string json, params string[] parts)
    {
        var answer = EvaluateOnly(json);
        Amcx.ExpectBadInput(answer, "none of the 1 questions could be asked");
        var warning = answer.Error.Split('\n').Single(l => l.StartsWith("warning: ", StringComparison.Ordinal));
        foreach (var part in parts)
            Assert.That(warning, Does.Contain(part));
    }

    [Test]
    public void A_missing_picture_folder()
    {
        _folder.Write("annotations.json", """[{"image": "p.png", "caption": "a", "bbox": [[0, 0, 4, 4]]}]""");
        Amcx.ExpectBadInput(EvaluateAnnotations("image_root=/nowhere/pictures"), "/nowhere/pictures", "image_root");
    }

    [Test]
    public void Missing_annotations() =>
        Amcx.ExpectBadInput(Train(_folder.Write("c.yaml", "train_file: gone.json\n")), "gone.json", "not found");

    // The full-size model of the defaults needs far more; but that is not what is to be mended first.
    [Test]
    public void Missing_annotations_come_before_missing_memory() => Amcx.ExpectBadInput(
        Train(_folder.Write("c.yaml", "train_file: gone.json\n"), "--memory-limit", "64"), "gone.json", "not found");

    [Test]
    public void An_empty_phrase() => Amcx.ExpectBadInput(Explain("  ... "), "--text", "no words");

    [TestCase("pixel.png")]
    [TestCase("cmyk.jpg")]
    [TestCase("rgb16.png")]
    [TestCase("gray16.png")]
    [TestCase("alpha.png")]
    public void Unusual_pictures_are_explained_all_the_same(string fixture)
    {
        var output = _folder.PathOf("out.png");
        var answer = Amcx.Run("explain", "--checkpoint", _run, "--image", TempFolder.Fixture(fixture), "--text",
            "red zebra", "--output", output);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Error.Trim(), Is.EqualTo("warning: the model does not know the word \"zebra\""));
        Assert.That(File.Exists(output));
    }

    [Test]
    public void Pictures_that_are_none()
    {
        Amcx.ExpectBadInput(Explain("red circle", image: "/nowhere.png"), "/nowhere.png", "not found");
        Amcx.ExpectBadInput(Explain("red circle", image: _folder.Write("empty.png", "")), "empty.png", "empty");
        Amcx.ExpectBadInput(Explain("red circle", image: _folder.Write("text.png", "no picture")), "text.png");
        Assert.That(File.Exists(_folder.PathOf("out.png")), Is.False);
    }

    [Test]
    public void A_missing_checkpoint() => Amcx.ExpectBadInput(Evaluate("/nowhere/run"), "/nowhere/run", "not found");

    [Test]
    public void A_folder_without_checkpoint() => Amcx.ExpectBadInput(Evaluate(_folder.Path), "holds no checkpoint");

    [Test]
    public void A_truncated_checkpoint()
    {
        var whole = File.ReadAllBytes(Path.Combine(CheckpointLayout.Last(_run), CheckpointLayout.Model));
        Amcx.ExpectBadInput(Evaluate(_folder.Write("cut.safetensors", whole[..(whole.Length / 2)])), "cut.safetensors");
        Amcx.ExpectBadInput(Evaluate(_folder.Write("none.safetensors", [])), "none.safetensors");
    }

    [Test]
    public void A_checkpoint_of_other_shapes()
    {
        // Away from its run's state, a file says nothing of its sizes but by its shapes.
        var path = _folder.PathOf("alone.safetensors");
        File.Copy(Path.Combine(CheckpointLayout.Last(_run), CheckpointLayout.Model), path);
        Amcx.ExpectBadInput(
            Amcx.Run("eval", "--config", _config, "--checkpoint", path, "--set", "vision_width=32"), "visual_encoder",
            "32", "configuration");
    }

    [Test]
    public void A_checkpoint_of_another_model()
    {
        var path = _folder.PathOf("other.safetensors");
        SafetensorsWriter.Write(path, [TensorData.From("layer.weight", [2], [1f, 2f])]);
        Amcx.ExpectBadInput(Evaluate(path), "another model");
    }

    [Test]
    public void Safetensors_with_wrong_offsets()
    {
        var header = Encoding.UTF8.GetBytes("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4000]}}""");
        byte[] file = [.. BitConverter.GetBytes((long)header.Length), .. header, .. new byte[8]];
        Amcx.ExpectBadInput(Evaluate(_folder.Write("bad.safetensors", file)), "bad.safetensors", "'a'");
    }

    [Test]
    public void A_pth_that_wants_to_run_a_command()
    {
        var proof = _folder.PathOf("proof");
        byte[] pickle = [0x80, 2, .. Encoding.ASCII.GetBytes($"cos\nsystem\n(S'touch {proof}'\ntR.")];
        Amcx.ExpectBadInput(Evaluate(_folder.Write("evil.pth", pickle)), "evil.pth", "os");
        Assert.That(File.Exists(proof), Is.False);
    }

    [Test]
    public void A_pth_without_configuration_cannot_be_explained() => Amcx.ExpectBadInput(
        Amcx.Run("explain", "--checkpoint", GoldenFiles.Require("albef-tiny.pth"), "--image", TempFolder.Fixture(
            "pixel.png"), "--text", "a", "--output", _folder.PathOf("o.png")), "albef-tiny.pth", "--config");

    [Test]
    public void A_missing_golden_file() =>
        Amcx.ExpectBadInput(Amcx.Run("verify", "--golden", "/nowhere.json"), "/nowhere.json", "not found");

    [Test]
    public void An_unknown_element_type() =>
        Amcx.ExpectBadInput(Amcx.Run("verify", "--golden", "x", "--dtype", "f16"), "f16", "f32");

    [TestCase("--count", "0")]
    [TestCase("--seed", "-1")]
    [TestCase("--size", "4")]
    public void Scenes_out_of_range(string option, string value) =>
        Amcx.ExpectBadInput(
            Amcx.Run("data", "scenes", "--output", _folder.PathOf("s"), $"{option}={value}"), option, value);

    private Answer Train(string config, params string[] more)
    {
        var run = _folder.PathOf("run");
        var answer = Amcx.Run(["train", "--config", config, "--output", run, .. more]);
        Assert.That(Directory.Exists(run), Is.False, "a run that cannot begin writes nothing");
        return answer;
    }

    private Answer Evaluate(string checkpoint) => Amcx.Run("eval", "--config", _config, "--checkpoint", checkpoint);

    private Answer EvaluateOnly(string json)
    {
        File.Copy(TempFolder.Fixture("gray16.png"), _folder.PathOf("p.png"));
        _folder.Write("text.png", "this is no picture");
        _folder.Write("empty.png", "");
        _folder.Write("annotations.json", json);
        return EvaluateAnnotations();
    }

    private Answer EvaluateAnnotations(params string[] set) => Amcx.Run(
        ["eval", "--config", _config, "--checkpoint", _run, "--set", "dataset=annotations",
            $"test_file={_folder.PathOf("annotations.json")}", $"image_root={_folder.Path}", .. set]);

    private Answer Explain(string text, string? image = null, string? output = null) => Amcx.Run(
        "explain", "--checkpoint", _run, "--image", image ?? TempFolder.Fixture("rgb16.png"), "--text", text,
        "--output", output ?? _folder.PathOf("out.png"));
}
