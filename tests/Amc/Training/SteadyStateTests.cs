using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>After its first steps a run takes no more memory, and leaves nothing that waits for a full garbage collection.</summary>
[TestFixture]
[NonParallelizable]
internal sealed class SteadyStateTests
{
    private TempFolder _folder = null!;
    private CpuBackend _backend = null!;

    [SetUp]
    public void Create()
    {
        _folder = new TempFolder();
        _backend = new CpuBackend(threads: 2);
    }

    [TearDown]
    public void Delete()
    {
        _backend.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Memory_is_flat_over_500_steps()
    {
        using TrainingSession session = Session();
        var step = new OptimizationStep(session, traceNaN: false);
        Run(step, 100);
        (long live, long reserved) = (_backend.LiveBytes, _backend.ReservedBytes);
        long grown = HeapGrowth.Least(4, () => Run(step, 100));
        Assert.Multiple(() =>
        {
            Assert.That(_backend.LiveBytes, Is.EqualTo(live), "bytes in use");
            Assert.That(_backend.ReservedBytes, Is.EqualTo(reserved), "bytes reserved");
            Assert.That(grown < 32 * 1024, Is.True, $"the managed heap grew by {grown} bytes in each 100 steps");
        });
    }

    // A batch of 8 pictures of 128 × 128 is 1.5 MB of numbers: made anew by each step they would be large objects, which only a
    // full collection frees.
    [Test]
    public void No_full_collection_and_little_garbage()
    {
        const int steps = 40;
        using TrainingSession session = Session("image_res=128", "patch_size=32", "batch_size=8");
        var step = new OptimizationStep(session, traceNaN: false);
        Run(step, 10);
        GC.Collect();
        int full = GC.CollectionCount(2);
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        Run(step, steps);
        long bytes = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / steps;
        TestContext.Out.WriteLine($"{bytes} bytes of objects a step");
        Assert.Multiple(() =>
        {
            Assert.That(GC.CollectionCount(2), Is.EqualTo(full), "full collections");
            Assert.That(bytes < 1_800_000, Is.True, $"{bytes} bytes of objects a step");
        });
    }

    private static void Run(OptimizationStep step, int count)
    {
        for (int i = 0; i < count; i++)
            step.Run();
    }

    // A fixed number of words a text and all of them masked: every step has the same shapes.
    private TrainingSession Session(params string[] overrides)
    {
        string[] all = ["max_tokens=8", "min_tokens=8", "mlm_probability=1", "steps=1000", "augment=false", .. overrides];
        return TrainingSession.Create(RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), all), _backend);
    }
}
