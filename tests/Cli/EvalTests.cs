using System.Text.Json.Nodes;
using AmcEngine.Amc.Runs;
using AmcEngine.DataTools;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

[TestFixture]
internal sealed class EvalTests() : TrainedOnceTests(steps: 2)
{
    [Test]
    public void The_json_has_the_agreed_keys_and_the_report_is_a_page()
    {
        string json = _folder.PathOf("result.json"), html = _folder.PathOf("report.html");
        var answer = Amcx.Run("eval", "--config", _config, "--checkpoint", _run, "--json", json, "--report", html);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var result = JsonNode.Parse(File.ReadAllText(json))!.AsObject();
        string[] keys =
        [
            "pointing_accuracy", "random_accuracy", "count", "split", "protocol", "method", "checkpoint", "seconds",
            "flat", "skipped", "pictures_partial", "pictures_undecodable", "bad_entries", "dropped_boxes", "complete",
            "left_out", "metrics", "breakdown",
        ];
        Assert.That(result.Select(p => p.Key), Is.EqualTo(keys));
        Assert.That((int)result["count"]!, Is.EqualTo(6));
        Assert.That((double)result["random_accuracy"]!, Is.InRange(0.01, 0.4));
        Assert.That(File.ReadAllText(html), Does.StartWith("<!doctype html>").And.Contain("data:image/png;base64,"));
        var page = ReportData.Of(html);
        Closeness.Near("accuracy", (double)page["runs"]![0]!["numbers"]![0]!["value"]!,
            (double)result["pointing_accuracy"]!, 1e-5);
        Assert.That(page["runs"]![0]!["numbers"]![0]!["low"], Is.Not.Null, "with its interval");
        Assert.That(
            page["cases"]!.AsArray().Select(c => (int)c!["index"]!).Order(), Is.EqualTo(Enumerable.Range(0, 6)));
        Assert.That(Directory.GetFiles(_folder.Path, "*.tmp"), Is.Empty);
    }

    [Test]
    public void Folder_and_file_of_a_checkpoint_give_the_same()
    {
        string[] checkpoints =
        [
            _run, CheckpointLayout.Last(_run), Path.Combine(CheckpointLayout.Last(_run), CheckpointLayout.Model)
        ];
        string[] answers =
            [.. checkpoints.Select(c => Amcx.Run("eval", "--config", _config, "--checkpoint", c).Out.Split(',')[0])];
        Assert.That(answers.Distinct().Count(), Is.EqualTo(1));
        Assert.That(answers[0], Does.Contain("on 6 samples"));
    }

    [Test]
    public void Exported_scenes_give_the_same_as_generated_ones()
    {
        var scenes = _folder.PathOf("exported");
        Assert.That(Amcx.Run(
            "data", "scenes", "--output", scenes, "--count", "6", "--split", "test", "--size", "32").Code, Is.Zero);
        var generated = Amcx.Run("eval", "--config", _config, "--checkpoint", _run);
        var exported = Amcx.Run(
            "eval", "--config", _config, "--checkpoint", _run, "--set", "dataset=annotations",
            $"test_file={scenes}/{SceneExporter.AnnotationFileName}", $"image_root={scenes}");
        Assert.That(exported.Code, Is.Zero, exported.Error);
        Assert.That(Numbers(exported), Is.EqualTo(Numbers(generated)));

        static string Numbers(Answer answer) => answer.Out.Split(':')[1].Split(',')[0];
    }

    [Test]
    public void Training_on_exported_scenes_works()
    {
        var scenes = _folder.PathOf("training");
        Assert.That(Amcx.Run(
            "data", "scenes", "--output", scenes, "--count", "8", "--size", "32", "--format", "jpeg").Code, Is.Zero);
        var answer = Amcx.Run(
            "train", "--config", _config, "--output", _folder.PathOf("run2"), "--steps", "2", "--set",
            "dataset=annotations", $"train_file={scenes}/{SceneExporter.AnnotationFileName}", $"image_root={scenes}",
            $"vocab_file={CheckpointLayout.Last(_run)}/{TokenizerFiles.WordPieces}");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(
            Amcx.Run("data", "inspect", $"{scenes}/{SceneExporter.AnnotationFileName}", "--image-root", scenes).Out,
            Does.Contain("entries    8"));
    }

    [Test]
    public void A_pth_of_the_reference_is_evaluated()
    {
        var vocabulary = _folder.Write("vocab.txt", string.Join('\n', Enumerable.Range(0, 128).Select(
            i => i switch { 0 => "[PAD]", 100 => "[UNK]", 101 => "[CLS]", 103 => "[MASK]", _ => $"w{i}" })));
        var config = _folder.Write("golden.yaml", $$"""
            dataset: scenes
            test_count: 4
            image_res: 64
            patch_size: 16
            vision_width: 48
            vision_depth: 3
            vision_heads: 4
            text_width: 48
            text_heads: 4
            text_ffn: 96
            text_layers: 2
            fusion_layers: 2
            max_positions: 32
            max_tokens: 8
            queue_size: 64
            vocab_file: {{vocabulary}}
            """);
        var answer = Amcx.Run("eval", "--config", config, "--checkpoint", GoldenFiles.Require("albef-tiny.pth"),
            "--set", $"embed_dim={GoldenEmbedding()}");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("on 4 samples"));
    }

    [Test]
    public void A_golden_file_is_verified()
    {
        var answer = Amcx.Run("verify", "--golden", GoldenFiles.Require("albef-tiny.json"));
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out.Trim().Split('\n')[^1], Does.StartWith("verify: ").And.EndWith(", 0 failed"));
    }

    [Test]
    public void A_converted_pth_holds_the_same_tensors()
    {
        string pth = GoldenFiles.Require("albef-tiny.pth"), output = _folder.PathOf("converted.safetensors");
        var answer = Amcx.Run("convert", pth, output);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        using var before = AmcEngine.Serialization.TorchCheckpoint.Load(pth);
        using var after = AmcEngine.Serialization.SafetensorsReader.Open(output);
        Assert.That(after.Tensors.Select(t => t.ToString()), Is.EqualTo(before.Tensors.Select(t => t.ToString())));
        Assert.That(before.Tensors.All(t => t.Bytes.Span.SequenceEqual(after[t.Name].Bytes.Span)));
        Amcx.ExpectBadInput(Amcx.Run("convert", pth, _folder.PathOf("x.onnx")), "x.onnx", ".safetensors");
    }

    private static long GoldenEmbedding()
    {
        using var checkpoint = AmcEngine.Serialization.TorchCheckpoint.Load(GoldenFiles.Require("albef-tiny.pth"));
        return checkpoint.Tensors.Single(t => t.Name == "vision_proj.bias").Count;
    }
}
