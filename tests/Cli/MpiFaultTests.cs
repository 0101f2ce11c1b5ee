using System.Diagnostics;
using System.Globalization;
using AmcEngine.Amc.Runs;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// Jobs under a launcher that are told to stop, or of which a rank is killed, hangs, diverges or cannot save: all ranks
/// end, with one reason, and the last checkpoint is good.
/// </summary>
[TestFixture]
[Platform(Exclude = "Win")]
internal sealed class MpiFaultTests : FolderTests
{
    private const int Kill = 9, UserSignal = 12, Terminate = 15, Stop = 19;

    private string _config = null!, _run = null!;

    [SetUp]
    public void WriteConfig() =>
        (_config, _run) = (_folder.Write("tiny.yaml", Amcx.TinyConfig), _folder.PathOf("run"));

    [Test]
    public void A_signal_to_the_launcher_saves_and_ends_with_the_code_that_was_asked_for()
    {
        using var child = Train(MpiJob.Launchers[0], _run, "--signal-exit-code", "99", "--set", "save_every=100000");
        Assert.That(child.WaitFor("step 2/"), Is.True, child.Error);
        child.Signal(UserSignal);
        ExpectSaved(child);
    }

    // As Slurm sends it before the time of a job is over.
    [Test]
    public void A_signal_to_each_rank_saves_and_ends_with_the_code_that_was_asked_for()
    {
        using var child = Train(MpiJob.Launchers[1], _run, "--signal-exit-code", "99", "--set", "save_every=100000");
        Assert.That(child.WaitFor("step 2/"), Is.True, child.Error);
        foreach (var process in new[] { child.RankProcess(0), child.RankProcess(1) })
            Child.Signal(process, Terminate);
        ExpectSaved(child);
    }

