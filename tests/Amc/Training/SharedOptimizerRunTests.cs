using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// Runs whose ranks share the optimizer's state out: the same bits, the same checkpoint, and any number of ranks goes
/// on from it.
/// </summary>
[TestFixture]
internal sealed class SharedOptimizerRunTests : FolderTests
{
    [Test]
    public void A_run_and_its_checkpoint_have_the_bits_of_one_that_shares_nothing()
    {
        var (plain, shared) = (_folder.PathOf("plain"), _folder.PathOf("shared"));
        var expected = Train(2, shares: false, save: plain);
        var actual = Train(2, shares: true, save: shared);
        Assert.That(actual, Is.EqualTo(expected));
        foreach (var name in new[] { CheckpointLayout.Model, CheckpointLayout.Moments })
            Assert.That(Read(shared, name), Is.EqualTo(Read(plain, name)), name);
        foreach (var ranks in new[] { 1, 2, 3 })
        {
            Assert.That(
                Train(ranks, shares: true, from: shared), Is.EqualTo(Train(ranks, shares: false, from: plain)));
        }
    }

    [Test]
    public void A_rank_keeps_its_part_of_the_moments_only()
    {
        var config = Config(shares: true);
        var kept = ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(config, backend, communicator: c);
            return (Own: session.Optimizer.State.Sum(s => s.ExpAvg.Count),
                All: session.Optimizer.Parameters.Sum(p => p.Count),
                Largest: session.Optimizer.Parameters.Max(p => p.Count));
        });
        Assert.That(kept.Sum(k => k.Own), Is.EqualTo(kept[0].All));
        Assert.That(kept.Max(k => k.Own), Is.LessThanOrEqualTo((kept[0].All / 2) + kept[0].Largest));
    }

    [Test]
    public void A_session_of_ranks_asks_for_no_first_values_that_a_checkpoint_brings()
    {
        var config = Config(shares: true);
        ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(config, backend, communicator: c, draw: false);
            Assert.That(session.Model.Trainable.Select(p => p.IsUndrawn), Is.All.True);
        });
    }

    // The folder of the run is a file.
    [Test]
    public void A_save_that_fails_leaves_no_rank_waiting()
    {
        var (config, run) = (Config(shares: true), _folder.Write("run", ""));
        ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(config, backend, communicator: c);
            if (c.Rank > 0) session.Optimizer.ServeMoments();
            else Assert.That(() => new CheckpointStore(run).Save(session), Throws.Exception);
            c.Barrier();
        });
    }

    // All texts have one length; a step has as many pairs for 1, 2 and 3 ranks.
    private RunConfig Config(bool shares) => RunConfig.Load(_folder.Write("tiny.yaml", Amcx.TinyConfig),
    [
        "batch_size=6", "queue_size=18", "max_tokens=12", "min_tokens=12", "optimizer.lr=1e-2",
        $"shard_optimizer={(shares ? "true" : "false")}",
    ]);

    private double[][] Train(int ranks, bool shares, string? save = null, string? from = null)
    {
        var config = Config(shares);
        var weights = ThreadCommunicator.Run(ranks, c =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(config, backend, communicator: c);
            Assert.That(session.Optimizer.IsSharded, Is.EqualTo(shares && ranks > 1));
            if (from is not null) CheckpointStore.Restore(session, CheckpointLayout.Last(from));
            var step = new OptimizationStep(session, traceNaN: false);
            for (var i = 0; i < 2; i++) step.Run();
            if (save is not null) Save(session, save, c);
            return session.Model.Parameters.Where(p => p.Integers is null).Select(p => p.Value.ToDoubles()).ToArray();
        });
        foreach (var other in weights) Assert.That(other, Is.EqualTo(weights[0]), "all ranks are alike");
        return weights[0];
    }

    private static void Save(TrainingSession session, string run, ICommunicator ranks)
    {
        if (ranks.Rank == 0) new CheckpointStore(run).Save(session);
        else if (session.Optimizer.IsSharded) session.Optimizer.ServeMoments();
    }

    private static byte[] Read(string run, string name) =>
        File.ReadAllBytes(Path.Combine(CheckpointLayout.Last(run), name));
}
