using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Contrastive;
using AmcEngine.Model.Text;
using AmcEngine.Model.Vision;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// One of the two checkpoints is whole at every moment, and a step that failed leaves no trace in what is saved.
/// </summary>
[TestFixture]
internal sealed class CheckpointStoreTests : FolderTests
{
    private string _run = null!;

    [SetUp]
    public void CreateFolder() => _run = _folder.PathOf("run");

    [Test]
    public void A_checkpoint_is_whole_between_all_moves_of_a_save([Values] bool lastIsSound)
    {
        using var backend = new CpuBackend(1);
        using TrainingSession session = Session(backend), reader = Session(backend);
        var step = new OptimizationStep(session, traceNaN: false);
        for (var i = 0; i < 2; i++)
        {
            step.Run();
            new CheckpointStore(_run).Save(session);
        }
        if (!lastIsSound)
            File.WriteAllBytes(RunFiles.Last(_run, "model.safetensors"), []);
        var moves = 0;
        step.Run();
        new CheckpointStore(_run, lastIsSound)
        {
            BeforeMove = _ =>
            {
                moves++;
                ResumePoint.Find(_run, _ => { }).Restore(reader);
                Assert.That(reader.Step, Is.EqualTo(lastIsSound ? 2 : 1), $"before move {moves}");
            },
        }.Save(session);
        Assert.That(moves, Is.EqualTo(lastIsSound ? 3 : 2));
        ResumePoint.Find(_run, _ => { }).Restore(reader);
        Assert.That(reader.Step, Is.EqualTo(3));
        CheckpointStore.Restore(reader, CheckpointLayout.LastGood(_run));
        Assert.That(
            reader.Step, Is.EqualTo(lastIsSound ? 2 : 1), "a damaged checkpoint does not take the place of a good one");
        RunFiles.AssertNoTemporaries(_run);
    }

    [Test]
    public void A_checkpoint_after_a_damaged_one_becomes_the_good_one()
    {
        using var backend = new CpuBackend(1);
        using var session = Session(backend);
        var step = new OptimizationStep(session, traceNaN: false);
        step.Run();
        new CheckpointStore(_run).Save(session);
        var store = new CheckpointStore(_run, lastIsSound: false);
        for (var i = 0; i < 2; i++)
        {
            step.Run();
            store.Save(session);
        }
        CheckpointStore.Restore(session, CheckpointLayout.LastGood(_run));
        Assert.That(session.Step, Is.EqualTo(2));
    }

    // The last four bytes are a weight or a moment.
    [TestCase(CheckpointLayout.Model)]
    [TestCase(CheckpointLayout.Moments)]
    public void Numbers_that_are_none_are_refused_and_the_checkpoint_before_serves(string file)
    {
        using var backend = new CpuBackend(1);
        using var session = Session(backend);
        SaveTwice(session);
        var path = RunFiles.Last(_run, file);
        File.WriteAllBytes(path, [.. File.ReadAllBytes(path)[..^4], .. BitConverter.GetBytes(float.NaN)]);
        Assert.That(
            () => CheckpointStore.Restore(session, CheckpointLayout.Last(_run)), Throws.TypeOf<ModelException>());
        ResumePoint.Find(_run, _ => { }).Restore(session);
        Assert.That(session.Step, Is.EqualTo(1));
    }

    [Test]
    public void A_checkpoint_that_lacks_a_weight_is_refused()
    {
        using var backend = new CpuBackend(1);
        using var session = Session(backend);
        SaveTwice(session);
        var path = RunFiles.Last(_run, CheckpointLayout.Model);
        TensorData[] some;
        using (var reader = SafetensorsReader.Open(path))
            some = [.. reader.Tensors.Where(t => t.Name != "itm_head.weight").Select(t => t.ToMemory())];
        SafetensorsWriter.Write(path, some);
        Assert.That(() => CheckpointStore.Restore(session, CheckpointLayout.Last(_run)),
            Throws.TypeOf<SerializationException>().With.Message.Contains("the checkpoint is incomplete"));
    }

    [Test]
    public void A_save_that_fails_leaves_the_checkpoints_and_no_temporaries()
    {
        using var backend = new CpuBackend(1);
        using var session = Session(backend);
        new CheckpointStore(_run).Save(session);
        var before = RunFiles.Snapshot(_run);
        // A map whose numbers do not fill its size cannot be written; the weights have been by then.
        session.FirstMaps = new FirstMaps(session.Test!, new Dictionary<int, PatchMap> { [0] = new(2, [1f]) });
        Assert.That(() => new CheckpointStore(_run).Save(session), Throws.Exception);
        Assert.That(RunFiles.Snapshot(_run), Is.EqualTo(before));
        RunFiles.AssertNoTemporaries(_run);
    }

    // The forward pass moves momentum copies and queues; what comes after it may fail.
    [Test]
    public void A_step_that_failed_after_its_forward_pass_is_taken_back([Values] bool deferred)
    {
        var whole = _folder.PathOf("whole");
        using var backend = new CpuBackend(1);
        using (var session = Session(backend))
        {
            Run(session, 7);
            new CheckpointStore(whole).Save(session);
        }
        using (var session = Session(backend))
        {
            Run(session, 4, deferred);
            using (MemoryScope.Begin())
            {
                session.Random.BeginStep((uint)session.Step);
                TrainingBatchForward(session);
            }
            session.Model.TakeBack();
            new CheckpointStore(_run).Save(session);
        }
        using (var session = Session(backend))
        {
            CheckpointStore.Restore(session, CheckpointLayout.Last(_run));
            Assert.That(session.Model.Average!.IsPending, Is.False, "the forward pass has moved them");
            Run(session, 7);
            new CheckpointStore(_run).Save(session);
        }
        foreach (var file in new[] { "model.safetensors", "optimizer.safetensors", "state.json" })
            Assert.That(File.ReadAllBytes(RunFiles.Last(_run, file)).AsSpan()
                .SequenceEqual(File.ReadAllBytes(RunFiles.Last(whole, file))), Is.True, file);
    }

    private void SaveTwice(TrainingSession session)
    {
        for (var steps = 1; steps <= 2; steps++)
        {
            Run(session, steps);
            new CheckpointStore(_run).Save(session);
        }
    }

    private static void TrainingBatchForward(TrainingSession session)
    {
        var batch = session.Loader.Get(session.Step);
        var images = Tensor.From(batch.Images, [batch.Text.Count, 3, batch.Side, batch.Side], session.Model.Backend);
        session.Model.Forward(new PairBatch(images, batch.Text), new StepOptions(0.4, session.Random));
    }

    private static void Run(TrainingSession session, int steps, bool deferred = false)
    {
        var step = new OptimizationStep(session, traceNaN: false) { DeferAverage = deferred };
        while (session.Step < steps)
            step.Run();
    }

    // Queues of 10 columns: the batches of 4 wrap around at their end.
    private TrainingSession Session(CpuBackend backend) =>
        TrainingSession.Create(RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), ["queue_size=10"]), backend);
}
