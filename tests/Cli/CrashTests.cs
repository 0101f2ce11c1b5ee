using System.Globalization;
using AmcEngine.Amc.Runs;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>
/// Runs that are killed, told to stop, or find the disk full end with the bits of a run that nothing happened to.
/// <c>AMCX_CRASH_ROUNDS</c> asks for more rounds than the few of every day.
/// </summary>
[TestFixture]
[Platform(Exclude = "Win")]
internal sealed class CrashTests
{
    private const int Steps = 14;

    // A checkpoint is written while training goes on, in every third round at once.
    private static string[] Settings(int round) =>
        ["--set", $"steps={Steps}", "save_every=3", "eval_every=5", $"save_async={IsAsync(round)}"];

    private static bool IsAsync(int round) => round % 3 != 2;

    private static readonly int Rounds = int.Parse(
        Environment.GetEnvironmentVariable("AMCX_CRASH_ROUNDS") ?? "2", CultureInfo.InvariantCulture);

    private TempFolder _folder = null!;
    private string _config = null!;
    private readonly Dictionary<bool, string> _wholes = [];

    [OneTimeSetUp]
    public void CreateFolder()
    {
        _folder = new TempFolder();
        _config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
    }

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void A_killed_run_resumes_to_the_same_bits()
    {
        var random = new Random(1);
        var resumed = 0;
        for (var round = 0; round < Rounds; round++)
        {
            (var run, var after) = (_folder.PathOf($"killed-{round}"), random.Next(1, Steps + 1));
            using (var child = Train(run, round))
            {
                Assert.That(child.WaitFor($"step {after}/"), Is.True, child.Error);
                Wait(random);
                child.Signal(9);
                Assert.That(child.End().Code, Is.EqualTo(137).Or.Zero);
            }
            resumed += Finish(run, round) ? 1 : 0;
            Directory.Delete(run, recursive: true);
        }
        TestContext.Out.WriteLine(
            $"{Rounds} kills, {resumed} of them after the first save and resumed; all ended with the same bits");
    }

    [Test]
    public void A_terminated_run_saves_and_resumes_to_the_same_bits()
    {
        var random = new Random(2);
        var stopped = 0;
        for (var round = 0; round < Rounds; round++)
        {
            (var run, var after) = (_folder.PathOf($"stopped-{round}"), random.Next(1, Steps - 1));
            using (var child = Train(run, round))
            {
                Assert.That(child.WaitFor($"step {after}/"), Is.True, child.Error);
                Wait(random);
                child.Signal(15);
                var answer = child.End();
                Assert.That(answer.Code, Is.EqualTo(143).Or.Zero, answer.Error);
                if (answer.Code == 143)
                {
                    stopped++;
                    Assert.That(answer.Out, Does.Contain("and saved").And.Contain($"amcx train --resume {run}"));
                    Assert.That(CheckpointState.Load(RunFiles.Last(run, "state.json")).Step,
                        Is.GreaterThanOrEqualTo(after), "steps that were done before the signal are saved");
                }
            }
            Assert.That(Finish(run, round), Is.True);
            Directory.Delete(run, recursive: true);
        }
        TestContext.Out.WriteLine($"{Rounds} signals, {stopped} of them before the end; all ended with the same bits");
    }

