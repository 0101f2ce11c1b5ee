using AmcEngine.Amc.Runs;
using AmcEngine.DataTools;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Serialization;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Training from the files of BERT and DeiT, and from fine-tuned checkpoints of other picture sizes.</summary>
[TestFixture]
internal sealed class StartWeightsTests : FolderTests
{
    private const string Cross = ".crossattention.";

    private string _config = "";

    [SetUp]
    public void WriteConfiguration() => _config = _folder.Write("tiny.yaml", Amcx.TinyConfig + "vocab_size: 64\n");

    [Test]
    public void Encoders_are_taken_from_their_files_and_a_checkpoint_wins_over_them()
    {
        Directory.CreateDirectory(_folder.PathOf("bert-base-uncased"));
        _folder.Write("bert-base-uncased/pytorch_model.bin", TorchFiles.Model(Bert, key: null));
        _folder.Write("deit.pth", TorchFiles.Model(Deit, "model"));
        string[] settings = ["--set", $"text_encoder={_folder.PathOf("bert-base-uncased")}",
            $"visual_encoder={_folder.PathOf("deit.pth")}"];
        var run = _folder.PathOf("run");
        // At a rate of 0 and without decay the weights are those that the run began with.
        string[] still = [.. settings, "optimizer.lr=0", "optimizer.weight_decay=0"];
        var answer = Train(run, still);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Error, Is.Empty, "all is as it is meant: cross attention is no part of BERT");
        Assert.That(Line(answer, "text_encoder: "), Does.Contain("pytorch_model.bin: 42 tensors loaded, 10 missing"));
        Assert.That(Line(answer, "visual_encoder: "),
            Does.Contain("deit.pth: 18 tensors loaded from 'model', 1 resized"));
        var weights = Weights(run);
        Assert.That(weights["text_encoder.bert.encoder.layer.1.output.LayerNorm.weight"],
            Is.EqualTo(Bert.Single(t => t.Name == "bert.encoder.layer.1.output.LayerNorm.gamma").ToF32()));
        Assert.That(weights["visual_encoder.blocks.0.mlp.fc2.weight"],
            Is.EqualTo(Deit.Single(t => t.Name == "blocks.0.mlp.fc2.weight").ToF32()));

