using AmcEngine.Amc.Runs;
using AmcEngine.Serialization;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary><c>amcx convert</c>, and commands that take what it writes.</summary>
[TestFixture]
internal sealed class ConvertTests() : TrainedOnceTests(steps: 2)
{
    private static string Golden => GoldenFiles.Require("albef-tiny.pth");

    [Test]
    public void A_checkpoint_comes_back_from_every_form_with_the_same_bits()
    {
        string first = Converted(Golden, "first.pth"), whole = Converted(first, "whole.safetensors");
        var folder = Converted(whole, "shards", "--shard-size", "40KB");
        string last = Converted(folder, "last.pth"), flat = Converted(folder, "flat.pth", "--wrap", "none");
        Assert.That(File.ReadAllBytes(last), Is.EqualTo(File.ReadAllBytes(first)));
        Assert.That(File.ReadAllBytes(Converted(flat, "again.safetensors")), Is.EqualTo(File.ReadAllBytes(whole)));
        using TensorFile before = TensorFile.Open(Golden), after = TensorFile.Open(last);
        using var unwrapped = TensorFile.Open(flat);
        Assert.That((after.Key, unwrapped.Key), Is.EqualTo(("model", (string?)null)));
        Assert.That(after.Tensors.Select(t => t.ToString()), Is.EqualTo(before.Tensors.Select(t => t.ToString())));
        Assert.That(before.Tensors.Zip(after.Tensors).All(
            pair => pair.First.Bytes.Span.SequenceEqual(pair.Second.Bytes.Span)));
        // The word table and the bias over words, of the student and of its momentum copy.
        using var once = SafetensorsReader.Open(whole);
        string[] tied = ["text_encoder.cls", "text_encoder_m.cls"];
        Assert.That(once.Tied.Select(t => t.Name), Is.EquivalentTo(tied.SelectMany(
            t => new[] { $"{t}.predictions.decoder.weight", $"{t}.predictions.decoder.bias" })));
    }

    [Test]
    public void An_index_or_its_folder_serves_wherever_a_checkpoint_does()
    {
        var folder = Converted(_run, "shards", "--shard-size", "20KB");
        Assert.That(Directory.GetFiles(folder), Has.Length.GreaterThan(3));
        var index = Path.Combine(folder, CheckpointLayout.ModelIndex);
        foreach (var checkpoint in new[] { folder, index })
        {
            string[] eval = ["eval", "--config", _config, "--json"];
            string ours = _folder.PathOf("ours.json"), theirs = _folder.PathOf("theirs.json");
            Succeed([.. eval, ours, "--checkpoint", checkpoint]);
            Succeed([.. eval, theirs, "--checkpoint", _run]);
            Assert.That(Accuracy(ours), Is.EqualTo(Accuracy(theirs)));
            Succeed("train", "--config", _config, "--output", _folder.PathOf("more"), "--overwrite", "--steps", "1",
                "--set", $"checkpoint={checkpoint}");
        }
        File.Delete(Directory.GetFiles(folder, "*-00002-of-*")[0]);
        Amcx.ExpectBadInput(
            Amcx.Run("eval", "--config", _config, "--checkpoint", folder), index, "-00002-of-", "not beside it");
        Amcx.ExpectBadInput(Amcx.Run("convert", folder, _folder.PathOf("x.pth")), index, "not beside it");
        Assert.That(File.Exists(_folder.PathOf("x.pth")), Is.False);
    }

    [Test]
    public void A_run_goes_on_from_weights_that_were_sharded()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), run = _folder.PathOf("run");
        Succeed("train", "--config", config, "--output", run, "--steps", "2");
        var last = CheckpointLayout.Last(run);
        var whole = Path.Combine(last, CheckpointLayout.Model);
        var shards = Converted(run, "shards", "--shard-size", "20KB");
        File.Delete(whole);
        foreach (var file in Directory.GetFiles(shards))
            File.Move(file, Path.Combine(last, Path.GetFileName(file)));
        Succeed("train", "--resume", run, "--steps", "3");
    }

    [TestCase("f16", TensorDataType.F16)]
    [TestCase("BF16", TensorDataType.BF16)]
    [TestCase("f32", TensorDataType.F32)]
    public void Weights_are_written_in_the_type_asked_for_and_loaded_again(string dtype, TensorDataType type)
    {
        foreach (var name in new[] { "x.pth", "x.safetensors" })
        {
            using (var file = TensorFile.Open(Converted(_run, name, "--dtype", dtype)))
            {
                Assert.That(
                    file.Tensors.Where(t => t.Type.IsFloatingPoint()).Select(t => t.Type), Has.All.EqualTo(type));
                Assert.That(file.Tensors.Single(t => t.Name == "queue_ptr_img").Type, Is.EqualTo(TensorDataType.I64));
            }
            Succeed("eval", "--config", _config, "--checkpoint", _folder.PathOf(name));
        }
    }

    [Test]
    public void A_number_that_is_too_large_for_the_type_is_refused_and_nothing_is_left()
    {
        var large = _folder.PathOf("large.safetensors");
        SafetensorsWriter.Write(large, [TensorData.From("a", [1], [1f]), TensorData.From("w", [2], [1f, 1e5f])]);
        foreach (var output in new[] { "x.pth", "x.safetensors" })
            Amcx.ExpectBadInput(
                Amcx.Run("convert", large, _folder.PathOf(output), "--dtype", "f16"), "'w'", "F16", "BF16");
        Amcx.ExpectBadInput(
            Amcx.Run("convert", large, _folder.PathOf("new"), "--shard-size", "4B", "--dtype", "f16"), "'w'");
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.EqualTo(new[] { large }));
    }

    [TestCase("x.safetensors", "--wrap", "model", "--wrap model", ".pth")]
    [TestCase("x.pth", "--shard-size", "1GB", "--shard-size 1GB", "one file")]
    [TestCase("x.pth", "--dtype", "f64", "--dtype f64", "bf16")]
    [TestCase("x", "--shard-size", "many", "--shard-size many", "500MB")]
    [TestCase("x", "--shard-size", "-1GB", "--shard-size -1GB", "500MB")]
    [TestCase("x", "--shard-size", "0", "--shard-size 0", "500MB")]
    [TestCase("x.txt", "--shard-size", "1GB", "x.txt", "folder")]
    [TestCase("x.txt", "--dtype", "f32", "x.txt", ".safetensors")]
    public void Options_that_do_not_go_together_are_named(
        string output, string option, string value, string part, string remedy)
    {
        Amcx.ExpectBadInput(Amcx.Run("convert", Golden, _folder.PathOf(output), $"{option}={value}"), part, remedy);
        Assert.That(Directory.GetFileSystemEntries(_folder.Path), Is.Empty);
    }

    private string Converted(string input, string output, params string[] options)
    {
        Succeed(["convert", input, _folder.PathOf(output), .. options]);
        return _folder.PathOf(output);
    }

    private static void Succeed(params string[] command)
    {
        var answer = Amcx.Run(command);
        Assert.That(answer.Code, Is.Zero, answer.Error);
    }

    private static string Accuracy(string json) =>
        System.Text.Json.Nodes.JsonNode.Parse(File.ReadAllText(json))!["pointing_accuracy"]!.ToJsonString();
}