    [Test]
    public void A_killed_rank_ends_the_job_and_the_last_checkpoint_is_good()
    {
        var random = new Random(4);
        var resumed = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var run = _folder.PathOf($"run{round}");
            using (var child = Train(MpiJob.Launchers[round % 2], run))
            {
                Assert.That(child.WaitFor($"step {random.Next(5, 40)}/"), Is.True, child.Error);
                Thread.Sleep(random.Next(30));
                Child.Signal(child.RankProcess(round / 2 % 2), Kill);
                Assert.That(child.End().Code, Is.Not.Zero);
            }
            if (RunFiles.SavedStep(run) is not { } saved)
                continue;
            resumed++;
            Resume(run, saved + 1);
        }
        Assert.That(resumed, Is.Positive);
        TestContext.Out.WriteLine(
            $"{Rounds} ranks killed; each job ended, and {resumed} had saved before and could be taken up");
    }

    // Both launchers at once: most of the time is that of the watchdog.
    [Test]
    public void A_rank_that_hangs_ends_the_job_with_a_line_that_names_it_and_what_it_did()
    {
        var jobs = MpiJob.Launchers.Where(MpiJob.Installed).Select((launcher, rank) => (Rank: rank,
            Child: Train(launcher, _folder.PathOf(launcher), "--watchdog", "8"))).ToArray();
        try
        {
            foreach (var (rank, child) in jobs)
            {
                Assert.That(child.WaitFor("step 3/"), Is.True, child.Error);
                // What was told half a second before is what others know.
                Thread.Sleep(TimeSpan.FromSeconds(1));
                Child.Signal(child.RankProcess(1 - rank), Stop);
            }
            var stopped = Stopwatch.StartNew();
            foreach (var (rank, child) in jobs)
            {
                var answer = child.End();
                TestContext.Out.WriteLine($"ended {stopped.Elapsed.TotalSeconds:0} s after the stop: {answer.Error}");
                Assert.That(answer.Code, Is.Not.Zero);
                var begin = $"error: rank {rank} waits for rank {1 - rank} ";
                Assert.That(answer.Error, Does.Match(begin + "\\(last heard of at "
                    + "(the batch of |the end of |the checkpoint after |)step \\d+, \\d+ s ago\\) since \\d+ s, "
                    + "at .*step \\d+, in .*; it hangs or was stopped\\. Resume from the last "));
            }
        }
        finally
        {
            foreach (var (_, child) in jobs)
                child.Dispose();
        }
    }

    [Test]
    public void A_full_disk_of_the_first_rank_ends_all_with_one_line_and_the_last_checkpoint_is_good()
    {
        var launcher = MpiJob.Launchers[0];
        MpiJob.Require(launcher);
        if (!Child.CanMount())
            Assert.Ignore("only root may mount a small file system; run the tests as root, where that is allowed");
        string[] once = ["train", "--config", _config, "--output", _run, "--steps", "1"];
        Assert.That(Amcx.Run(once).Code, Is.Zero);
        var checkpoint = new DirectoryInfo(CheckpointLayout.Last(_run)).EnumerateFiles().Sum(f => f.Length) / 1024;
        var (disk, copy) = (Directory.CreateDirectory(_folder.PathOf("disk")).FullName, _folder.PathOf("copy"));
        // Room for one checkpoint and a part of the next one.
        var script = $"mount -t tmpfs -o size={checkpoint * 8 / 5}k tmpfs '{disk}' || exit 99; {launcher} "
            + $"{string.Join(' ', MpiJob.Options(launcher))} -n 2 dotnet "
            + $"'{Path.Combine(AppContext.BaseDirectory, "amcx.dll")}' train --config '{_config}' --output '{disk}/r' "
            + "--threads 1 --set steps=100000 eval_every=100000 save_every=2; echo code $?; "
            + $"find '{disk}' -name '*.tmp*' | sed 's/^/left /'; cp -r '{disk}/r' '{copy}'";
        var answer = Child.Bash(_folder.Path, $"unshare -m bash -c {Child.Quoted(script)}");
        Assert.That(answer.Out, Does.Contain("code 2").And.Not.Contain("left "), answer.Error);
        var said = Errors(answer);
        Assert.That(said, Has.Length.EqualTo(1).And.One.StartsWith("error: rank 0: "), answer.Error);
        Assert.That(said[0], Does.Contain("No space left").IgnoreCase.Or.Contain("disk is full").IgnoreCase);
        var step = CheckpointState.Load(RunFiles.Last(copy, "state.json")).Step;
        Assert.That(step, Is.EqualTo(2));
        Resume(copy, step + 1);
    }

    [Test]
    public void Ranks_that_diverge_end_with_one_line()
    {
        // Each step makes the weights nine times as large.
        var config = _folder.Write("diverges.yaml", Amcx.TinyConfig.Replace(
            "lr: 1e-3, weight_decay: 0.02", "lr: 10, weight_decay: 1", StringComparison.Ordinal));
        using var child = Train(MpiJob.Launchers[1], _run, "--config", config);
        var answer = child.End();
        Assert.That(answer.Code, Is.EqualTo(1), answer.Error);
        Assert.That(Errors(answer), Has.Length.EqualTo(1).And.One.Match("step \\d+.*(NaN|infinite)"), answer.Error);
    }

    private static int Rounds => int.Parse(
        Environment.GetEnvironmentVariable("AMCX_CRASH_ROUNDS") ?? "2", CultureInfo.InvariantCulture);

    private Child Train(string launcher, string run, params string[] more)
    {
        MpiJob.Require(launcher);
        string[] config = more.Contains("--config") ? [] : ["--config", _config];
        string[] set = ["steps=100000", "eval_every=100000"];
        return Child.StartRanks(_folder.Path, launcher, 2, ["train", .. config, "--output", run, .. more,
            .. more.Contains("--set") ? set : ["--set", .. set]]);
    }

    private static string[] Errors(Answer answer) => [.. answer.Error.Split('\n').Where(
        l => l.StartsWith("error: ", StringComparison.Ordinal))];

    private void ExpectSaved(Child child)
    {
        var answer = child.End();
        Assert.That(answer.Code, Is.EqualTo(99), answer.Error);
        Assert.That(answer.Out, Does.Match("stopped after step \\d+ and saved"));
        Assert.That(File.Exists(RunFiles.Last(_run, "state.json")), Is.True);
    }

    private static void Resume(string run, int steps)
    {
        var answer = Amcx.Run("train", "--resume", run, "--steps", $"{steps}");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        RunFiles.AssertNoTemporaries(run);
    }
}
