using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>Every kind of model through the commands: train, resume, evaluate, explain.</summary>
[TestFixture]
internal sealed class ModelKindTests : FolderTests
{
    private static readonly string[] Clip = ["--set", "model=clip", "--set", "max_positions=25"];
    private static readonly string[] Blip = ["--set", "model=blip"];
    private static readonly string[] Itc = ["--set", "explain.mode=itc"];

    private static IEnumerable<TestCaseData> Kinds =>
    [
        new TestCaseData((object)Clip).SetArgDisplayNames("clip"),
        new TestCaseData((object)Blip).SetArgDisplayNames("blip"),
        new TestCaseData((object)Itc).SetArgDisplayNames("albef by itc"),
    ];

    [TestCaseSource(nameof(Kinds))]
    public void A_model_trains_and_a_stopped_run_resumes_to_the_same_bits(string[] kind)
    {
        var config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        string whole = _folder.PathOf("whole"), parts = _folder.PathOf("parts");
        Expect(Amcx.Run(["train", "--config", config, "--output", whole, .. kind]));
        Expect(Amcx.Run(["train", "--config", config, "--output", parts, "--steps", "3", .. kind]));
        Expect(Amcx.Run(["train", "--resume", parts, "--steps", "6"]));
        foreach (var file in new[] { "model.safetensors", "optimizer.safetensors" })
            Assert.That(File.ReadAllBytes(RunFiles.Last(parts, file)),
                Is.EqualTo(File.ReadAllBytes(RunFiles.Last(whole, file))), file);
        Assert.That(File.ReadAllText(Path.Combine(whole, "log.jsonl")), Does.Contain("amc_max"));
    }

    [TestCaseSource(nameof(Kinds))]
    public void A_run_is_evaluated_and_explained(string[] kind)
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), run = _folder.PathOf("run"),
            picture = _folder.PathOf("map.png");
        Expect(Amcx.Run(["train", "--config", config, "--output", run, .. kind]));
        Assert.That(Expect(Amcx.Run(["eval", "--config", config, "--checkpoint", run, .. kind])).Out,
            Does.Contain("pointing accuracy"));
        new AmcEngine.DataTools.RgbImage(40, 30).SavePng(_folder.PathOf("photo.png"));
        Amcx.Run("explain", "--checkpoint", run, "--image", _folder.PathOf("photo.png"), "--text", "red circle",
            "--output", picture);
        Assert.That(File.Exists(picture), Is.True);
    }

    [Test]
    public void The_kind_of_a_run_is_binding()
    {
        var (config, run) = Amcx.Train(_folder);
        Amcx.ExpectBadInput(Amcx.Run(["eval", "--config", config, "--checkpoint", run, .. Blip]),
            "model is albef in that run and blip here");
        Amcx.ExpectBadInput(Amcx.Run(["eval", "--config", config, "--checkpoint", run, "--set", "explain.layer=7"]),
            "explain.layer", "found 7");
        Amcx.ExpectBadInput(
            Amcx.Run(["eval", "--config", config, "--checkpoint", run, "--set", "model=flava"]), "albef, clip, blip");
    }

    private static Answer Expect(Answer answer)
    {
        Assert.That(answer.Code, Is.Zero, answer.Error);
        return answer;
    }
}
