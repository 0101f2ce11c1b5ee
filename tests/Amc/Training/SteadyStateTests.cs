using System.Collections.Concurrent;
using System.Diagnostics.Tracing;
using System.Text.Json.Nodes;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// After its first steps a run takes no more memory, and leaves nothing that waits for a full garbage collection.
/// </summary>
[TestFixture]
[NonParallelizable]
internal sealed class SteadyStateTests : FolderTests
{
    private CpuBackend _backend = null!;

    [SetUp]
    public void Create() => _backend = new CpuBackend(threads: 2);

    [TearDown]
    public void Delete() => _backend.Dispose();

    [Test]
    public void Memory_is_flat_over_500_steps()
    {
        using var session = Session();
        var step = new OptimizationStep(session, traceNaN: false);
        Run(step, 100);
        (var live, var reserved) = (_backend.LiveBytes, _backend.ReservedBytes);
        var grown = HeapGrowth.Least(4, () => Run(step, 100));
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
        using var session = Session("image_res=128", "patch_size=32", "batch_size=8");
        var step = new OptimizationStep(session, traceNaN: false);
        Run(step, 10);
        var allocated = GC.GetTotalAllocatedBytes(precise: true);
        Run(step, steps);
        var bytes = (GC.GetTotalAllocatedBytes(precise: true) - allocated) / steps;
        TestContext.Out.WriteLine($"{bytes} bytes of objects a step");
        Assert.That(bytes < 1_800_000, Is.True, $"{bytes} bytes of objects a step");
    }

    /// <summary>
    /// What a step leaves behind is small and no more later than before: so it dies young, whatever size the collector
    /// gives its generations on a machine (that depends on the processor's caches, and so do the collections).
    /// </summary>
    [Test]
    public void Garbage_of_a_step_is_bounded_and_does_not_grow()
    {
        const int steps = 25;
        using var session = Session("batch_size=16", "train_count=64");
        var step = new OptimizationStep(session, traceNaN: false);
        Run(step, 30);
        // The smallest of several: others in the process (the test runner) allocate once in a while.
        long[] windows = [.. Enumerable.Range(0, 6).Select(_ => Allocated(step, steps))];
        long early = windows[..3].Min(), late = windows[3..].Min();
        TestContext.Out.WriteLine($"{early} and {late} bytes of objects a step");
        Assert.That(early < 1_500_000, Is.True, $"{early} bytes of objects a step");
        Assert.That(late < 1.05 * early, Is.True, $"{early} bytes of objects a step, later {late}");
    }

    /// <summary>Objects of 85 kB and more are collected with the oldest generation alone.</summary>
    [Test]
    public void No_step_makes_large_objects()
    {
        const int steps = 60;
        using var session = Session("batch_size=16", "train_count=64");
        var step = new OptimizationStep(session, traceNaN: false);
        Run(step, 10);
        using var listener = new LargeObjectListener();
        Run(step, steps);
        var large = listener.Stop();
        // Others in the process may make a few. Each such object is more than four fifths of an event, so one a step is
        // 50.
        Assert.That(large.Length < steps / 4, Is.True,
            $"{large.Length} times 100 kB of large objects in {steps} steps: {string.Join(", ", large.Distinct())}");
        using var control = new LargeObjectListener();
        for (var i = 0; i < steps; i++) GC.KeepAlive(new byte[100_000]);
        Assert.That(control.Stop().Length >= steps / 2, Is.True, "large objects are heard of");
    }

    /// <summary>
    /// One heap with a large youngest generation and a high bound of large objects; collections are not concurrent with
    /// kernels.
    /// </summary>
    [Test]
    public void The_program_runs_with_the_settings_of_the_collector_that_were_measured()
    {
        var file = Path.Combine(AppContext.BaseDirectory, "amcx.runtimeconfig.json");
        var settings = JsonNode.Parse(File.ReadAllText(file))!["runtimeOptions"]!["configProperties"]!;
        Assert.Multiple(() =>
        {
            Assert.That((bool)settings["System.GC.Server"]!, Is.True);
            Assert.That((int)settings["System.GC.HeapCount"]!, Is.EqualTo(1));
            Assert.That((bool)settings["System.GC.Concurrent"]!, Is.False);
            Assert.That((int)settings["System.GC.DynamicAdaptationMode"]!, Is.Zero);
            Assert.That((int)settings["System.GC.LOHThreshold"]!, Is.EqualTo(4 << 20));
        });
    }

    private static long Allocated(OptimizationStep step, int count)
    {
        var before = GC.GetTotalAllocatedBytes(precise: true);
        Run(step, count);
        return (GC.GetTotalAllocatedBytes(precise: true) - before) / count;
    }

    /// <summary>Hears of the runtime's allocations of large objects: an event each 100 kB.</summary>
    private sealed class LargeObjectListener : EventListener
    {
        private const EventKeywords Collector = (EventKeywords)1;
        private const int Kind = 1, TypeName = 5;
        private const uint Large = 1;

        private readonly ConcurrentQueue<string> _types = new();
        private readonly ManualResetEventSlim _end = new();

        /// <summary>
        /// Names of what was allocated; the runtime tells late, so an object of a known type is waited for.
        /// </summary>
        public string[] Stop()
        {
            for (var i = 0; i < 4; i++) GC.KeepAlive(new Marker[200_000]);
            Assert.That(_end.Wait(TimeSpan.FromMinutes(2)), Is.True, "the runtime tells of no allocation");
            return [.. _types];
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Microsoft-Windows-DotNETRuntime")
                EnableEvents(eventSource, EventLevel.Verbose, Collector);
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (eventData.EventName?.StartsWith("GCAllocationTick", StringComparison.Ordinal) != true
                || eventData.Payload?[Kind] is not Large)
                return;
            var type = (string?)eventData.Payload[TypeName] ?? "";
            if (type.Contains(nameof(Marker), StringComparison.Ordinal)) _end.Set();
            else _types.Enqueue(type);
        }

        private readonly record struct Marker(byte Value);
    }

    private static void Run(OptimizationStep step, int count)
    {
        for (var i = 0; i < count; i++)
            step.Run();
    }

    // A fixed number of words a text and all of them masked: every step has the same shapes.
    private TrainingSession Session(params string[] overrides)
    {
        string[] all =
        [
            "max_tokens=8", "min_tokens=8", "mlm_probability=1", "steps=1000", "augment=false", .. overrides
        ];
        return TrainingSession.Create(RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), all), _backend);
    }
}
