using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Profiling;
using AmcEngine.Amc.Training;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Diagnostics;
using AmcEngine.Model.Modules;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>What a dry run says of memory, beside what the run then takes.</summary>
[TestFixture]
internal sealed class DryRunTests : FolderTests
{
    // Peak, reserved and touched bytes may differ by working memory that kernels take from the pool.
    [Test]
    public void A_dry_run_takes_what_the_run_takes(
        [Values("albef", "clip", "blip")] string model, [Values("none", "blocks")] string checkpoint,
        [Values(8, 3)] int microBatch)
    {
        string[] settings =
        [
            $"model={model}", $"checkpoint_activations={checkpoint}", "vision_depth=3", "text_layers=2", "batch_size=8",
            "vision_width=32", "add_selfeq=true", "max_tokens=12", "min_tokens=12",
            $"micro_batch={microBatch}",
        ];
        using var cpu = new CpuBackend(1);
        using var dry = new DryBackend(remembers: true);
        using TrainingSession real = Session(cpu, settings), counted = Session(dry, settings);
        var step = new OptimizationStep(real, traceNaN: false);
        step.Run();
        cpu.ResetPeak();
        step.Run();
        var memory = DryRun.Measure(
            dry, counted.Model, counted.Optimizer, () => new OptimizationStep(counted, traceNaN: false).Run());
        // The longest texts are longer than these, and draw other masked words.
        var longest = DryProfile.Of(counted.Config, counted.Tokenizer, MemorySettings.Of(counted.Config))
            .Memory;
        Assert.Multiple(() =>
        {
            Assert.That(memory.Peak / (double)cpu.PeakBytes, Is.InRange(0.999, 1.001));
            Assert.That(memory.Reserved / (double)cpu.ReservedBytes, Is.InRange(0.98, 1.001));
            Assert.That(memory.Touched, Is.InRange(memory.Peak / 2, memory.Reserved));
            Assert.That(longest.Peak / (double)cpu.PeakBytes, Is.InRange(0.98, 1.1));
        });
    }

    [Test]
    public void The_holders_are_the_peak()
    {
        using var dry = new DryBackend();
        using var session = Session(dry, "batch_size=8", "queue_size=64");
        var memory = DryProfile.Of(session.Config, session.Tokenizer, MemorySettings.Of(session.Config)).Memory;
        var holders = memory.Holders.ToDictionary(h => h.Name, h => h.Bytes);
        long Bytes(Func<Parameter, bool> which) => session.Model.StateEntries.Where(e => !e.IsAlias)
            .Select(e => e.Parameter).Where(which).Sum(p => sizeof(float) * (long)p.Shape.Count);
        var trained = session.Model.Trainable.ToHashSet();
        Assert.Multiple(() =>
        {
            Assert.That(holders.Values.Sum(), Is.EqualTo(memory.Peak));
            Assert.That(holders.Values, Is.All.GreaterThanOrEqualTo(0));
            Assert.That(holders["weights"], Is.InRange(Bytes(trained.Contains), 1.5 * Bytes(trained.Contains)));
            Assert.That(holders["optimizer state"], Is.EqualTo(2 * holders["weights"]));
            Assert.That(holders["queues"], Is.EqualTo(Bytes(p => p.Kind == ParameterKind.Buffer)));
            // Pictures, regions.
            Assert.That(holders["batch"], Is.InRange(4 * 8 * 32 * 32 * sizeof(float), 5 * 8 * 32 * 32 * sizeof(float)));
            Assert.That(holders["activations, vision encoder"] > 0, Is.True);
            // One map of 17 image tokens.
            Assert.That(holders["attention map"] >= 8 * 2 * 17 * sizeof(float), Is.True);
        });
    }

    /// <summary>
    /// What ends in a sum over samples has nothing to wait for: matching where it is not explained, negatives, masked
    /// words with their momentum model. Encoders wait for the contrast of the whole batch.
    /// </summary>
    [TestCase("albef", true, "vision encoder", "text encoder", "fusion encoder")]
    [TestCase("albef", false, "vision encoder", "text encoder")]
    [TestCase("blip", true, "vision encoder", "text encoder", "fusion encoder")]
    [TestCase("clip", true, "vision encoder", "text encoder")]
    public void By_parts_only_what_waits_for_the_whole_batch_is_computed_again(
        string model, bool amc, params string[] again)
    {
        using var dry = new DryBackend();
        using var session = Session(
            dry, $"model={model}", $"add_gcam={(amc ? "true" : "false")}", "batch_size=8", "micro_batch=2");
        var memory = DryProfile.Of(session.Config, session.Tokenizer, MemorySettings.Of(session.Config)).Memory;
        var flop = memory.Phases.ToDictionary(p => p.Name, p => p.Flop);
        Assert.That(
            flop.Keys.Where(p => p.StartsWith("forward again", StringComparison.Ordinal)),
            Is.EquivalentTo(again.Select(a => $"forward again/{a}")));
        foreach (var part in again)
            Assert.That(flop[$"forward again/{part}"], Is.EqualTo(flop[$"forward/{part}"]).Within(10).Percent, part);
        Assert.That(flop.Values.Sum(), Is.EqualTo(memory.Flop).Within(1e-6).Percent);
    }

    [Test]
    public void What_held_memory_at_the_peak_is_what_was_live_then()
    {
        using var dry = new DryBackend(remembers: true);
        var first = dry.Allocate(1024);
        var second = dry.Allocate(2048);
        dry.Free(first);
        var third = dry.Allocate(512);
        dry.Free(second);
        dry.Free(third);
        Assert.That(dry.AtPeak.Select(b => b.Storage), Is.EquivalentTo(new[] { first, second }));
        Assert.That(dry.PeakBytes, Is.EqualTo(3072));
        Assert.That(dry.LiveBytes, Is.Zero);
    }

    [Test]
    public void The_full_size_needs_little_memory()
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        using var dry = new DryBackend();
        var config = RunConfig.Load(
            Path.Combine(GoldenFiles.Root, "configs", "profile-base.yaml"),
            ["bert_config=null", "batch_size=64", "queue_size=65536"]);
        var memory = DryStep.Longest(
            config, DataSources.Tokenizer(config), dry, 64, new MemorySettings(null, true));
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before < 400L << 20, Is.True);
        Assert.That(memory.Peak > 4L << 30, Is.True);
        Assert.That(memory.Flop > 1e12, Is.True);
    }

    private TrainingSession Session(IBackend backend, params string[] overrides) => TrainingSession.Create(
        RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig), overrides), backend);
}
