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
    private string _config = null!, _run = null!;

    [SetUp]
    public void WriteConfig() =>
        (_config, _run) = (_folder.Write("tiny.yaml", Amcx.TinyConfig), _folder.PathOf("run"));

    [Test]
    public void Two_processes_train_and_evaluate_as_one(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher)
    {
        var answer = Ranks(launcher, 2, "train", "--config", _config, "--output", _run);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("ranks: 2 by").And.Contain("report to look at"));
        Assert.That(answer.Out, Does.Contain("with 1 thread\n").Or.Contain("with 1 thread\r\n"));
        Assert.That(answer.Out.Split("step 6/6"), Has.Length.EqualTo(2), "one log");
        Assert.That(answer.Out, Does.Not.Contain('\u001b'), "nothing for a terminal");
        string[] eval = ["eval", "--config", _config, "--checkpoint", _run, "--set", "test_count=11", "eval_batch=2"];
        Assert.That(Ranks(launcher, 2, [.. eval, "--samples", _folder.PathOf("two.jsonl")]).Code, Is.Zero);
        Assert.That(Amcx.Run([.. eval, "--samples", _folder.PathOf("one.jsonl")]).Code, Is.Zero);
        Assert.That(File.ReadAllText(_folder.PathOf("two.jsonl")),
            Is.EqualTo(File.ReadAllText(_folder.PathOf("one.jsonl"))));
    }

    [Test]
    public void Processes_that_cannot_train_together_say_one_line(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher)
    {
        Expect(Differing(launcher, Command("--seed", "1"), Command("--seed", "2")),
            "error: seed: is 2 on rank 1 and 1 on rank 0");
        Expect(Ranks(launcher, 3, "train", "--config", _config, "--output", _run),
            "batch_size: 4 pairs of a batch cannot be shared equally by 3 ranks");
        if (launcher == MpiJob.Launchers[0])
            Expect(Ranks(launcher, 2, "train", "--no-such-option"), "no-such-option");
        Assert.That(Directory.Exists(_run), Is.False);
    }

    [Test]
    public void Processes_with_different_data_say_one_line()
    {
        (_config, var data) = AnnotatedScenes.Write(_folder);
        var other = Path.Combine(data, "other.json");
        File.WriteAllText(other, File.ReadAllText(Path.Combine(data, "train.json")) + "\n");
        Expect(Differing(MpiJob.Launchers[1], Command(), Command("--set", $"train_file={other}")),
            "error: SHA-256 of annotation file 1 in train_file: is ");
        Assert.That(Directory.Exists(_run), Is.False);
    }

    [TestCase("mpirun.openmpi", false)]
    [TestCase("mpirun.mpich", true)]
    public void A_library_that_cannot_be_loaded_is_told_in_one_line(string launcher, bool isThere)
    {
        var library = _folder.PathOf("libmpi.so");
        if (isThere)
            File.WriteAllText(library, "a file that is cut");
        var environment = new Dictionary<string, string> { ["AMCX_MPI"] = library };
        Expect(MpiJob.Run(launcher, 2, environment, Command()),
            $"error: AMCX_MPI names {library}, which cannot be loaded ({library}: ");
        Assert.That(Directory.Exists(_run), Is.False);
    }

    private string[] Command(params string[] more) =>
        [.. Program, "train", "--config", _config, "--output", _run, "--threads", "1", .. more];

    private static Answer Differing(string launcher, string[] first, string[] second) => MpiJob.Run(
        launcher, 1, new Dictionary<string, string>(), [.. first, ":", "-n", "1", .. second]);

    private static void Expect(Answer answer, string line)
    {
        Assert.That(answer.Code, Is.EqualTo(2), answer.Error);
        var said = answer.Error.Split('\n').Where(l => l.StartsWith("error", StringComparison.OrdinalIgnoreCase));
        Assert.That(said.Count(l => l.Contains(line, StringComparison.Ordinal)), Is.EqualTo(1), answer.Error);
    }

    private static string[] Program => ["dotnet", Path.Combine(AppContext.BaseDirectory, "amcx.dll")];

    private static Answer Ranks(string launcher, int ranks, params string[] args) => MpiJob.Run(launcher, ranks,
        new Dictionary<string, string> { ["TERM"] = "xterm" }, [.. Program, .. args, "--threads", "1"]);
}