        // A checkpoint without a layer that BERT brings, without cross attention, and with another norm.
        const string norm = "visual_encoder.norm.bias";
        TensorData[] part = [.. Entries(run).Where(t => !t.Name.Contains(".layer.0.") && !t.Name.Contains(Cross))
            .Select(t => t.Name == norm ? TensorData.From(norm, t.Shape, Enumerable.Repeat(0.25f, 16).ToArray()) : t)];
        SafetensorsWriter.Write(_folder.PathOf("part.safetensors"), part);
        var both = _folder.PathOf("both");
        var again = Train(both, [.. still, $"checkpoint={_folder.PathOf("part.safetensors")}"]);
        Assert.That(again.Code, Is.Zero, again.Error);
        Assert.That(again.Error, Does.StartWith("warning: ").And.Contain("lacks 10 of ").And.Contain(Cross)
            .And.Not.Contain(".layer.0."), "layer 0 came with BERT");
        weights = Weights(both);
        Assert.That(weights[norm], Is.All.EqualTo(0.25f));
        Assert.That(weights["text_encoder.bert.encoder.layer.0.output.dense.weight"],
            Is.EqualTo(Bert.Single(t => t.Name == "bert.encoder.layer.0.output.dense.weight").ToF32()));
    }

    [Test]
    public void A_missing_file_is_told_with_the_address_of_the_right_one()
    {
        var absent = _folder.PathOf("absent");
        Amcx.ExpectBadInput(Train(_folder.PathOf("run"), "--set", $"text_encoder={absent}"), "text_encoder", absent,
            "https://huggingface.co/google-bert/bert-base-uncased", "nothing is downloaded");
        Amcx.ExpectBadInput(Train(_folder.PathOf("run"), "--set", $"visual_encoder={absent}"), "visual_encoder",
            absent, "https://dl.fbaipublicfiles.com/deit/deit_base_patch16_224-b5f2ef4d.pth");
        Directory.CreateDirectory(absent);
        Amcx.ExpectBadInput(Train(_folder.PathOf("run"), "--set", $"text_encoder={absent}"),
            $"the folder {absent} holds neither model.safetensors nor pytorch_model.bin");
        Assert.That(Directory.Exists(_folder.PathOf("run")), Is.False);
        Amcx.ExpectBadInput(Amcx.Run("profile", "--config", _config, "--set", $"text_encoder={absent}"),
            "text_encoder");
        Amcx.ExpectBadInput(Train(_folder.PathOf("run"), "--set", "model=clip", $"text_encoder={absent}"),
            "text_encoder: CLIP");
    }

    [Test]
    public void A_run_goes_on_without_the_files_that_it_began_with()
    {
        var file = _folder.Write("bert.bin", TorchFiles.Model(Bert, key: null));
        string whole = _folder.PathOf("whole"), halves = _folder.PathOf("halves");
        string[] settings = ["--set", $"text_encoder={file}"];
        Assert.That(Amcx.Run(["train", "--config", _config, "--output", whole, "--steps", "2", .. settings]).Code,
            Is.Zero);
        Assert.That(Train(halves, settings).Code, Is.Zero);
        File.Delete(file);
        var answer = Amcx.Run("train", "--resume", halves, "--steps", "2");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(Weights(halves), Is.EqualTo(Weights(whole)));
    }

    [Test]
    public void Nothing_is_drawn_where_a_checkpoint_has_all_weights()
    {
        string run = _folder.PathOf("run"), image = _folder.PathOf("grey.png");
        using var draws = new DrawCount();
        Assert.That(Train(run).Code, Is.Zero);
        var fresh = draws.Count;
        Assert.That(fresh, Is.GreaterThan(20));
        Assert.That(Amcx.Run("train", "--resume", run, "--steps", "2").Code, Is.Zero);
        Assert.That(Train(_folder.PathOf("next"), "--set", $"checkpoint={run}").Code, Is.Zero);
        Assert.That(Amcx.Run("eval", "--config", _config, "--checkpoint", run).Code, Is.Zero);
        new RgbImage(32, 32).SavePng(image);
        var explained = Amcx.Run("explain", "--checkpoint", run, "--image", image, "--text", "red circle", "--output",
            _folder.PathOf("out.png"));
        Assert.That(explained.Code, Is.Zero, explained.Error);
        Assert.That(draws.Count, Is.EqualTo(fresh));
    }

    [TestCase("", false)]
    [TestCase("model", true)]
    public void A_fine_tuned_checkpoint_serves_pictures_of_another_size(string key, bool oneQueuePointer)
    {
        // As ALBEF publishes its fine-tuned models: flat, or under "model", without "bert."; 24 × 24 patches there.
        var run = _folder.PathOf("run");
        Assert.That(Train(run, "--set", "image_res=48").Code, Is.Zero);
        TensorData[] flat =
        [
            .. Entries(run).Where(t => !(oneQueuePointer && t.Name.Contains("queue_ptr")))
                .Select(t => t.WithName(t.Name.Replace("bert.", "", StringComparison.Ordinal))),
        ];
        if (oneQueuePointer) flat = [.. flat, TensorData.From("queue_ptr", [1], new[] { 12L })];
        var file = _folder.Write("refcoco.pth", TorchFiles.Model(flat, key.Length == 0 ? null : key));
        string other = _folder.PathOf("other"), same = _folder.PathOf("same");
        var answer = Train(other, "--set", $"checkpoint={file}");
        Assert.That((answer.Code, answer.Error), Is.EqualTo((0, "")));
        Assert.That(Line(answer, file), Does.Contain(
            "2 resized (visual_encoder.pos_embed, visual_encoder_m.pos_embed)").And.Not.Contain("missing"));
        Assert.That(Weights(other)["visual_encoder.pos_embed"], Has.Length.EqualTo((1 + 4 * 4) * 16));
        // At its own size the numbers are those of the run's own checkpoint.
        Assert.That(Evaluate(file), Is.EqualTo(Evaluate(run)));
        Assert.That(Train(same, "--set", $"checkpoint={file}", "image_res=48").Code, Is.Zero);
        var pointers = Entries(same).Where(t => t.Name.Contains("queue_ptr")).Select(t => t.ToI64()[0]);
        // The run has put one batch of 4 into its queue of 16, and the next goes behind it.
        Assert.That(pointers, Is.All.EqualTo(oneQueuePointer ? 0 : 8).And.Exactly(2).Items);

        string Evaluate(string checkpoint) => Amcx.Run("eval", "--config", _config, "--checkpoint", checkpoint,
            "--set", "image_res=48", "--metrics", "none").Out.Split(" (a random")[0];
    }

    private static List<TensorData> Bert => EncoderFiles.Bert(16, 64, 2, 64, 512);

    private static List<TensorData> Deit => EncoderFiles.DeiT(16, 64, 1, 8, grid: 3);

    private Answer Train(string run, params string[] more) =>
        Amcx.Run(["train", "--config", _config, "--output", run, "--steps", "1", .. more]);

    private static string Line(Answer answer, string start) =>
        answer.Out.Split('\n').Single(l => l.StartsWith(start, StringComparison.Ordinal));

    private static IReadOnlyList<TensorData> Entries(string run) =>
        SafetensorsReader.ReadAll(Path.Combine(CheckpointLayout.Last(run), CheckpointLayout.Model));

    private static Dictionary<string, float[]> Weights(string run) => Entries(run)
        .Where(t => t.Type == TensorDataType.F32).ToDictionary(t => t.Name, t => t.ToF32());
}
