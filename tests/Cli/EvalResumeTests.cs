using System.Text.Json.Nodes;
using AmcEngine.Amc.Evaluation.Answers;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary><c>eval --resume</c> on six questions in batches of four.</summary>
[TestFixture]
internal sealed class EvalResumeTests() : TrainedOnceTests(steps: 1)
{
    private string Samples => _folder.PathOf("samples.jsonl");

    private string Json => _folder.PathOf("result.json");

    [TestCase(0, false)]
    [TestCase(2, false)]
    [TestCase(4, true)]
    [TestCase(5, false)]
    [TestCase(6, false)]
    public void A_resumed_evaluation_gives_the_bytes_of_an_uninterrupted_one(int answered, bool killed)
    {
        Assert.That(Evaluate().Code, Is.Zero);
        var samples = File.ReadAllBytes(Samples);
        var result = Numbers();
        var lines = File.ReadAllLines(Samples);
        var rest = answered < 6 ? lines[answered][..20] : "";
        File.Delete(Samples);
        // A killed evaluation leaves another file behind than one that was asked to stop.
        File.WriteAllText(killed ? PartialAnswers.PathOf(Samples) : Samples,
            string.Concat(lines[..answered].Select(l => l + "\n")) + rest);
        var answer = Evaluate("--resume");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Error, Does.Contain($"{answered} of 6 questions are answered"));
        Assert.That(File.ReadAllBytes(Samples), Is.EqualTo(samples));
        Assert.That(Numbers(), Is.EqualTo(result));
        Assert.That(Directory.GetFiles(_folder.Path).Select(Path.GetFileName),
            Is.EquivalentTo(new[] { "samples.jsonl", "result.json" }));
    }

    [Test]
    public void Where_there_is_nothing_to_resume_all_is_asked()
    {
        var answer = Evaluate("--resume");
        Assert.That((answer.Code, File.ReadAllLines(Samples).Length), Is.EqualTo((0, 6)), answer.Error);
        Assert.That(answer.Error, Does.Contain("there is no").And.Contain(Samples));
    }

    [TestCase("another protocol, method, list of metrics or configuration", "--metrics", "none")]
    [TestCase("another protocol, method, list of metrics or configuration", "--method", "attention")]
    [TestCase("another protocol, method, list of metrics or configuration", "--protocol", "fixed")]
    [TestCase("other questions", "--count", "5")]
    public void The_samples_of_another_evaluation_are_refused(string what, params string[] other)
    {
        Assert.That(Evaluate().Code, Is.Zero);
        var before = File.ReadAllBytes(Samples);
        Amcx.ExpectBadInput(Evaluate(["--resume", .. other]), Samples, what, "leave --resume out");
        Assert.That(File.ReadAllBytes(Samples), Is.EqualTo(before));
    }

    [Test]
    public void The_samples_of_other_weights_are_refused()
    {
        Assert.That(Evaluate().Code, Is.Zero);
        var other = _folder.PathOf("other");
        Assert.That(Amcx.Run("train", "--config", _config, "--output", other, "--steps", "2").Code, Is.Zero);
        Amcx.ExpectBadInput(
            Amcx.Run("eval", "--config", _config, "--checkpoint", other, "--samples", Samples, "--resume"), Samples,
            "other weights");
    }

    [Test]
    public void The_files_behind_an_index_are_weights_too()
    {
        // Only the numbers differ, so that both have the same index.
        var other = _folder.PathOf("other");
        Assert.That(Amcx.Run("train", "--config", _config, "--output", other, "--steps", "2").Code, Is.Zero);
        string[] shards = [Sharded(_run, "a"), Sharded(other, "b")];
        var index = shards.Select(s => File.ReadAllText(Directory.GetFiles(s, "*.index.json").Single())).ToArray();
        Assert.That(index[1], Is.EqualTo(index[0]));
        string[] eval = ["eval", "--config", _config, "--samples", Samples];
        Assert.That(Amcx.Run([.. eval, "--checkpoint", shards[0]]).Code, Is.Zero);
        Amcx.ExpectBadInput(
            Amcx.Run([.. eval, "--checkpoint", shards[1], "--resume"]), Samples, "other weights");
    }

    [Test]
    public void What_samples_do_not_hold_enough_for_is_refused()
    {
        Amcx.ExpectBadInput(
            Amcx.Run("eval", "--config", _config, "--checkpoint", _run, "--resume"), "--resume", "--samples");
        Amcx.ExpectBadInput(
            Amcx.Run("eval", "--config", _config, "--checkpoint-dir", _run, "--resume"), "--resume", "--checkpoint");
        Amcx.ExpectBadInput(
            Evaluate("--resume", "--report", _folder.PathOf("r.html")), "--resume", "--report", "--cache");
        Amcx.ExpectBadInput(Evaluate("--resume", "--protocol", "wwbl"), "--resume", "--protocol wwbl", "--cache");
    }

    private string Sharded(string run, string name)
    {
        var folder = _folder.PathOf(name);
        var answer = Amcx.Run("convert", run, folder, "--shard-size", "20KB");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        return folder;
    }

    private Answer Evaluate(params string[] more) => Amcx.Run(
        ["eval", "--config", _config, "--checkpoint", _run, "--samples", Samples, "--json", Json, .. more]);

    // Everything but the time that it took.
    private string Numbers()
    {
        var result = JsonNode.Parse(File.ReadAllText(Json))!.AsObject();
        result.Remove("seconds");
        return result.ToJsonString();
    }
}
