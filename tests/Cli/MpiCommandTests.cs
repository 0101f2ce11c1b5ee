using AmcEngine.Amc.Runs;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// <c>mpirun -n N amcx …</c>, with processes that are really several. What the commands do on several ranks is tested
/// on threads (<see cref="RankTrainingTests"/>, <see cref="RankEvalTests"/>); here is what launchers and processes add.
/// </summary>
[TestFixture]
[Platform(Exclude = "Win")]
internal sealed class MpiCommandTests : FolderTests
{
    private const string OpenMpi = "mpirun.openmpi";
    private const int Kill = 9, UserSignal = 12, Stop = 19;

    private string _config = null!, _run = null!;

    [SetUp]
    public void WriteConfig() =>
        (_config, _run) = (_folder.Write("tiny.yaml", Amcx.TinyConfig), _folder.PathOf("run"));

    [Test]
    public void Two_processes_train_and_evaluate_as_one(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher)
    {
        var answer = Amcx2(launcher, 2, "train", "--config", _config, "--output", _run);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("ranks: 2 by").And.Contain("report to look at"));
        Assert.That(answer.Out.Split("step 6/6"), Has.Length.EqualTo(2), "one log");
        string[] eval = ["eval", "--config", _config, "--checkpoint", _run, "--set", "test_count=11", "eval_batch=2"];
        Assert.That(Amcx2(launcher, 2, [.. eval, "--samples", _folder.PathOf("two.jsonl")]).Code, Is.Zero);
        Assert.That(Amcx.Run([.. eval, "--samples", _folder.PathOf("one.jsonl")]).Code, Is.Zero);
        Assert.That(File.ReadAllText(_folder.PathOf("two.jsonl")),
            Is.EqualTo(File.ReadAllText(_folder.PathOf("one.jsonl"))));
    }

    [Test]
    public void A_signal_to_the_launcher_saves_and_ends_with_the_code_that_was_asked_for()
    {
        using var child = Start(2, "train", "--config", _config, "--output", _run, "--signal-exit-code", "99", "--set",
            "steps=100000", "save_every=100000", "eval_every=100000");
        Assert.That(child.WaitFor("step 2/"), Is.True, child.Error);
        child.Signal(UserSignal);
        var answer = child.End();
        Assert.That(answer.Code, Is.EqualTo(99), answer.Error);
        Assert.That(answer.Out, Does.Match("stopped after step \\d+ and saved"));
        Assert.That(File.Exists(RunFiles.Last(_run, "state.json")), Is.True);
    }

    [Test]
    public void A_killed_rank_ends_the_job_and_the_last_checkpoint_is_good()
    {
        var random = new Random(4);
        var resumed = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var run = _folder.PathOf($"run{round}");
            using (var child = Start(
                2, "train", "--config", _config, "--output", run, "--set", "steps=100000", "eval_every=100000"))
            {
                Assert.That(child.WaitFor($"step {random.Next(5, 40)}/"), Is.True, child.Error);
                Thread.Sleep(random.Next(30));
                SignalRank(child, round % 2, Kill);
                Assert.That(child.End().Code, Is.Not.Zero);
            }
            // Between the moves of a save there is the one before alone, and before the first save none.
            var saved = Array.Find(
                [RunFiles.Last(run, "state.json"), Path.Combine(CheckpointLayout.LastGood(run), "state.json")],
                File.Exists);
            if (saved is null)
                continue;
            resumed++;
            var step = CheckpointState.Load(saved).Step;
            var answer = Amcx.Run("train", "--resume", run, "--steps", $"{step + 1}");
            Assert.That(answer.Code, Is.Zero, answer.Error);
            RunFiles.AssertNoTemporaries(run);
        }
        Assert.That(resumed, Is.Positive);
        TestContext.Out.WriteLine(
            $"{Rounds} ranks killed; each job ended, and {resumed} had saved before and could be taken up");
    }

    [Test]
    public void A_rank_that_hangs_ends_the_job_with_a_line_of_the_one_that_waits()
    {
        using var child = Start(2, "train", "--config", _config, "--output", _run, "--watchdog", "8", "--set",
            "steps=100000", "eval_every=100000");
        Assert.That(child.WaitFor("step 3/"), Is.True, child.Error);
        SignalRank(child, 1, Stop);
        var answer = child.End();
        Assert.That(answer.Code, Is.Not.Zero);
        Assert.That(answer.Error, Does.Match(
            "error: rank 0 waits for the others since \\d+ s, at step \\d+, in .*; a rank that says nothing"));
    }

    [Test]
    public void Processes_that_cannot_train_together_say_one_line()
    {
        var seeds = MpiJob.Run(OpenMpi, 1, new Dictionary<string, string>(), [.. Command("--seed", "1"), ":", "-n", "1",
            .. Command("--seed", "2")]);
        Expect(seeds, "error: seed: is 2 on rank 1 and 1 on rank 0");
        Expect(Amcx2(OpenMpi, 3, "train", "--config", _config, "--output", _run),
            "batch_size: 4 pairs of a batch cannot be shared equally by 3 ranks");
        Expect(Amcx2(OpenMpi, 2, "train", "--no-such-option"), "no-such-option");
        Assert.That(Directory.Exists(_run), Is.False);
    }

    private string[] Command(params string[] more) =>
        [.. Program, "train", "--config", _config, "--output", _run, "--threads", "1", .. more];

    private static void Expect(Answer answer, string line)
    {
        Assert.That(answer.Code, Is.EqualTo(2), answer.Error);
        Assert.That(answer.Error.Split('\n').Count(l => l.StartsWith("error", StringComparison.OrdinalIgnoreCase)
            && l.Contains(line, StringComparison.Ordinal)), Is.EqualTo(1), answer.Error);
    }

    private static int Rounds => int.Parse(Environment.GetEnvironmentVariable("AMCX_CRASH_ROUNDS") ?? "2",
        System.Globalization.CultureInfo.InvariantCulture);

    private static string[] Program => ["dotnet", Path.Combine(AppContext.BaseDirectory, "amcx.dll")];

    private static Answer Amcx2(string launcher, int ranks, params string[] args) => MpiJob.Run(
        launcher, ranks, new Dictionary<string, string>(), [.. Program, .. args, "--threads", "1"]);

    private Child Start(int ranks, params string[] args)
    {
        if (!MpiJob.Installed(OpenMpi))
            Assert.Ignore($"no {OpenMpi}; apt-get install openmpi-bin");
        return Child.StartRanks(_folder.Path, ranks, args);
    }

    private static void SignalRank(Child child, int rank, int signal)
    {
        // The launcher's children are the ranks, in order.
        var ranks = File.ReadAllText($"/proc/{child.Id}/task/{child.Id}/children").Split(' ',
            StringSplitOptions.RemoveEmptyEntries).Select(int.Parse).Order().ToArray();
        Assert.That(ranks, Has.Length.GreaterThan(rank));
        Child.Signal(ranks[rank], signal);
    }
}
