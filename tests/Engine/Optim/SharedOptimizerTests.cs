using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Optim;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Optim;

/// <summary>An optimizer whose state ranks share out computes, to the bit, what one that keeps all does.</summary>
[TestFixture]
internal sealed class SharedOptimizerTests
{
    private const int Steps = 6;

    // Of two decays, and one whose moving average stands alone: it is not trained.
    private static readonly int[] Counts = [5, 40, 1, 67, 16, 9];
    private static readonly double[] Decays = [0, 0.3, 0.3, 0.3, 0.1];

    // In these steps the parameters have no gradient.
    private static readonly (int Step, int Parameter)[] Without = [(0, 3), (2, 1), (3, 1), (4, 0)];

    [Test]
    public void Weights_averages_and_moments_have_the_bits_of_an_optimizer_alone([Values(2, 3, 7)] int ranks)
    {
        var alone = Train(SingleCommunicator.Instance);
        var shared = ThreadCommunicator.Run(ranks, Train);
        Assert.Multiple(() =>
        {
            for (var rank = 0; rank < ranks; rank++)
            {
                Assert.That(shared[rank].Values, Is.EqualTo(alone.Values), $"weights and averages, rank {rank}");
                Assert.That(shared[rank].Versions, Is.EqualTo(alone.Versions), "averages follow once a step");
            }
            Assert.That(shared[0].Moments, Is.EqualTo(alone.Moments), "what a checkpoint would hold");
            Assert.That(shared.SelectMany(r => r.Own).Order(), Is.EqualTo(alone.Own), "each moment has one owner");
            Assert.That(shared.Max(r => r.OwnElements), Is.LessThanOrEqualTo(Math.Max(67, 129 / ranks + 2)));
        });
    }

    // 67 to the first rank, 40, 16, 5 and 1 to the second.
    [Test]
    public void The_largest_goes_first_to_the_rank_with_least() => Assert.That(
        OptimizerShare.Owners([5, 40, 1, 67, 16], 2), Is.EqualTo(new[] { 1, 1, 1, 0, 1 }));

    [Test]
    public void Equal_sizes_go_to_the_ranks_in_turn() => Assert.That(
        OptimizerShare.Owners([3, 3, 3, 3], 3), Is.EqualTo(new[] { 0, 1, 2, 0 }));

    [Test]
    public void Moments_come_in_order_and_what_is_not_asked_for_keeps_nobody_waiting()
    {
        ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            using var p = Tensor.From([1.0, 2], [2], backend);
            using var q = Tensor.From([3.0], [1], backend);
            using var optimizer = new AdamW([new ParameterGroup([p, q], 0)], share: c);
            if (c.Rank == 1)
            {
                optimizer.ServeMoments();
                return;
            }
            var live = backend.LiveBytes;
            using (var moments = optimizer.GatherMoments())
            {
                var first = moments[0];
                Assert.That(first.Count, Is.EqualTo(2));
                Assert.That(moments[0], Is.SameAs(first));
                Assert.That(() => moments[2], Throws.InvalidOperationException);
                Assert.That(() => moments[-1], Throws.InvalidOperationException);
            }
            Assert.That(backend.LiveBytes, Is.EqualTo(live), "what came from the other rank is given back");
        });
    }

    [Test]
    public void Who_serves_is_told_where_the_rank_that_gathers_is_gone()
    {
        ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            using var p = Tensor.From([1.0, 2], [2], backend);
            using var optimizer = new AdamW([new ParameterGroup([p], 0)], share: c);
            if (c.Rank == 1) Assert.That(optimizer.ServeMoments, Throws.TypeOf<CollectiveException>());
        });
    }

    [Test]
    public void One_rank_keeps_all()
    {
        using var optimizer = new AdamW([], share: SingleCommunicator.Instance);
        Assert.That(optimizer.IsSharded, Is.False);
        Assert.That(optimizer.GatherMoments, Throws.InvalidOperationException);
    }

    private sealed record Trained(
        double[][] Values, int[] Versions, double[][] Moments, int[] Own, int OwnElements);

    private static Trained Train(ICommunicator ranks)
    {
        using var backend = new CpuBackend(1);
        var random = new Random(3);
        Tensor[] p = [.. Counts.Select(n => Draw(backend, random, n))];
        Tensor[] copies = [.. p.Select(x => Draw(backend, random, x.Count))];
        var average = new ExponentialMovingAverage(p, copies, 0.9);
        using var optimizer = new AdamW([Group(0, 1), Group(1, 4), Group(4, 5)], average: average, share: ranks);
        Assert.That(optimizer.IsSharded, Is.EqualTo(ranks.Size > 1));
        for (var step = 0; step < Steps; step++)
        {
            for (var i = 0; i < Decays.Length; i++)
            {
                var gradient = Draw(backend, random, Counts[i]);
                if (Without.Contains((step, i))) gradient.Dispose();
                else p[i].Grad = gradient;
            }
            // In one step the averages wait for the next.
            optimizer.Step(0.01 / (step + 1), deferAverage: step == 3);
            optimizer.ZeroGrad();
        }
        int[] own = [.. optimizer.State.Select(s => Array.IndexOf(p, s.Parameter))];
        var result = new Trained(
            [.. p.Concat(copies).Select(t => t.ToDoubles())], [.. copies.Select(c => c.Version)],
            Moments(optimizer, ranks), own, own.Sum(i => Counts[i]));
        foreach (var t in p.Concat(copies)) t.Dispose();
        return result;

        ParameterGroup Group(int from, int to) => new(p[from..to], Decays[from]);
    }

    private static double[][] Moments(AdamW optimizer, ICommunicator ranks)
    {
        if (!optimizer.IsSharded)
            return [.. optimizer.State.SelectMany(s => new[] { s.ExpAvg, s.ExpAvgSq }).Select(t => t.ToDoubles())];
        if (ranks.Rank > 0)
        {
            optimizer.ServeMoments();
            return [];
        }
        using var moments = optimizer.GatherMoments();
        return [.. Enumerable.Range(0, 2 * Decays.Length).Select(i => moments[i].ToDoubles())];
    }

    private static Tensor Draw(IBackend backend, Random random, int count) =>
        Tensor.From(Enumerable.Range(0, count).Select(_ => (float)(2 * random.NextDouble() - 1)).ToArray(), [count],
            backend);
}
