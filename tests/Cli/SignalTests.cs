using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>What a signal does to a training and to an evaluation.</summary>
[TestFixture]
[Platform(Exclude = "Win")]
internal sealed class SignalTests : FolderTests
{
    private const int Hangup = 1;
    private const int Interrupt = 2;
    private const int Terminate = 15;
    private const int User = 12;

    private string _config = null!;

    [SetUp]
    public void CreateFolder() => _config = _folder.Write("tiny.yaml", Amcx.TinyConfig);

    [TestCase(Hangup, 129)]
    [TestCase(Interrupt, 130)]
    [TestCase(Terminate, 143)]
    [TestCase(User, 140)]
    public void A_signal_is_answered_saves_and_sets_the_exit_code(int signal, int code)
    {
        var run = _folder.PathOf("a run");
        using var child = Child.Start(_folder.Path, "train", "--config", _config, "--output", run, "--set",
            "steps=100000", "save_every=100000", "eval_every=100000");
        Assert.That(child.WaitFor("step 2/"), Is.True, child.Error);
        child.Signal(signal);
        var answer = child.End();
        Assert.That(answer.Code, Is.EqualTo(code), answer.Error);
        Assert.That(answer.Error, Does.Contain("stopping"));
        Assert.That(
            answer.Out, Does.Match($"stopped after step \\d+ and saved; go on with: amcx train --resume '{run}'"));
        Assert.That(File.Exists(RunFiles.Last(run, "state.json")), Is.True);
    }

    [Test]
    public void A_signal_during_an_evaluation_is_answered_at_once_and_the_second_one_ends()
    {
        // So many questions that the evaluation goes on for minutes, one a batch.
        var run = _folder.PathOf("run");
        string[] long_ = ["--set", "test_count=1000000", "eval_batch=1"];
        using (var child = Child.Start(_folder.Path, ["train", "--config", _config, "--output", run, .. long_]))
        {
            Assert.That(child.WaitFor("steps 1 to 6"), Is.True, child.Error);
            child.Signal(Terminate);
            Assert.That(child.WaitForError("stopping"), Is.True);
            var answer = child.End();
            Assert.That(answer.Code, Is.EqualTo(143), answer.Error);
            Assert.That(answer.Out, Does.Contain("stopped before the first step; nothing was saved"));
            Assert.That(Directory.Exists(run), Is.False, "nothing was done, so that nothing is left");
        }
        Assert.That(Amcx.Run("train", "--config", _config, "--output", run, "--steps", "1").Code, Is.Zero);
        using (var child = Child.Start(_folder.Path, ["eval", "--config", _config, "--checkpoint", run, "--json",
            _folder.PathOf("no.json"), "--verbose", .. long_]))
        {
            Assert.That(child.WaitFor("model.safetensors"), Is.True, child.Error);
            child.Signal(Interrupt);
            Assert.That(child.WaitForError("stopping"), Is.True);
            Assert.That(child.End().Code, Is.EqualTo(130));
            Assert.That(File.Exists(_folder.PathOf("no.json")), Is.False);
        }
    }

    [Test]
    public void A_second_signal_ends_at_once_but_a_terminal_may_hang_up_twice()
    {
        foreach ((var first, var second, var ends) in new[] { (Terminate, Terminate, true), (Hangup, Hangup, false) })
        {
            var run = _folder.PathOf($"run-{second}");
            // A model whose step takes seconds, so that the second signal finds it at work.
            using var child = Child.Start(_folder.Path, "train", "--config", _config, "--output",
                run, "--set", "image_res=256", "vision_width=128", "vision_depth=8", "batch_size=8", "test_count=1",
                "save_every=1000", "eval_every=1000", "steps=1000");
            Assert.That(child.WaitFor("step 1/"), Is.True, child.Error);
            child.Signal(first);
            Assert.That(child.WaitForError("stopping"), Is.True);
            child.Signal(second);
            var answer = child.End();
            Assert.That(answer.Code, Is.EqualTo(128 + first), answer.Error);
            Assert.That(answer.Out.Contains("and saved", StringComparison.Ordinal), Is.EqualTo(!ends));
        }
    }

    [Test]
    public void A_run_that_ignores_hangups_goes_on()
    {
        var answer = Child.Bash(_folder.Path, $"trap '' HUP; amcx train --config '{_config}' --output r --set steps=40 "
            + "& sleep 0.1; while ! [ -s r/log.jsonl ]; do sleep 0.05; done; kill -HUP $!; wait $!; echo code $?");
        Assert.That(answer.Out, Does.Contain("code 0"), answer.Error);
        Assert.That(answer.Error, Does.Not.Contain("stopping"));
    }
}
