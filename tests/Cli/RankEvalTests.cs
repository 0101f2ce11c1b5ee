using System.Text.Json.Nodes;
using AmcEngine.Amc.CommandLine;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary><c>amcx eval</c> on several ranks gives the files of one process, byte for byte.</summary>
[TestFixture]
internal sealed class RankEvalTests() : TrainedOnceTests(steps: 1)
{
    // Batches of two of eleven questions: they divide by no number of ranks.
    private static readonly string[] Set = ["test_count=11", "eval_batch=2"];

    [TestCase(2, "reference", "energy,iou,auc")]
    [TestCase(3, "reference", "all")]
    [TestCase(2, "wwbl", "energy,iou,auc")]
    [TestCase(8, "reference", "none")]
    public void The_files_are_those_of_one_process(int ranks, string protocol, string metrics)
    {
        var alone = RankedAmcx.Evaluate(1, Options("alone", protocol, metrics));
        Assert.That(alone.Codes, Is.All.Zero, alone.Error);
        var answer = RankedAmcx.Evaluate(ranks, Options("ranks", protocol, metrics));
        Assert.That(answer.Codes, Is.All.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain($"ranks: {ranks} by"));
        Assert.That(Text("ranks.jsonl"), Is.EqualTo(Text("alone.jsonl")));
        Assert.That(Numbers("ranks.json"), Is.EqualTo(Numbers("alone.json")));
        Assert.That(ReportData.Of(_folder.PathOf("ranks.html"))["cases"]?.ToJsonString(),
            Is.EqualTo(ReportData.Of(_folder.PathOf("alone.html"))["cases"]?.ToJsonString()));
        Assert.That(answer.Out.Split("pointing accuracy"),
            Has.Length.EqualTo(alone.Out.Split("pointing accuracy").Length), "said once");
    }

    [Test]
    public void A_stopped_evaluation_is_resumed_by_any_number_of_ranks()
    {
        Assert.That(RankedAmcx.Evaluate(1, Options("alone")).Codes, Is.All.Zero);
        var lines = File.ReadAllLines(_folder.PathOf("alone.jsonl"));
        File.WriteAllLines(_folder.PathOf("ranks.jsonl"), lines[..5]);
        var options = Options("ranks");
        (options.Resume, options.Report) = (true, null);
        var answer = RankedAmcx.Evaluate(3, options);
        Assert.That(answer.Codes, Is.All.Zero, answer.Error);
        Assert.That(answer.Error.Split("5 of 11 questions are answered"), Has.Length.EqualTo(2));
        Assert.That(Text("ranks.jsonl"), Is.EqualTo(Text("alone.jsonl")));
    }

    [Test]
    public void Every_checkpoint_of_a_run_is_evaluated_by_all_ranks()
    {
        EvalOptions Folder(string name) => new()
        {
            Config = _config,
            CheckpointDir = _run,
            Json = _folder.PathOf(name),
            Set = Set,
            Threads = 1,
        };
        Assert.That(RankedAmcx.Evaluate(1, Folder("alone.json")).Codes, Is.All.Zero);
        var answer = RankedAmcx.Evaluate(2, Folder("ranks.json"));
        Assert.That(answer.Codes, Is.All.Zero, answer.Error);
        Assert.That(Text("ranks.json"), Is.EqualTo(Text("alone.json")));
    }

    [Test]
    public void A_mistake_is_said_once()
    {
        var options = Options("ranks");
        options.Checkpoint = _folder.PathOf("nowhere");
        var answer = RankedAmcx.Evaluate(3, options);
        Assert.That(answer.Codes, Is.All.EqualTo(2));
        Assert.That(answer.Errors, Has.Length.EqualTo(1).And.All.Contain("checkpoint not found"));
    }

    private EvalOptions Options(string name, string protocol = "reference", string metrics = "energy,iou,auc") => new()
    {
        Config = _config,
        Checkpoint = _run,
        Protocol = protocol,
        Metrics = metrics,
        Json = _folder.PathOf($"{name}.json"),
        Samples = _folder.PathOf($"{name}.jsonl"),
        Report = _folder.PathOf($"{name}.html"),
        Set = Set,
        Threads = 1,
    };

    private string Text(string name) => File.ReadAllText(_folder.PathOf(name));

    private string Numbers(string name)
    {
        var json = JsonNode.Parse(Text(name))!.AsObject();
        json.Remove("seconds");
        return json.ToJsonString();
    }
}
