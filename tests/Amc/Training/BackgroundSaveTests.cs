using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Model.Modules;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// A save in the background has the bytes of one that training waits for, however late it reads them, and its error
/// ends the run.
/// </summary>
[TestFixture]
internal sealed class BackgroundSaveTests : FolderTests
{
    private static readonly string[] Files =
    [
        CheckpointLayout.Model, CheckpointLayout.Moments, CheckpointLayout.State
    ];

    private string _run = null!;

    [SetUp]
    public void CreateFolder() => _run = _folder.PathOf("run");

    // The save reads nothing before the step's forward and backward passes are over: what they change must have been
    // copied (queues, pointers, a temperature that is clamped), and what the update changes must wait.
    [Test]
    public void What_is_saved_late_is_what_was_there([Values("albef", "blip", "clip")] string model)
    {
        var whole = _folder.PathOf("whole");
        using var backend = new CpuBackend(1);
        using var session = Session(backend, model);
        using var passed = new ManualResetEventSlim();
        BackgroundSave? save = null;
        var step = new OptimizationStep(session, traceNaN: false, updating: () =>
        {
            passed.Set();
            save?.WaitUntilRead();
        });
        step.Run();
        if (session.Model.Trainable.FirstOrDefault(p => p.Name == "temp") is { } temperature)
            temperature.Value.Load<float>([0.9f]);
        new CheckpointStore(whole).Save(session);
        passed.Reset();
        save = new CheckpointStore(_run) { BeforeRead = () => passed.Wait() }.Begin(session);
        Assert.That(save, Is.Not.Null);
        step.Run();
        save!.Complete();
        foreach (var file in Files)
            Assert.That(File.ReadAllBytes(RunFiles.Last(_run, file)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(RunFiles.Last(whole, file))), Is.True, file);
        new CheckpointStore(whole).Save(session);
        Assert.That(File.ReadAllBytes(RunFiles.Last(_run, CheckpointLayout.Model)), Is.Not.EqualTo(
            File.ReadAllBytes(RunFiles.Last(whole, CheckpointLayout.Model))), "the step has changed the weights");
        RunFiles.AssertNoTemporaries(_run);
    }

    [Test]
    public void Weights_that_change_while_they_are_saved_are_never_published()
    {
        using var backend = new CpuBackend(1);
        using var session = Session(backend, "albef");
        new OptimizationStep(session, traceNaN: false).Run();
        var store = new CheckpointStore(_run);
        store.Save(session);
        var before = RunFiles.Snapshot(_run);
        using var changed = new ManualResetEventSlim();
        var save = new CheckpointStore(_run) { BeforeRead = () => changed.Wait() }.Begin(session)!;
        var weight = session.Model.Trainable.First(p => p.Shape.Rank == 2).Value;
        weight.Load<float>(weight.ToArray<float>());
        changed.Set();
        Assert.That(save.Complete, Throws.InvalidOperationException.With.Message.Contains("changed while"));
        Assert.That(RunFiles.Snapshot(_run), Is.EqualTo(before));
        RunFiles.AssertNoTemporaries(_run);
    }

    /// <summary>At the moment at which training may go on, the save has read all that it reads.</summary>
    [Test]
    public void Weights_and_moments_may_change_as_soon_as_they_are_said_to_be_read()
    {
        using var backend = new CpuBackend(1);
        using var session = Session(backend, "albef");
        new OptimizationStep(session, traceNaN: false).Run();
        using var snapshot = CheckpointSnapshot.Hold(session)!;
        var read = 0;
        snapshot.Write(Directory.CreateDirectory(_run).FullName, () =>
        {
            read++;
            foreach (var tensor in session.Model.Parameters.Where(p => p.Kind == ParameterKind.Weight)
                .Select(p => p.Value).Concat(session.Optimizer.State.SelectMany(s => new[] { s.ExpAvg, s.ExpAvgSq })))
                tensor.Load<float>([.. tensor.ToArray<float>().Select(v => v + 1)]);
        });
        Assert.That(read, Is.EqualTo(1));
    }

    [Test]
    public void Copies_that_have_yet_to_move_are_saved_at_once()
    {
        using var backend = new CpuBackend(1);
        using var session = Session(backend, "albef");
        new OptimizationStep(session, traceNaN: false) { DeferAverage = true }.Run();
        Assert.That(new CheckpointStore(_run).Begin(session), Is.Null);
    }

    // The folder of the second checkpoint cannot be made: its place is taken by a file.
    [Test]
    public void The_error_of_a_save_ends_the_run_at_the_next_step_and_the_checkpoint_before_stays([Values] bool async)
    {
        var config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        using StringWriter output = new(), error = new();
        var options = new AmcEngine.Amc.CommandLine.TrainOptions
        {
            Config = config,
            Output = _run,
            Threads = 1,
            Device = "cpu",
            Set = [$"save_async={async}", "steps=40"],
        };
        var stopped = 0;
        Assert.That(() => AmcEngine.Amc.CommandLine.TrainCommand.Run(
            options, new AmcEngine.Amc.CommandLine.CommandContext(output, error), CancellationToken.None, session =>
            {
                stopped = session.Step;
                // Behind the save of step 2, before that of step 4, and none before the save of step 2 is there.
                if (session.Step != 3)
                    return;
                SpinWait.SpinUntil(() => Directory.Exists(CheckpointLayout.Last(_run)));
                SpinWait.SpinUntil(() => !Directory.Exists(Path.Combine(_run, "checkpoints", "next.tmp")));
                File.WriteAllText(Path.Combine(_run, "checkpoints", "next.tmp"), "in the way");
            }), Throws.TypeOf<AmcEngine.Files.FileWriteException>().With.Message.Contains("next.tmp"));
        // In the background it may fail before the next step begins, within it, or within the one after that.
        Assert.That(stopped, Is.InRange(3, async ? 5 : 3));
        Assert.That(CheckpointState.Load(RunFiles.Last(_run, CheckpointLayout.State)).Step, Is.EqualTo(2));
        Assert.That(output.ToString(), Does.Not.Contain("saved after"));
    }

    // The writer of a checkpoint holds no more of it than a buffer.
    [Test]
    public void A_save_takes_no_memory_for_what_it_writes()
    {
        using var backend = new CpuBackend(1);
        using var session = Session(backend, "albef", "vision_width=256", "text_ffn=1024");
        var store = new CheckpointStore(_run);
        store.Save(session);
        var before = GC.GetAllocatedBytesForCurrentThread();
        store.Save(session);
        var taken = GC.GetAllocatedBytesForCurrentThread() - before;
        var written = new DirectoryInfo(CheckpointLayout.Last(_run)).EnumerateFiles().Sum(f => f.Length);
        Assert.That(written, Is.GreaterThan(12_000_000));
        Assert.That(taken, Is.LessThan(4_000_000));
    }

    private TrainingSession Session(CpuBackend backend, string model, params string[] more) => TrainingSession.Create(
        RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), ["queue_size=10", $"model={model}", .. more]),
        backend);
}
