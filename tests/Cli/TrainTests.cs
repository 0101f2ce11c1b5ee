using System.Text.Json.Nodes;
using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Serialization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

[TestFixture]
internal sealed class TrainTests : FolderTests
{
    [Test]
    public void A_run_leaves_log_pictures_and_checkpoints()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), run = _folder.PathOf("run");
        var answer = Amcx.Run("train", "--config", config, "--output", run);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("before").And.Contain("after training").And.Contain("a random point")
            .And.Contain("grid.png").And.Contain("curves.png").And.Contain("left"));
        string[] files = [.. Directory.EnumerateFileSystemEntries(run).Select(f => Path.GetFileName(f)!)
            .Order(StringComparer.Ordinal)];
        Assert.That(files[3], Does.StartWith("events.out.tfevents."));
        Assert.That(files.Where((_, i) => i != 3), Is.EqualTo(
            new[] { ".lock", "checkpoints", "curves.png", "grid.png", "log.jsonl", "report.html" }));
        Assert.That(Directory.GetDirectories(Path.Combine(run, "checkpoints")).Select(Path.GetFileName).Order(),
            Is.EqualTo(new[] { "last", "last-good" }));
        var log = Log(run);
        Assert.That(log.Count(l => (string)l["kind"]! == "step"), Is.EqualTo(6));
        Assert.That(
            log.Where(l => (string)l["kind"]! == "eval").Select(l => (int)l["step"]!), Is.EqualTo(new[] { 0, 4, 6 }));
    }

    [Test]
    public void A_resumed_run_ends_with_the_same_bits()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), whole = _folder.PathOf("whole"),
            parts = _folder.PathOf("parts");
        Assert.That(Amcx.Run("train", "--config", config, "--output", whole).Code, Is.Zero);
        Assert.That(Amcx.Run("train", "--config", config, "--output", parts, "--steps", "3").Code, Is.Zero);
        var resumed = Amcx.Run("train", "--config", config, "--resume", parts);
        Assert.That(resumed.Code, Is.Zero, resumed.Error);

        foreach (var file in new[] { "model.safetensors", "optimizer.safetensors", "state.json", "vocab.txt" })
            Assert.That(File.ReadAllBytes(Checkpoint(parts, file)),
                Is.EqualTo(File.ReadAllBytes(Checkpoint(whole, file))), file);
        Assert.That(WithoutTimes(Log(parts)), Is.EqualTo(WithoutTimes(Log(whole))));
    }

    [Test]
    public void Two_runs_of_one_seed_are_equal_and_another_seed_differs()
    {
        (var config, var first) = Amcx.Train(_folder, "--steps", "2");
        string second = _folder.PathOf("second"), other = _folder.PathOf("other");
        Assert.That(Amcx.Run("train", "--config", config, "--output", second, "--steps", "2").Code, Is.Zero);
        Assert.That(
            Amcx.Run("train", "--config", config, "--output", other, "--steps", "2", "--seed", "7").Code, Is.Zero);
        var weights = File.ReadAllBytes(Checkpoint(first, "model.safetensors"));
        Assert.That(File.ReadAllBytes(Checkpoint(second, "model.safetensors")), Is.EqualTo(weights));
        Assert.That(File.ReadAllBytes(Checkpoint(other, "model.safetensors")), Is.Not.EqualTo(weights));
    }

    [Test]
    public void Resuming_with_another_configuration_names_the_key()
    {
        (var config, var run) = Amcx.Train(_folder, "--steps", "2");
        var answer = Amcx.Run("train", "--config", config, "--resume", run, "--set", "optimizer.lr=0.5");
        Amcx.ExpectBadInput(answer, "optimizer.lr", "0.001", "0.5");
    }

    [Test]
    public void A_run_does_not_go_back()
    {
        (_, var run) = Amcx.Train(_folder);
        Amcx.ExpectBadInput(Amcx.Run("train", "--resume", run, "--steps", "5"), "nothing to resume");
    }

    [Test]
    public void Resuming_from_nothing_says_so()
    {
        var config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        Amcx.ExpectBadInput(Amcx.Run("train", "--config", config, "--resume", _folder.PathOf("no")), "not found");
        Amcx.ExpectBadInput(Amcx.Run("train", "--config", config, "--resume", _folder.Path), "holds no checkpoint");
        Amcx.ExpectBadInput(Amcx.Run("train"), "--config is missing", "--resume");
    }

    [Test]
    public void A_stop_finishes_the_step_saves_and_can_be_resumed()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), run = _folder.PathOf("run"),
            whole = _folder.PathOf("whole");
        using var stop = new CancellationTokenSource();
        using StringWriter output = new(), error = new();
        var options = new TrainOptions { Config = config, Output = run, Threads = 1 };
        var code = TrainCommand.Run(options, new CommandContext(output, error), stop.Token, session =>
        {
            if (session.Step == 2)
                stop.Cancel();
        });
        Assert.That(code, Is.EqualTo(130));
        Assert.That(output.ToString(), Does.Contain("stopped after step 3 and saved").And.Contain($"--resume {run}"));
        Assert.That(Amcx.Run("train", "--config", config, "--resume", run).Code, Is.Zero);
        Assert.That(Amcx.Run("train", "--config", config, "--output", whole).Code, Is.Zero);
        Assert.That(File.ReadAllBytes(Checkpoint(run, "model.safetensors")),
            Is.EqualTo(File.ReadAllBytes(Checkpoint(whole, "model.safetensors"))));
    }

    [TestCase(false, "step 4: the loss \"total\" is NaN")]
    [TestCase(true, "the first NaN or infinity arose in")]
    public void A_NaN_stops_the_run_and_keeps_the_last_checkpoint(bool trace, string expected)
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), run = _folder.PathOf("run");
        var options = new TrainOptions { Config = config, Output = run, Threads = 1, TraceNaN = trace };
        using StringWriter output = new(), error = new();
        var failure = Assert.Throws<TrainingException>(
            () => TrainCommand.Run(options, new CommandContext(output, error), CancellationToken.None, session =>
            {
                if (session.Step == 3)
                {
                    var weight = session.Model.Parameters.Single(p => p.Name == "vision_proj.weight");
                    weight.Value.Load<float>([.. Enumerable.Repeat(float.NaN, weight.Shape.Count)]);
                }
            }))!;
        Assert.That(failure.Message, Does.Contain(expected).And.Contain("step 4"));
        Assert.That(ErrorReporter.Report(failure, error, verbose: false), Is.EqualTo(1));
        using var backend = new CpuBackend(1);
        using var session = TrainingSession.Create(RunConfig.Load(config), backend);
        CheckpointStore.Restore(session, CheckpointLayout.Last(run));
        Assert.That(session.Step, Is.EqualTo(2));
    }

    [Test]
    public void The_older_checkpoint_serves_where_the_newest_is_gone()
    {
        (var config, var run) = Amcx.Train(_folder);
        Directory.Delete(CheckpointLayout.Last(run), recursive: true);
        var answer = Amcx.Run("train", "--config", config, "--resume", run);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("steps 5 to 6"));
    }

    [Test]
    public void Without_AMC_its_losses_are_not_there()
    {
        (_, var run) = Amcx.Train(_folder, "--set", "add_gcam=false", "--steps", "1");
        Assert.That(Log(run).First(l => (string)l["kind"]! == "step")["losses"]!.AsObject().Select(l => l.Key),
            Is.EqualTo(new[] { "total", "ita", "itm", "mlm" }));
    }

    private static string Checkpoint(string run, string file) => Path.Combine(CheckpointLayout.Last(run), file);

    private static JsonNode[] Log(string run) =>
        [.. File.ReadLines(Path.Combine(run, TrainingLog.FileName)).Select(l => JsonNode.Parse(l)!)];

    private static string[] WithoutTimes(JsonNode[] log) => [.. log.Select(l =>
    {
        l.AsObject().Remove("seconds");
        return l.ToJsonString();
    })];
}
