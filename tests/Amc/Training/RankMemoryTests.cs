using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Data;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>How ranks that train together use memory: all alike, each for its part of the batch.</summary>
[TestFixture]
internal sealed class RankMemoryTests : FolderTests
{
    private const int Ranks = 2;

    private static readonly string[] Small = ["vision_depth=8", "vision_width=64", "batch_size=16"];

    // More of weights than of activations.
    private static readonly string[] Wide = ["vision_width=256", "batch_size=4"];

    private static readonly string[] Auto = ["checkpoint_activations=auto", "micro_batch=auto"];

    [Test]
    public void All_compute_as_the_one_with_least_memory()
    {
        Assert.That(Choose(_ => null, Auto), Is.All.EqualTo(new MemorySettings(null, false)));
        var whole = Plan("checkpoint_activations=blocks").Choose().Need;
        Assert.That(Choose(rank => rank == 0 ? null : whole, Auto), Is.All.EqualTo(new MemorySettings(null, true)));
        string[] parts = ["checkpoint_activations=none", "micro_batch=auto"];
        var half = Plan("checkpoint_activations=none", "micro_batch=4").Choose().Need;
        foreach (var small in (int[])[0, 1])
            Assert.That(Choose(rank => rank == small ? half : null, parts),
                Is.All.EqualTo(new MemorySettings(4, false)));
    }

    [Test]
    public void A_remedy_is_a_batch_of_all_ranks()
    {
        var config = Config("checkpoint_activations=auto");
        var least = Plan("batch_size=8", "micro_batch=1", "checkpoint_activations=blocks").Choose().Need;
        Assert.That(() => new MemoryPlan(config, DataSources.Tokenizer(config), least, ofHost: true, Ranks).Choose(),
            Throws.TypeOf<ConfigException>().With.Message.Contains("batch_size: 8 pairs a step on each rank")
                .And.Message.Contains("set batch_size: 8, micro_batch: 1 and"));
    }

    [TestCase(0)]
    [TestCase(1)]
    public void Of_a_shared_optimizer_each_rank_needs_its_part(int rank)
    {
        var (whole, part) = (Config([.. Wide]), Config([.. Wide, "shard_optimizer=true"]));
        using var backend = new CpuBackend(1);
        using var session = TrainingSession.Create(whole, backend);
        var state = 2.0 * sizeof(float) * session.Model.Trainable.Sum(p => (long)p.Shape.Count);
        Assert.That((Need(whole) - Need(part)) / state, Is.InRange(0.4, 0.6));

        long Need(RunConfig config) => new MemoryPlan(
            config, DataSources.Tokenizer(config), null, ofHost: true, Ranks, rank).Choose().Need;
    }

    [Test]
    public void A_dry_profile_says_what_a_rank_of_so_many_needs()
    {
        var plan = Plan("shard_optimizer=true");
        var answer = Amcx.Run(["profile", "--config", Config().Path, "--dry-run", "--device", "cpu",
            "--ranks", $"{Ranks}", "--set", .. Small, "shard_optimizer=true"]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain($"about {MemoryPlan.Size(plan.Choose().Need)} of "));
    }

    [Test]
    public void The_memory_of_a_machine_is_that_of_all_its_ranks()
    {
        Assume.That(AvailableMemory.Bytes(), Is.Not.Null);
        var config = Config();
        using var backend = new CpuBackend(1);
        var device = backend.Device;
        Assert.That(device.IsProcessor, Is.True);
        var shares = ThreadCommunicator.Run(4, ranks => MemoryPlan.For(
            config, DataSources.Tokenizer(config), device, 0, new Job(ranks, ErrorReporter.CodeOf)).Choose().Available);
        // Others may take or give back some meanwhile.
        Assert.That(shares, Is.All.LessThan(0.5 * AvailableMemory.Bytes()!.Value));
    }

    [TestCase(8, 8)]
    [TestCase(9, null)]
    public void Parts_are_smaller_than_the_share_of_a_rank(int size, int? expected)
    {
        var config = Config("batch_size=18", $"micro_batch={size}", "train_count=18", "queue_size=18");
        var settings = ThreadCommunicator.Run(Ranks, ranks =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(config, backend, communicator: ranks);
            return (session.OwnBatch, session.MicroBatch);
        });
        Assert.That(settings, Is.All.EqualTo((9, expected)));
    }

    private MemorySettings[] Choose(Func<int, long?> available, string[] set)
    {
        var config = Config(set);
        return ThreadCommunicator.Run(Ranks, ranks => new MemoryPlan(
            config, DataSources.Tokenizer(config), available(ranks.Rank), ofHost: true, Ranks)
            .Choose(new Job(ranks, ErrorReporter.CodeOf)).Settings);
    }

    // A rank's, which has as much memory as it needs.
    private MemoryPlan Plan(params string[] set)
    {
        var config = Config(set);
        return new MemoryPlan(config, DataSources.Tokenizer(config), null, ofHost: true, Ranks);
    }

    private RunConfig Config(params string[] set) => RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig),
        [.. Small, .. set]);
}
