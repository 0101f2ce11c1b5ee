using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>What a trainer saves, where saves, errors and steps come in one another's way.</summary>
[TestFixture]
internal sealed class TrainerSaveTests : FolderTests
{
    private string _run = null!;

    [SetUp]
    public void CreateRun() => Directory.CreateDirectory(_run = _folder.PathOf("run"));

    [Test]
    public void The_error_of_a_save_in_the_background_does_not_wait_for_the_next_save()
    {
        Thread? saving = null;
        var reached = 0;
        var (error, _) = Train(39, new CheckpointStore(_run)
        {
            BeforeRead = () =>
            {
                saving = Thread.CurrentThread;
                throw new IOException("the disk is full");
            },
        }, session =>
        {
            reached = session.Step;
            if (reached < 20)
                return;
            SpinWait.SpinUntil(() => saving is not null);
            saving!.Join();
        }, "save_every=20", "steps=40");
        Assert.That(error, Is.TypeOf<IOException>());
        // The step after the save may begin before that is over, no other one.
        Assert.That(reached, Is.InRange(19, 20));
    }

    [Test]
    public void An_error_waits_for_the_save_in_the_background_which_still_reads()
    {
        using var thrown = new ManualResetEventSlim();
        var (error, saved) = Train(6, new CheckpointStore(_run)
        {
            BeforeRead = () =>
            {
                thrown.Wait();
                Thread.Sleep(100);
            },
        }, session =>
        {
            if (session.Step != 2)
                return;
            thrown.Set();
            throw new IOException("a picture is gone");
        });
        Assert.That(error!.Message, Is.EqualTo("a picture is gone"));
        Assert.That(saved, Is.False, "the last step was in the save");
        Assert.That(SavedStep(), Is.EqualTo(2));
        RunFiles.AssertNoTemporaries(_run);
    }

    [Test]
    public void Steps_after_a_save_in_the_background_are_saved_at_the_end()
    {
        Assert.That(Train(3, new CheckpointStore(_run)).Error, Is.Null);
        Assert.That(SavedStep(), Is.EqualTo(3));
    }

    [Test]
    public void A_run_that_ends_before_its_plan_does_is_evaluated_where_it_ends()
    {
        Train(3, new CheckpointStore(_run));
        Assert.That(RunFiles.Log(_run).Where(l => (string?)l["kind"] == "eval").Select(l => (int?)l["step"]),
            Is.EqualTo((int?[])[0, 3]));
    }

    [Test]
    public void There_is_one_save_at_a_time()
    {
        using var second = new ManualResetEventSlim();
        int active = 0, most = 0;
        Train(3, new CheckpointStore(_run)
        {
            BeforeRead = () =>
            {
                most = Math.Max(most, Interlocked.Increment(ref active));
                if (most > 1)
                    second.Set();
            },
            // Time enough for the next one to begin.
            BeforeMove = _ => second.Wait(100),
            Saved = () => Interlocked.Decrement(ref active),
        }, null, "save_every=1");
        Assert.That(most, Is.EqualTo(1));
    }

    [Test]
    public void A_save_that_failed_is_not_tried_again()
    {
        var moves = 0;
        var (error, saved) = Train(6, new CheckpointStore(_run)
        {
            BeforeMove = _ =>
            {
                if (moves++ == 0)
                    throw new IOException("no room");
            },
        }, null, "save_async=false");
        Assert.That((error?.Message, saved, moves), Is.EqualTo(("no room", false, 1)));
    }

    [TestCase("nothing", true)]
    [TestCase("half an update", false)]
    [TestCase("a moment", false)]
    public void After_an_error_only_sound_numbers_are_saved(string broken, bool expected)
    {
        var (_, saved) = Train(6, new CheckpointStore(_run), session =>
        {
            if (session.Step != 3)
                return;
            var moment = session.Optimizer.State.Last().ExpAvgSq;
            if (broken == "half an update")
                session.Optimizer.StepCount++;
            if (broken == "a moment")
                moment.Load<float>([.. Enumerable.Repeat(float.NaN, moment.Count)]);
            throw new IOException("the disk is full");
        }, "save_every=100");
        Assert.That(saved, Is.EqualTo(expected));
        Assert.That(Directory.Exists(CheckpointLayout.Last(_run)), Is.EqualTo(expected));
    }

