using System.Text.Json.Nodes;
using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Runs;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// A run goes on from its folder alone, as the run that it was, and from the newest checkpoint that is whole.
/// </summary>
[TestFixture]
internal sealed class ResumeTests : FolderTests
{
    [Test]
    public void The_folder_is_enough()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), whole = _folder.PathOf("whole"),
            parts = _folder.PathOf("parts");
        string[] own = ["--set", "batch_size=8", "--seed", "5"];
        Assert.That(Amcx.Run(["train", "--config", config, "--output", whole, .. own]).Code, Is.Zero);
        Assert.That(Amcx.Run(["train", "--config", config, "--output", parts, "--steps", "3", .. own]).Code, Is.Zero);
        File.Delete(config);
        var resumed = Amcx.Run("train", "--resume", parts + "/");
        Assert.That(resumed.Code, Is.Zero, resumed.Error);
        RunFiles.AssertSame(parts, whole);
    }

    [Test]
    public void A_run_by_parts_goes_on_as_the_run_that_it_was_and_logs_what_the_whole_batch_does()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), whole = _folder.PathOf("whole"),
            parts = _folder.PathOf("parts"), atOnce = _folder.PathOf("once");
        string[] own = ["--set", "micro_batch=3"];
        Assert.That(Amcx.Run(["train", "--config", config, "--output", whole, .. own]).Code, Is.Zero);
        Assert.That(Amcx.Run(["train", "--config", config, "--output", parts, "--steps", "3", .. own]).Code, Is.Zero);
        Assert.That(Amcx.Run("train", "--resume", parts).Code, Is.Zero);
        RunFiles.AssertSame(parts, whole);
        Assert.That(Amcx.Run("train", "--config", config, "--output", atOnce).Code, Is.Zero);
        double[] Losses(string run) => [.. RunFiles.Log(run).Where(l => (string)l["kind"]! == "step").SelectMany(
            l => l["losses"]!.AsObject().Select(v => (double)v.Value!))];
        Assert.That(Losses(whole), Has.Length.EqualTo(6 * 6));
        Closeness.ElementsAreClose("losses", Losses(whole), Losses(atOnce), 1e-5);
    }

    [Test]
    public void A_learning_rate_given_by_its_second_name_survives()
    {
        var config = _folder.Write(
            "tiny.yaml", Amcx.TinyConfig.Replace("lr: 1e-3, weight", "weight", StringComparison.Ordinal).Replace(
                "sched: cosine", "sched: cosine, lr: 2e-3", StringComparison.Ordinal));
        var run = _folder.PathOf("run");
        Assert.That(Amcx.Run("train", "--config", config, "--output", run, "--steps", "3").Code, Is.Zero);
        var resumed = Amcx.Run("train", "--resume", run);
        Assert.That(resumed.Code, Is.Zero, resumed.Error);
        Assert.That(RunFiles.Log(run).Max(l => (double?)l["lr"]), Is.EqualTo(2e-3).Within(1e-12));
    }

    [TestCase("--seed", "7", "seed is 42 there and 7 here")]
    [TestCase("--set", "seed=7", "seed is 42 there and 7 here")]
    [TestCase("--set", "batch_size=8", "batch_size is 4 there and 8 here")]
    [TestCase("--output", "elsewhere", "leave --output out")]
    [TestCase("--overwrite", null, "leave out --overwrite")]
    public void Another_run_is_refused(string option, string? value, string expected)
    {
        (_, var run) = Amcx.Train(_folder, "--steps", "2");
        string[] more = value is null ? [option] : [option, value];
        Amcx.ExpectBadInput(Amcx.Run(["train", "--resume", run, .. more]), expected);
    }

    [Test]
    public void How_often_to_look_may_change()
    {
        (_, var run) = Amcx.Train(_folder, "--steps", "3");
        var answer = Amcx.Run("train", "--resume", run, "--set", "eval_every=1", "eval_batch=2", "test_count=5",
            "save_every=1", "log_every=2", "grid_scenes=2", "micro_batch=2");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(RunFiles.Log(run).Where(l => (string)l["kind"]! == "eval").Select(l => (int)l["step"]!),
            Is.EqualTo(new[] { 0, 4, 5, 6 }).Or.EqualTo(new[] { 0, 3, 4, 5, 6 }));
        Assert.That(answer.Out, Does.Contain("on 5 test samples: ").And.Not.Contain("% before,"),
            "the questions of step 0 were others");
    }

    [Test]
    public void A_state_of_an_earlier_version_resumes()
    {
        (var config, var run) = Amcx.Train(_folder, "--steps", "3");
        var path = RunFiles.Last(run, "state.json");
        var state = JsonNode.Parse(File.ReadAllText(path))!;
        foreach (var added in new[] { "Data", "StopAfter", "CopiesAhead" })
            state.AsObject().Remove(added);
        // A key that did not exist then.
        state["Config"]!.AsObject().Remove("eval_resize");
        state["Config"]!.AsObject().Remove("mlm_distill_axis");
        File.WriteAllText(path, state.ToJsonString());
        File.Delete(RunFiles.Last(run, "before.safetensors"));
        var answer = Amcx.Run("train", "--config", config, "--resume", run);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("steps 4 to 6").And.Contain("grid.png"));
    }

    [Test]
    public void A_stop_that_was_asked_for_is_remembered_until_it_is_reached()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), run = _folder.PathOf("run");
        using var stop = new CancellationTokenSource();
        using StringWriter output = new(), error = new();
        var options = new TrainOptions { Config = config, Output = run, Threads = 1, Steps = 4 };
        var code = TrainCommand.Run(
            options, new CommandContext(output, error), stop.Token, s => { if (s.Step == 0) stop.Cancel(); });
        Assert.That(code, Is.EqualTo(130));
        var answer = Amcx.Run("train", "--resume", run);
        Assert.That(answer.Out, Does.Contain("to 4,"), answer.Error);
        answer = Amcx.Run("train", "--resume", run);
        Assert.That(answer.Out, Does.Contain("steps 5 to 6,"), answer.Error);
    }

    [Test]
    public void The_weights_a_run_started_from_are_not_asked_for_again()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), start = _folder.PathOf("start");
        Assert.That(
            Amcx.Run("train", "--config", config, "--output", start, "--seed", "9", "--steps", "2").Code, Is.Zero);
        string whole = _folder.PathOf("whole"), parts = _folder.PathOf("parts");
        string[] from = ["--set", $"checkpoint={start}"];
        Assert.That(Amcx.Run(["train", "--config", config, "--output", whole, .. from]).Code, Is.Zero);
        Assert.That(Amcx.Run(["train", "--config", config, "--output", parts, "--steps", "3", .. from]).Code, Is.Zero);
        Directory.Delete(start, recursive: true);
        var resumed = Amcx.Run("train", "--resume", parts);
        Assert.That(resumed.Code, Is.Zero, resumed.Error);
        RunFiles.AssertSame(parts, whole);
        Assert.That(File.ReadAllBytes(Path.Combine(parts, "grid.png")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(whole, "grid.png"))));
    }

    [TestCase("model.safetensors", 0.5)]
    [TestCase("model.safetensors", 0.0)]
    [TestCase("optimizer.safetensors", 0.9)]
    [TestCase("optimizer.safetensors", -1)]
    [TestCase("state.json", 0.5)]
    [TestCase("state.json", -1)]
    [TestCase("vocab.txt", -1)]
    [TestCase("", -1)]
    public void A_damaged_checkpoint_gives_way_to_the_one_before(string file, double kept)
    {
        (var config, var run) = Amcx.Train(_folder);
        var whole = _folder.PathOf("whole");
        Directory.Move(run, whole);
        Assert.That(Amcx.Run("train", "--config", config, "--output", run, "--steps", "5").Code, Is.Zero);
        var path = RunFiles.Last(run, file);
        if (file.Length == 0)
            Directory.Delete(path, recursive: true);
        else if (kept < 0)
            File.Delete(path);
        else
            File.WriteAllBytes(path, File.ReadAllBytes(path)[..(int)(new FileInfo(path).Length * kept)]);
        var answer = Amcx.Run("train", "--resume", run, "--steps", "6");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Error.TrimEnd('\n').Split('\n'),
            Has.Length.EqualTo(1).And.All.StartsWith("warning: ").And.All.Contains("last-good"));
        Assert.That(answer.Out, Does.Contain("steps 5 to 6"));
        RunFiles.AssertSame(run, whole);
        Assert.That(CheckpointState.Load(Path.Combine(CheckpointLayout.LastGood(run), CheckpointLayout.State)).Step,
            Is.EqualTo(4), "the damaged one does not take its place");
    }

    [Test]
    public void Two_damaged_checkpoints_are_an_error()
    {
        (_, var run) = Amcx.Train(_folder);
        foreach (var checkpoint in new[] { CheckpointLayout.Last(run), CheckpointLayout.LastGood(run) })
            File.WriteAllBytes(Path.Combine(checkpoint, "model.safetensors"), new byte[100]);
        var answer = Amcx.Run("train", "--resume", run);
        Assert.That(answer.Code, Is.EqualTo(2));
        Assert.That(answer.Error.TrimEnd('\n').Split('\n')[^1], Does.StartWith("error: ").And.Contain("last-good"));
    }

    [Test]
    public void A_run_killed_after_its_last_save_gets_its_pictures_and_its_last_evaluation()
    {
        (_, var run) = Amcx.Train(_folder);
        var whole = RunFiles.Snapshot(run);
        File.Delete(Path.Combine(run, "grid.png"));
        File.Delete(Path.Combine(run, "curves.png"));
        File.Delete(Path.Combine(run, "report.html"));
        var log = Path.Combine(run, "log.jsonl");
        File.WriteAllLines(log, File.ReadAllLines(log)[..^1]);
        var answer = Amcx.Run("train", "--resume", run);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("% before, ").And.Contain("all 6 steps are done"));
        var now = RunFiles.Snapshot(run);
        Assert.That(now["grid.png"], Is.EqualTo(whole["grid.png"]));
        Assert.That(now["report.html"], Is.EqualTo(whole["report.html"]));
        Assert.That(now.Keys.Where(k => !k.StartsWith("events.", StringComparison.Ordinal)),
            Is.EqualTo(whole.Keys.Where(k => !k.StartsWith("events.", StringComparison.Ordinal))));
        Assert.That(RunFiles.Log(run).Where(l => (string)l["kind"]! == "eval").Select(l => (int)l["step"]!),
            Is.EqualTo(new[] { 0, 4, 6 }));
    }

    [Test]
    public void An_error_saves_the_steps_before_it_first([Values(3, 5)] int failing)
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig.Replace("save_every: 2", "save_every: 100",
            StringComparison.Ordinal)), run = _folder.PathOf("run"), whole = _folder.PathOf("whole");
        Assert.That(Amcx.Run("train", "--config", config, "--output", whole).Code, Is.Zero);
        using StringWriter output = new(), error = new();
        var options = new TrainOptions { Config = config, Output = run, Threads = 1 };
        Assert.Throws<DataException>(
            () => TrainCommand.Run(options, new CommandContext(output, error), CancellationToken.None, s =>
            {
                if (s.Step == failing)
                    throw new DataException("a picture cannot be read.");
            }));
        Assert.That(
            output.ToString(), Does.Contain($"saved after step {failing}; go on with: amcx train --resume {run}"));
        // The copies had been moved for the step that then failed.
        Assert.That(CheckpointState.Load(RunFiles.Last(run, "state.json")),
            Has.Property("Step").EqualTo(failing).And.Property("CopiesAhead").True);
        Assert.That(Amcx.Run("train", "--resume", run).Code, Is.Zero);
        RunFiles.AssertSame(run, whole);
    }

    [Test]
    public void An_error_before_the_first_step_leaves_nothing()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig), run = _folder.PathOf("run");
        using StringWriter output = new(), error = new();
        Assert.Throws<DataException>(() => TrainCommand.Run(
            new TrainOptions { Config = config, Output = run, Threads = 1 }, new CommandContext(output, error),
            CancellationToken.None, _ => throw new DataException("x")));
        Assert.That(Directory.Exists(run), Is.False);
    }

    [Test]
    public void Data_is_known_by_what_it_holds()
    {
        (var config, var data) = AnnotatedScenes.Write(_folder);
        string run = _folder.PathOf("run"), train = Path.Combine(data, "train.json");
        var answer = Amcx.Run("train", "--config", config, "--output", run, "--steps", "2");
        Assert.That(answer.Code, Is.Zero, answer.Error);

        var changed = File.ReadAllText(train).Replace("circle", "square", StringComparison.Ordinal) + "\n";
        var kept = File.ReadAllText(train);
        File.WriteAllText(train, changed);
        Amcx.ExpectBadInput(
            Amcx.Run("train", "--resume", run), train, "has changed since the run began", "SHA-256", "16");
        File.WriteAllText(train, kept);

        // Another way to write the same path, and the vocabulary gone: the run has it.
        File.Delete(Path.Combine(data, "vocab.txt"));
        answer = Amcx.Run("train", "--resume", run, "--steps", "3", "--set",
            $"image_root={Path.Combine(data, "..", Path.GetFileName(data))}/");
        Assert.That(answer.Code, Is.Zero, answer.Error);

        // Moved: the paths are others, the data is not.
        var moved = data + "-moved";
        Directory.Move(data, moved);
        answer = Amcx.Run("train", "--resume", run, "--set", $"image_root={moved}",
            $"train_file={Path.Combine(moved, "train.json")}", $"test_file={Path.Combine(moved, "test.json")}");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("steps 4 to 6"));
    }

    [Test]
    public void Pictures_elsewhere_are_refused_while_the_first_ones_are_there()
    {
        (var config, var data) = AnnotatedScenes.Write(_folder);
        var run = _folder.PathOf("run");
        Assert.That(Amcx.Run("train", "--config", config, "--output", run, "--steps", "2").Code, Is.Zero);
        Amcx.ExpectBadInput(Amcx.Run("train", "--resume", run, "--set", $"image_root={_folder.Path}"), "image_root",
            data, _folder.Path);
    }

    [Test]
    public void An_existing_run_is_not_touched()
    {
        (var config, var run) = Amcx.Train(_folder, "--steps", "2");
        var before = RunFiles.Snapshot(run);
        Amcx.ExpectBadInput(Amcx.Run("train", "--config", config, "--output", run), run, "--resume", "--overwrite");
        Amcx.ExpectBadInput(
            Amcx.Run("train", "--config", config, "--set", $"output={run}"), run, "--resume", "--overwrite");
        Assert.That(RunFiles.Snapshot(run), Is.EqualTo(before));
        var answer = Amcx.Run("train", "--config", config, "--output", run, "--overwrite", "--steps", "1");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(RunFiles.Log(run).Where(l => (string)l["kind"]! == "step").Select(l => (int)l["step"]!),
            Is.EqualTo(new[] { 1 }));
        Assert.That(Directory.Exists(Path.Combine(run, "previous-run")), Is.False);
    }

    [Test]
    public void A_stop_before_the_first_step_gives_the_earlier_run_back()
    {
        (var config, var run) = Amcx.Train(_folder, "--steps", "2");
        var before = RunFiles.Snapshot(run);
        using StringWriter output = new(), error = new();
        var options = new TrainOptions { Config = config, Output = run, Threads = 1, Overwrite = true };
        Assert.That(TrainCommand.Run(options, new CommandContext(output, error), new CancellationToken(canceled: true)),
            Is.EqualTo(130));
        Assert.That(output.ToString(), Does.Contain("nothing was saved").And.Contain("the run before is back"));
        Assert.That(RunFiles.Snapshot(run), Is.EqualTo(before));
    }

    [Test]
    [Platform(Exclude = "Win")]
    public void The_default_folder_is_numbered_and_two_processes_share_none()
    {
        var config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        Directory.CreateDirectory(_folder.PathOf("runs/tiny/checkpoints/last"));
        using var first = Child.Start(
            _folder.Path, "train", "--config", config, "--set", "steps=100000", "save_every=2");
        Assert.That(
            first.WaitFor("runs/tiny holds a run already, which is left as it is; this one goes to runs/tiny-2"),
            Is.True, first.Error);
        // The save of step 4 waits for that of step 2.
        Assert.That(first.WaitFor("step 5/"), Is.True, first.Error);
        var second = Amcx.Run("train", "--resume", _folder.PathOf("runs/tiny-2"));
        Amcx.ExpectBadInput(second, _folder.PathOf("runs/tiny-2"), "another process");
        first.Signal(9);
        first.End();
        // The lock went with the process.
        var run = _folder.PathOf("runs/tiny-2");
        var steps = $"{RunFiles.SavedStep(run) + 1}";
        Assert.That(Amcx.Run("train", "--resume", run, "--steps", steps).Code, Is.Zero);
    }

    // Five steps an epoch and a save each six: a run is resumed inside of an epoch. The run beside it has one thread
    // and no cache; the cache of the killed one is warm in part, and one of its entries is damaged.
    [Test]
    [Platform(Exclude = "Win")]
    public void A_run_killed_within_an_epoch_resumes_to_the_bits_of_one_thread_without_a_cache()
    {
        var (config, _) = AnnotatedScenes.Write(_folder, 20);
        string run = _folder.PathOf("run"), whole = _folder.PathOf("whole"), cache = _folder.PathOf("cache");
        string[] own = ["steps=100000", "augment=true", "save_every=6", "eval_every=100000"];
        using (var child = Child.Start(_folder.Path, ["train", "--config", config, "--output", run, "--threads", "1",
            "--set", .. own, "save_async=false", "workers=3", $"cache={cache}"]))
        {
            Assert.That(child.WaitFor("step 7/"), Is.True, child.Error);
            child.Signal(9);
            child.End();
        }
        var last = CheckpointState.Load(RunFiles.Last(run, "state.json")).Step + 7;
        var entry = Directory.GetFiles(cache, "*", SearchOption.AllDirectories)[0];
        File.WriteAllBytes(entry, [.. File.ReadAllBytes(entry)[..^1], 0]);

        var resumed = Amcx.Run("train", "--resume", run, "--steps", $"{last}");
        Assert.That(resumed.Code, Is.Zero, resumed.Error);
        Assert.That(resumed.Error, Does.Contain("is damaged; it is made again"));
        Assert.That(Amcx.Run(["train", "--config", config, "--output", whole, "--steps", $"{last}", "--set", .. own,
            "workers=1"]).Code, Is.Zero);
        RunFiles.AssertSameWeights(run, whole);
    }
}
