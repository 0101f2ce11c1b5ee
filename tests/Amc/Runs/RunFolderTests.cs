using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Runs;

/// <summary>A run's folder belongs to one process, and a run that is there is not touched.</summary>
[TestFixture]
internal sealed class RunFolderTests
{
    private TempFolder _folder = null!;
    private string _run = null!;

    [SetUp]
    public void CreateFolder()
    {
        _folder = new TempFolder();
        _run = _folder.PathOf("run");
    }

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("log.jsonl")]
    [TestCase("checkpoints/last/state.json")]
    public void The_default_folder_is_the_first_without_a_run(string file)
    {
        Write(_run, file);
        using RunFolder second = RunFolder.ClaimFree(_run), third = RunFolder.ClaimFree(_run);
        Assert.That((second.Path, third.Path), Is.EqualTo((_run + "-2", _run + "-3")),
            "the third because the second is in use");
    }

    [Test]
    public void A_folder_in_use_is_refused_by_name_and_free_again_afterwards()
    {
        using (RunFolder.ClaimNamed(_run, overwrite: false, _ => { }))
        {
            foreach (var claim in new Func<RunFolder>[] {
                () => RunFolder.ClaimNamed(_run, true, _ => { }, TimeSpan.Zero),
                () => RunFolder.Reopen(_run, TimeSpan.Zero) })
                Assert.That(() => claim(),
                    Throws.TypeOf<ConfigException>().With.Message.StartsWith($"{_run}: another process"));
        }
        Assert.That(Directory.Exists(_run), Is.False, "a folder that nothing was written to goes away");
        using var again = RunFolder.ClaimNamed(_run, overwrite: false, _ => { });
        Assert.That(again.Path, Is.EqualTo(_run));
    }

    // A launcher may end before the last process of its job.
    [Test]
    public void A_folder_whose_process_is_about_to_end_is_waited_for()
    {
        var before = RunFolder.ClaimNamed(_run, overwrite: false, _ => { });
        Directory.CreateDirectory(CheckpointLayout.Last(_run));
        using var end = new Timer(_ => before.Dispose(), null, 200, Timeout.Infinite);
        using var again = RunFolder.Reopen(_run, TimeSpan.FromMinutes(1));
        Assert.That(again.Path, Is.EqualTo(_run));
    }

    [Test]
    public void A_run_that_was_set_aside_goes_when_the_new_one_has_saved_and_comes_back_where_it_has_not()
    {
        Write(_run, "log.jsonl", "old");
        Write(_run, "checkpoints/last/state.json", "old");
        Write(_run, "grid.png", "old");
        Write(_run, "notes.txt", "not a run's file");
        var before = RunFiles.Snapshot(_run);
        var said = "";
        using (RunFolder.ClaimNamed(_run, overwrite: true, s => said = s))
        {
            Assert.That(File.Exists(Path.Combine(_run, "previous-run", "checkpoints/last/state.json")), Is.True);
            Write(_run, "log.jsonl", "new");
        }
        Assert.That(RunFiles.Snapshot(_run), Is.EqualTo(before));
        Assert.That(said, Does.Contain(_run).And.Contain("back"));

        using (var folder = RunFolder.ClaimNamed(_run, overwrite: true, _ => { }))
        {
            Write(_run, "checkpoints/last/state.json", "new");
            folder.DropPrevious();
        }
        Assert.That(RunFiles.Snapshot(_run).Keys, Is.EqualTo(new[] { "checkpoints/last/state.json", "notes.txt" }));
    }

    [TestCase(false, "old")]
    [TestCase(true, "new")]
    public void After_a_kill_the_next_overwrite_keeps_the_run_that_has_saved(bool saved, string kept)
    {
        // A process that was killed while its run stood in the place of another.
        Write(_run, "previous-run/checkpoints/last/state.json", "old");
        Write(_run, saved ? "checkpoints/last/state.json" : "log.jsonl", "new");
        using (RunFolder.ClaimNamed(_run, overwrite: true, _ => { }))
        {
        }
        Assert.That(File.ReadAllText(Path.Combine(_run, "checkpoints/last/state.json")), Is.EqualTo(kept));
        Assert.That(Directory.Exists(Path.Combine(_run, "previous-run")), Is.False);
    }

    [Test]
    public void A_kill_while_a_run_moves_aside_loses_nothing()
    {
        Write(_run, "previous-run.tmp/checkpoints/last/state.json", "old");
        Write(_run, "log.jsonl", "old");
        Assert.That(() => RunFolder.ClaimNamed(_run, overwrite: false, _ => { }),
            Throws.TypeOf<ConfigException>().With.Message.Contains("holds a run already"));
        Assert.That(RunFiles.Snapshot(_run).Keys, Is.EqualTo(new[] { "checkpoints/last/state.json", "log.jsonl" }));
    }

    [Test]
    public void Temporaries_of_a_killed_process_go_away_and_other_files_stay()
    {
        foreach (var file in new[] { "log.jsonl.12-ab.tmp",
            "grid.png.12-ab.tmp", "checkpoints/next.tmp/model.safetensors", "checkpoints/dropped.tmp/x",
            "checkpoints/last/state.json", "mine.tmp" })
            Write(_run, file);
        RunFolder.Reopen(_run).Dispose();
        Assert.That(RunFiles.Snapshot(_run).Keys, Is.EqualTo(new[] { "checkpoints/last/state.json", "mine.tmp" }));
    }

    [Test]
    public void A_refusal_names_what_can_be_done()
    {
        var run = _folder.PathOf("it's a run");
        Write(run, "checkpoints/last/state.json");
        Assert.That(() => RunFolder.ClaimNamed(run, overwrite: false, _ => { }),
            Throws.TypeOf<ConfigException>().With.Message.Contains("--overwrite").And.Message.Contains(
                OperatingSystem.IsWindows()
                    ? $"--resume \"{run}\""
                    : $"--resume '{run.Replace("'", "'\\''", StringComparison.Ordinal)}'"));
    }

    [TestCase("runs/a-b_1", "runs/a-b_1")]
    [TestCase("my run", "'my run'")]
    [TestCase("it's", "'it'\\''s'")]
    [TestCase("$HOME", "'$HOME'")]
    [TestCase("", "''")]
    public void Words_are_quoted_for_a_shell(string word, string quoted) =>
        Assert.That(ShellWord.Quote(word, windows: false), Is.EqualTo(quoted));

    private static void Write(string folder, string name, string text = "")
    {
        var path = Path.Combine(folder, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
