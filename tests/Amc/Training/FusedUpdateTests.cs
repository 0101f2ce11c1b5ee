using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>Momentum copies that move with the weights leave the files of a run whose copies move at the start of the next step.</summary>
[TestFixture]
internal sealed class FusedUpdateTests
{
    private const int Steps = 8;
    private const int SaveEvery = 3;

    private TempFolder _folder = null!;

    [SetUp]
    public void CreateFolder() => _folder = new TempFolder();

    [TearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Checkpoints_have_the_bits_of_plain_steps([Values(1, 2)] int threads)
    {
        string plain = _folder.PathOf("plain"), fused = _folder.PathOf("fused");
        using (var backend = new CpuBackend(threads))
        {
            using TrainingSession session = Session(backend);
            PlainSteps(session, plain, Steps);
        }
        using (var backend = new CpuBackend(threads))
        {
            using TrainingSession session = Session(backend);
            Assert.That(Train(session, fused, new Watcher(), CancellationToken.None).Interrupted, Is.False);
            Assert.That(session.Model.Average!.IsAhead, Is.False);
        }
        // The last is that of the end; the one before was written in the middle.
        AssertSameFiles(CheckpointLayout.Last(fused), CheckpointLayout.Last(plain));
        AssertSameFiles(CheckpointLayout.LastGood(fused), CheckpointLayout.LastGood(plain));
    }

    [Test]
    public void A_promised_step_runs_although_the_wish_to_stop_came_before_it()
    {
        string plain = _folder.PathOf("plain"), stopped = _folder.PathOf("stopped");
        using var backend = new CpuBackend(1);
        using (TrainingSession session = Session(backend))
            PlainSteps(session, plain, 5);
        using (TrainingSession session = Session(backend))
        {
            using var stop = new CancellationTokenSource();
            // After step 4 the copies are ahead, so that the run ends after step 5.
            var watcher = new Watcher
            {
                After = step =>
                {
                    Assert.That(session.Model.Average!.IsAhead, Is.EqualTo(step is not (3 or 5)), $"after step {step}");
                    if (step == 4)
                        stop.Cancel();
                },
            };
            Assert.That(Train(session, stopped, watcher, stop.Token).Interrupted, Is.True);
            Assert.That(session.Step, Is.EqualTo(5));
        }
        AssertSameFiles(CheckpointLayout.Last(stopped), CheckpointLayout.Last(plain));
    }

    [Test]
    public void Copies_that_are_ahead_are_saved_as_such()
    {
        var run = _folder.PathOf("run");
        using var backend = new CpuBackend(1);
        using TrainingSession session = Session(backend);
        var step = new OptimizationStep(session, traceNaN: false);
        var store = new CheckpointStore(run);
        step.Run(() => true);
        store.Save(session);
        step.Run();
        store.Save(session);
        step.Run(() => true);
        CheckpointStore.Restore(session, CheckpointLayout.Last(run));
        Assert.That(session.Model.Average!.IsAhead, Is.False, "step 2");
        CheckpointStore.Restore(session, CheckpointLayout.LastGood(run));
        Assert.That(session.Model.Average!.IsAhead, Is.True, "step 1");
        step.Run();
        store.Save(session);
        AssertSameFiles(CheckpointLayout.Last(run), CheckpointLayout.LastGood(run));
    }

    private TrainingSession Session(CpuBackend backend) =>
        TrainingSession.Create(RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), [$"steps={Steps}", $"save_every={SaveEvery}", "eval_every=100"]), backend);

    private static TrainingOutcome Train(TrainingSession session, string folder, Watcher watcher, CancellationToken stop)
    {
        Directory.CreateDirectory(folder);
        using TrainingLog log = TrainingLog.Start(folder);
        return new Trainer(session, log, new CheckpointStore(folder), watcher).Run(Steps, stop);
    }

    private static void PlainSteps(TrainingSession session, string folder, int count)
    {
        var step = new OptimizationStep(session, traceNaN: false);
        var store = new CheckpointStore(folder);
        while (session.Step < count)
        {
            step.Run();
            if (session.Step % SaveEvery == 0 || session.Step == count)
                store.Save(session);
        }
    }

    private static void AssertSameFiles(string actual, string expected)
    {
        foreach (var file in new[] { "model.safetensors", "optimizer.safetensors", "state.json" })
            Assert.That(File.ReadAllBytes(Path.Combine(actual, file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(expected, file))), Is.True, $"{actual}: {file}");
    }

    private sealed class Watcher : ITrainingView
    {
        public Action<int>? After { get; init; }

        public void Show(int firstStep, int lastStep, Action body) => body();

        public void Step(StepRecord record) => After?.Invoke(record.Step);

        public void Say(string line)
        {
        }
    }
}
