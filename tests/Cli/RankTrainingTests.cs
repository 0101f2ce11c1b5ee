using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary><c>amcx train</c> on several ranks: one run, one log, and no rank left behind.</summary>
[TestFixture]
internal sealed class RankTrainingTests : FolderTests
{
    // As in one process: what ranks would else do among themselves alone.
    private static readonly string[] Global =
    [
        "batch_size=6", "train_count=18", "contrastive=global", "negatives=global", "amc_pool=global", "mlm_pool=global"
    ];

    private string _config = null!, _run = null!;

    [SetUp]
    public void WriteConfig() =>
        (_config, _run) = (_folder.Write("tiny.yaml", Amcx.TinyConfig), _folder.PathOf("run"));

    [Test]
    public void Ranks_write_one_run_which_is_that_of_one_process()
    {
        var whole = _folder.PathOf("whole");
        Assert.That(Amcx.Run(["train", "--config", _config, "--output", whole, "--set", .. Global]).Code, Is.Zero);
        var answer = RankedAmcx.Train(3, _config, _run, Global);
        Assert.That(answer.Codes, Is.All.Zero, answer.Error);
        AssertClose(_run, whole);
        Assert.Multiple(() =>
        {
            Assert.That(answer.Out, Does.Contain("ranks: 3 by threads of one process"));
            Assert.That(answer.Out.Split("after step 6:"), Has.Length.EqualTo(2), "one evaluation, said once");
            Assert.That(RunFiles.Log(_run).Where(l => (string?)l["kind"] == "ranks").Select(l => (int?)l["step"]),
                Is.EqualTo((int?[])[1, 2, 3, 4, 5, 6]));
            Assert.That(RunFiles.Log(_run).First(l => (string?)l["kind"] == "ranks")["own_seconds"]!.AsArray(),
                Has.Count.EqualTo(3));
            Assert.That(File.Exists(Path.Combine(_run, CheckpointLayout.Report)), Is.True);
        });
        RunFiles.AssertNoTemporaries(_run);
    }

    [Test]
    public void A_run_goes_on_with_another_number_of_ranks([Values] bool sharesOptimizer)
    {
        string[] settings = [.. Global, $"shard_optimizer={(sharesOptimizer ? "true" : "false")}", "save_every=1"];
        var whole = _folder.PathOf("whole");
        Assert.That(Amcx.Run(["train", "--config", _config, "--output", whole, "--set", .. Global]).Code, Is.Zero);
        Assert.That(RankedAmcx.Train(2, _ => new TrainOptions
        {
            Config = _config,
            Output = _run,
            Set = settings,
            Steps = 2,
            Threads = 1
        }).Codes, Is.All.Zero);
        Assert.That(Amcx.Run("train", "--resume", _run, "--steps", "4").Code, Is.Zero);
        var last = RankedAmcx.Resume(3, _run, steps: 6);
        Assert.That(last.Codes, Is.All.Zero, last.Error);
        AssertClose(_run, whole);
    }

    [TestCase(0)]
    [TestCase(1)]
    public void An_error_on_one_rank_ends_all_with_its_line_and_keeps_what_was_done(int bad)
    {
        var answer = RankedAmcx.Train(2, rank => Options(rank), (rank, session) =>
        {
            if (rank == bad && session.Step == 3)
                throw new IOException("the disk is full.");
        });
        Assert.That(answer.Codes, Is.All.EqualTo(2));
        Assert.That(answer.Errors, Has.Length.EqualTo(1));
        Assert.That(answer.Errors[0], Does.StartWith($"error: rank {bad}: the disk is full."));
        Assert.That(answer.Out, Does.Contain("saved after step 3"));
        Assert.That(CheckpointState.Load(RunFiles.Last(_run, "state.json")).Step, Is.EqualTo(3));
        Assert.That(RankedAmcx.Resume(2, _run).Codes, Is.All.Zero);
    }

    [Test]
    public void A_NaN_on_one_rank_ends_all_with_one_line()
    {
        var answer = RankedAmcx.Train(2, rank => Options(rank), (rank, session) =>
        {
            if (rank != 1 || session.Step != 3)
                return;
            var weight = session.Model.Parameters.Single(p => p.Name == "vision_proj.weight").Value;
            weight.Load<float>([.. Enumerable.Repeat(float.NaN, weight.Shape.Count)]);
        });
        Assert.That(answer.Codes, Is.All.EqualTo(1));
        Assert.That(answer.Errors, Has.Length.EqualTo(1));
        Assert.That(answer.Errors[0], Does.Contain("step 4").And.Contain("is NaN on rank 1;"));
    }

    [Test]
    public void A_stop_on_any_rank_stops_all_after_the_same_step([Values] bool sharesOptimizer)
    {
        using var stop = new CancellationTokenSource();
        string[] settings = ["batch_size=6", $"shard_optimizer={sharesOptimizer}"];
        var answer = RankedAmcx.Train(3, _ => Options(0, settings), (rank, session) =>
        {
            if (rank == 2 && session.Step == 2)
                stop.Cancel();
        }, rank => rank == 2 ? stop.Token : default);
        Assert.That(answer.Codes, Is.All.EqualTo(130), answer.Error);
        Assert.That(answer.Out, Does.Contain("stopped after step 2 and saved"));
    }