    // Sizes in KiB of a file system that is as large as one, two or three checkpoints or parts of them, and of a limit
    // on files.
    [Test]
    public void A_full_disk_leaves_nothing_half_written()
    {
        var checkpoint = new DirectoryInfo(CheckpointLayout.Last(Whole(0))).EnumerateFiles().Sum(f => f.Length) / 1024;
        var count = Math.Min(10, Rounds);
        var random = new Random(3);
        for (var round = 0; round < count; round++)
        {
            var run = _folder.PathOf($"full-{round}");
            Directory.CreateDirectory(run);
            var mounts = round % 2 == 0 && Child.CanMount();
            var size = mounts
                ? (long)(checkpoint * (0.6 + random.NextDouble() * 2.2))
                : (long)(checkpoint * random.NextDouble() * 0.4) + 1;
            var train = $"amcx train --config '{_config}' --output '{run}/r' {string.Join(' ', Settings(round))}";
            var limited = mounts
                ? $"mount -t tmpfs -o size={size}k tmpfs '{run}' || exit 99; {train}; echo code $?"
                : $"(ulimit -f {size}; {train}; echo code $?)";
            // A run that saved nothing goes away with --overwrite.
            var again = $"{(mounts ? $"mount -o remount,size=64m '{run}'; " : "")}if "
                + $"ls '{run}'/r/checkpoints/*/state.json >/dev/null 2>&1; then amcx train --resume '{run}/r'; else "
                + $"{train} --overwrite; fi; echo again $?";
            var script = $"{limited}; find '{run}' -name '*.tmp*' | sed 's/^/left /'; {again}; "
                + $"{(mounts ? $"cp -r '{run}/r' '{run}-copy'" : $"mv '{run}/r' '{run}-copy'")}";
            var answer = Child.Bash(
                _folder.Path, mounts ? $"unshare -m bash -c {Child.Quoted(Function() + script)}" : script);
            Assert.That(answer.Out, Does.Contain("code 2").And.Not.Contain("left ").And.Contain("again 0"),
                $"{size} KiB, {(mounts ? "mounted" : "limit")}: {answer.Out}{answer.Error}");
            Assert.That(answer.Error.Split('\n').Count(l => l.StartsWith("error: ", StringComparison.Ordinal)),
                Is.EqualTo(1), answer.Error);
            RunFiles.AssertSame($"{run}-copy", Whole(round));
            TestContext.Out.WriteLine(
                $"{size} KiB ({(mounts ? "file system" : "limit on files")}): {answer.Error.Split('\n')[0]}");
        }
    }

    // A run of these settings that nothing happens to.
    private string Whole(int round)
    {
        if (!_wholes.TryGetValue(IsAsync(round), out var whole))
        {
            _wholes[IsAsync(round)] = whole = _folder.PathOf($"whole-{IsAsync(round)}");
            var answer = Amcx.Run(["train", "--config", _config, "--output", whole, .. Settings(round)]);
            Assert.That(answer.Code, Is.Zero, answer.Error);
        }
        return whole;
    }

    private static void Wait(Random random)
    {
        // Up to some steps of this model: the signal comes during a step, an evaluation or a save.
        var microseconds = random.Next(30_000);
        SpinWait.SpinUntil(() => false, TimeSpan.FromMicroseconds(microseconds));
    }

    private Child Train(string run, int round) =>
        Child.Start(_folder.Path, ["train", "--config", _config, "--output", run, .. Settings(round)]);

    // Takes up the run, or begins again where it had not saved; true where it was taken up.
    private bool Finish(string run, int round)
    {
        var saved = File.Exists(Path.Combine(CheckpointLayout.Last(run), "state.json"))
            || File.Exists(Path.Combine(CheckpointLayout.LastGood(run), "state.json"));
        var answer = saved ? Amcx.Run("train", "--resume", run) : Amcx.Run(
            ["train", "--config", _config, "--output", run, "--overwrite", .. Settings(round)]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        RunFiles.AssertSame(run, Whole(round));
        RunFiles.AssertNoTemporaries(run);
        Assert.That(File.ReadAllBytes(Path.Combine(run, "grid.png")),
            Is.EqualTo(File.ReadAllBytes(Path.Combine(Whole(round), "grid.png"))), "the grid of a resumed run");
        return saved;
    }

    private static string Function() => $"amcx() {{ DOTNET_EnableWriteXorExecute=0 dotnet "
        + $"\"{Path.Combine(AppContext.BaseDirectory, "amcx.dll")}\" \"$@\" --threads 1; }}\n";
}
