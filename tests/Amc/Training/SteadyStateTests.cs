using System.Text.Json.Nodes;
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

    // A batch of 8 pictures of 128 × 128 is 1.5 MB of numbers, which are not made anew by each step.
    [Test]
    public void Little_garbage()
    {
        const int steps = 40;
        using TrainingSession session = Session("image_res=128", "patch_size=32", "batch_size=8");
        var step = new OptimizationStep(session, traceNaN: false);
        Run(step, 10);
        long allocated = GC.GetTotalAllocatedBytes(precise: true);
        Run(step, steps);
        long bytes = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / steps;
        TestContext.Out.WriteLine($"{bytes} bytes of objects a step");
        Assert.That(bytes < 1_800_000, Is.True, $"{bytes} bytes of objects a step");
    }

    // In a process of its own, with the product's settings and no garbage but its own. Large batches, so that steps leave much. The middle
    // generation is collected once before, about step 70: its first budget is that of an empty heap. With workstation settings it is every third time.
    [Test]
    public void Only_the_youngest_generation_is_collected()
    {
        string config = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        // With AMC and without in turns: 500 steps.
        Answer answer = Amcx.RunProcess(["profile", "--config", config, "--warmup", "200", "--steps", "250", "--json", "--threads", "2", "--device", "cpu", "--set", "batch_size=16", "train_count=64"]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var profile = JsonNode.Parse(answer.Out)!;
        int[] collections = [.. profile["collections"]!.AsArray().Select(c => (int)c!)];
        TestContext.Out.WriteLine($"collections {string.Join(", ", collections)}; {profile["managed_bytes_per_step"]} bytes of objects a step");
        Assert.That(collections[0] > 0, Is.True, "too few steps to tell");
        Assert.That(collections[1..], Is.All.Zero, "collections of the middle generation, and full ones");
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