    [Test]
    public void Replicas_that_differ_are_found_and_not_saved()
    {
        var answer = RankedAmcx.Train(2, rank =>
        {
            var options = Options(rank, "save_every=1");
            options.CheckReplicas = 2;
            return options;
        }, (rank, session) =>
        {
            if (rank != 1 || session.Step != 3)
                return;
            var weight = session.Model.Parameters.Single(p => p.Name == "vision_proj.weight").Value;
            var values = weight.ToArray<float>();
            values[7] *= 1.001f;
            weight.Load<float>(values);
        });
        Assert.That(answer.Codes, Is.All.EqualTo(1));
        Assert.That(answer.Errors, Has.Length.EqualTo(1));
        Assert.That(answer.Errors[0], Does.Contain("after step 4").And.Contain("is not that of the others"));
        Assert.That(CheckpointState.Load(RunFiles.Last(_run, "state.json")).Step, Is.EqualTo(3));
    }

    [Test]
    public void What_cannot_be_trained_together_is_refused_in_one_line()
    {
        Expect(RankedAmcx.Train(2, rank => new TrainOptions { Config = _config, Output = _run, Seed = rank }),
            "seed: is 1 on rank 1 and 0 on rank 0");
        Expect(RankedAmcx.Train(3, rank => Options(rank)),
            "batch_size: 4 pairs of a batch cannot be shared equally by 3");
        Expect(RankedAmcx.Train(2, rank => Options(rank, "batch_size=2")), "set it to 4");
        var missing = _folder.PathOf("no.yaml");
        Expect(RankedAmcx.Train(2, rank => new TrainOptions { Config = rank == 0 ? _config : missing }),
            "rank 1: ", "no.yaml");
        Expect(RankedAmcx.Train(2, _ => new TrainOptions { Config = _config, CheckReplicas = -1 }), "--check-replicas");
        Expect(RankedAmcx.Resume(2, _folder.PathOf("nothing")), "not found");
        Assert.That(Directory.Exists(_run), Is.False, "nothing is left");
    }

    [Test]
    public void Data_that_differs_is_refused_in_one_line()
    {
        (_config, var data) = AnnotatedScenes.Write(_folder);
        var other = Path.Combine(data, "other.json");
        File.WriteAllText(other, File.ReadAllText(Path.Combine(data, "train.json")) + "\n");
        Expect(RankedAmcx.Train(2, rank => Options(rank, rank == 0 ? [] : [$"train_file={other}"])),
            "SHA-256 of annotation file 1 in train_file: is ", " on rank 1 and ");
        Assert.That(Directory.Exists(_run), Is.False, "nothing is left");
    }

    [TestCase("clip", "contrastive")]
    [TestCase("albef", "negatives")]
    [TestCase("blip", "negatives")]
    public void A_pair_a_rank_is_enough_where_negatives_are_those_of_all(string model, string key)
    {
        string[] set = [$"model={model}", "batch_size=2", "steps=1", "eval_every=100"];
        Expect(RankedAmcx.Train(2, rank => Options(rank, set)), $"2 at least on each with {key}: local; set it to 4");
        var answer = RankedAmcx.Train(2, rank => Options(rank, [.. set, $"{key}=global"]));
        Assert.That(answer.Codes, Is.All.Zero, answer.Error);
    }

    private void Expect(RankedAnswer answer, params string[] parts)
    {
        Assert.That(answer.Codes, Is.All.EqualTo(2), answer.Error);
        Assert.That(answer.Errors, Has.Length.EqualTo(1), answer.Error);
        foreach (var part in parts)
            Assert.That(answer.Errors[0], Does.Contain(part));
    }

    private TrainOptions Options(int rank, params string[] set) =>
        new() { Config = _config, Output = _run, Set = set, Threads = 1 };

    // The same losses, rates and answers at the same steps; sums of ranks are rounded otherwise.
    private static void AssertClose(string actual, string expected)
    {
        (var steps, var evaluations) = TrainingLogReader.Read(actual, Assert.Fail);
        (var wantedSteps, var wantedEvaluations) = TrainingLogReader.Read(expected, Assert.Fail);
        Assert.That(steps.Select(s => (s.Step, s.Epoch, s.LearningRate)),
            Is.EqualTo(wantedSteps.Select(s => (s.Step, s.Epoch, s.LearningRate))));
        foreach ((var step, var wanted) in steps.Zip(wantedSteps))
        {
            foreach ((var loss, var other) in step.Losses.Zip(wanted.Losses))
                Assert.That(loss.Value, Is.EqualTo(other.Value).Within(2e-4 * Math.Max(0.05, Math.Abs(other.Value))),
                    $"step {step.Step}, {loss.Name}");
        }
        Assert.That(evaluations.Select(e => (e.Step, e.Count)),
            Is.EqualTo(wantedEvaluations.Select(e => (e.Step, e.Count))));
    }
}