    /// <summary>
    /// Where ranks share the optimizer's state, a save takes all of them: none is begun that another rank does not come
    /// to, whether a rank fails before a step or the first one at its log.
    /// </summary>
    [TestCase(0, 1)]
    [TestCase(1, 1)]
    [TestCase(0, 2)]
    public void An_error_leaves_no_rank_in_a_save(int failing, int step)
    {
        var file = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        ThreadCommunicator.Run(2, ranks =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(RunConfig.Load(file, ["shard_optimizer=true"]), backend,
                communicator: ranks);
            using var log = ranks.Rank == 0 ? TrainingLog.Start(_run) : null;
            var watched = new WatchedCommunicator(ranks, null, _ => { });
            var trainer = new Trainer(session,
                log is null ? null : new TrainingOutputs(log, new CheckpointStore(_run), new View(step == 2)),
                new Job(watched, ErrorReporter.CodeOf))
            {
                BeforeStep = s =>
                {
                    Assert.That(watched.Doing, Does.EndWith($"step {s.Step + 1}"));
                    if (step == 1 && s.Step == step && ranks.Rank == failing)
                        throw new IOException("closed");
                },
            };
            Assert.That(() => trainer.Run(6, default), ranks.Rank == failing
                ? Throws.TypeOf<IOException>() : Throws.TypeOf<OtherRankException>());
            Assert.That(trainer.SavedAfterError, Is.False);
            // Nobody is waited for elsewhere.
            ranks.Barrier();
        });
        Assert.That(Directory.Exists(CheckpointLayout.Last(_run)), Is.False);
    }

    /// <summary>No rank waits in a second save of the same step.</summary>
    [Test]
    public void Ranks_that_share_the_optimizer_and_stop_behind_a_save_have_saved_once([Values(0, 1)] int asked)
    {
        var file = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        var saves = 0;
        ThreadCommunicator.Run(2, ranks =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(
                RunConfig.Load(file, ["shard_optimizer=true", "eval_every=1000", "save_every=2"]), backend,
                communicator: ranks);
            using var log = ranks.Rank == 0 ? TrainingLog.Start(_run) : null;
            using CancellationTokenSource stop = new();
            var store = new CheckpointStore(_run) { BeforeMove = _ => saves++ };
            var trainer = new Trainer(session, log is null ? null : new TrainingOutputs(log, store, new View(false)),
                new Job(ranks, ErrorReporter.CodeOf))
            {
                BeforeStep = s =>
                {
                    if (s.Step == 2 && ranks.Rank == asked)
                        stop.Cancel();
                },
            };
            Assert.That(trainer.Run(6, stop.Token).Interrupted, Is.True);
            ranks.Barrier();
        });
        Assert.That((saves, SavedStep()), Is.EqualTo((1, 2)));
    }

    private (Exception? Error, bool SavedAfterError) Train(
        int last, CheckpointStore store, Action<TrainingSession>? beforeStep = null, params string[] set)
    {
        using var backend = new CpuBackend(1);
        using var session = TrainingSession.Create(RunConfig.Load(
            _folder.Write("tiny.yaml", Amcx.TinyConfig), ["eval_every=1000", .. set]), backend);
        using var log = TrainingLog.Start(_run);
        var trainer = new Trainer(session, new TrainingOutputs(log, store, new View(false)))
        {
            BeforeStep = beforeStep,
        };
        try
        {
            trainer.Run(last, default);
            return (null, trainer.SavedAfterError);
        }
        catch (Exception e)
        {
            return (e, trainer.SavedAfterError);
        }
    }

    private int SavedStep() => CheckpointState.Load(RunFiles.Last(_run, CheckpointLayout.State)).Step;

    /// <summary>Nobody watches; at the second step that fails where it is asked for.</summary>
    private sealed class View(bool fails) : ITrainingView
    {
        public void Show(int firstStep, int lastStep, Action body) => body();

        public void Step(StepRecord record)
        {
            if (fails && record.Step == 2)
                throw new IOException("closed");
        }

        public void Say(string line)
        {
        }
    }
}
