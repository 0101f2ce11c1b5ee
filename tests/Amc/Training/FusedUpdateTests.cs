using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Optim;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// Momentum copies follow each change of the weights once, with the weights or later, with the same bits.
/// </summary>
[TestFixture]
internal sealed class FusedUpdateTests : FolderTests
{
    [Test]
    public void Copies_that_move_with_the_weights_have_the_bits_of_those_that_move_at_the_next_step(
        [Values(1, 2)] int threads)
    {
        double[][] together = States(threads, fused: true, defer: _ => false),
            later = States(threads, fused: true, defer: _ => true);
        double[][] mixed = States(threads, fused: true, defer: step => step % 2 == 0),
            unknown = States(threads, fused: false, defer: _ => false);
        Assert.Multiple(() =>
        {
            Assert.That(later, Is.EqualTo(together));
            Assert.That(mixed, Is.EqualTo(together));
            Assert.That(unknown, Is.EqualTo(together), "an optimizer that knows nothing of the copies");
        });
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Whether_copies_have_followed_is_saved(bool followed)
    {
        string run = _folder.PathOf("run"), whole = _folder.PathOf("whole");
        using var backend = new CpuBackend(1);
        using (var session = Session(backend))
        {
            var step = new OptimizationStep(session, traceNaN: false);
            while (session.Step < 4) step.Run();
            new CheckpointStore(whole).Save(session);
        }
        using (var session = Session(backend))
        {
            var step = new OptimizationStep(session, traceNaN: false) { DeferAverage = !followed };
            while (session.Step < 3) step.Run();
            Assert.That(session.Model.Average!.IsPending, Is.Not.EqualTo(followed));
            new CheckpointStore(run).Save(session);
        }
        using (var session = Session(backend))
        {
            CheckpointStore.Restore(session, CheckpointLayout.Last(run));
            Assert.That(session.Model.Average!.IsPending, Is.Not.EqualTo(followed));
            new OptimizationStep(session, traceNaN: false).Run();
            new CheckpointStore(run).Save(session);
        }
        foreach (var file in new[] { "model.safetensors", "optimizer.safetensors", "state.json" })
            Assert.That(File.ReadAllBytes(RunFiles.Last(run, file)),
                Is.EqualTo(File.ReadAllBytes(RunFiles.Last(whole, file))), file);
    }

    // Weights and copies after four steps and the momentum update of a fifth.
    private static double[][] States(int threads, bool fused, Func<int, bool> defer)
    {
        using var backend = new CpuBackend(threads);
        using var model = SmallModel.Create(backend);
        using var optimizer = new AdamW(model.ParameterGroups(0.02), average: fused ? model.Average : null);
        var random = new RandomSource(3);
        for (var step = 0; step < 4; step++)
        {
            using var scope = MemoryScope.Begin();
            random.BeginStep((uint)step);
            model.Forward(SmallModel.Batch(model), new StepOptions(0.4, random)).Total().Backward();
            optimizer.Step(1e-2, defer(step));
            optimizer.ZeroGrad();
        }
        model.Average!.Apply();
        return [.. model.Parameters.Select(p => p.Value.ToDoubles())];
    }

    private TrainingSession Session(CpuBackend backend) =>
        TrainingSession.Create(RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig)), backend);
}
