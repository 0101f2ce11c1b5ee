using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>The ranks that other tests work with do what the interface says.</summary>
[TestFixture]
internal sealed class ThreadCommunicatorTests
{
    [Test]
    public void Tensors_are_reduced_gathered_scattered_and_sent_in_the_order_of_ranks()
    {
        var results = ThreadCommunicator.Run(3, c =>
        {
            using var backend = new CpuBackend(1);
            double rank = c.Rank;
            using var sum = Tensor.From([rank, 10 * rank], [2], backend);
            using var most = Tensor.From([(int)rank, -(int)rank], [2], backend);
            using var own = Tensor.From([(float)rank, (float)rank + 0.5f], [1, 2], backend);
            using var all = Tensor.Zeros([3, 2], DType.F32, backend);
            using var rows = Tensor.From([1 + rank, 2 + rank, 3 + rank], [3], backend);
            using var row = Tensor.Zeros([1], DType.F64, backend);
            using var sent = Tensor.From([rank], [1], backend);
            CollectiveWork[] works =
            [
                c.AllReduce(sum), c.AllReduce(most, Reduction.Max), c.AllGather(own, all), c.ReduceScatter(rows, row),
                c.Broadcast(sent, 1),
            ];
            foreach (var work in works.Reverse()) work.Wait();
            return (double[][])[sum.ToDoubles(), most.ToDoubles(), all.ToDoubles(), row.ToDoubles(), sent.ToDoubles()];
        });
        for (var rank = 0; rank < 3; rank++)
        {
            Assert.That(results[rank], Is.EqualTo((double[][])
                [[3, 30], [2, 0], [0, 0.5, 1, 1.5, 2, 2.5], [3 * (rank + 1) + 3], [1]]), $"rank {rank}");
        }
    }

    [Test]
    public void Values_on_the_host_are_exchanged_at_once()
    {
        var results = ThreadCommunicator.Run(2, c =>
        {
            double[] values = [c.Rank + 1, -c.Rank];
            c.AllReduce(values, Reduction.Min);
            c.Barrier();
            return (values, c.AllGather(new byte[c.Rank + 1]).Select(b => b.Length).ToArray());
        });
        foreach (var (values, lengths) in results)
        {
            Assert.That(values, Is.EqualTo(new double[] { 1, -1 }));
            Assert.That(lengths, Is.EqualTo(new[] { 1, 2 }));
        }
    }

    [Test]
    public void Groups_are_numbered_by_their_keys()
    {
        var results = ThreadCommunicator.Run(4, c =>
        {
            using var part = c.Split(c.Rank % 2, -c.Rank);
            double[] sum = [c.Rank];
            part.AllReduce(sum);
            return (part.Rank, part.Size, sum[0]);
        });
        Assert.That(results, Is.EqualTo(new[] { (1, 2, 2.0), (1, 2, 4.0), (0, 2, 2.0), (0, 2, 4.0) }));
    }

    [Test]
    public void A_rank_that_fails_releases_the_others()
    {
        var released = 0;
        Assert.That(() => ThreadCommunicator.Run(3, c =>
        {
            if (c.Rank == 1) throw new InvalidOperationException("broken");
            try
            {
                c.Barrier();
            }
            catch (CollectiveException e) when (e.Message.Contains("rank 1 has failed: broken"))
            {
                Interlocked.Increment(ref released);
                throw;
            }
        }), Throws.InvalidOperationException.With.Message.EqualTo("broken"));
        Assert.That(released, Is.EqualTo(2));
    }

    [Test]
    public void Ranks_that_do_not_do_the_same_are_told()
    {
        Assert.That(() => ThreadCommunicator.Run(2, c =>
        {
            if (c.Rank == 0) c.Barrier();
        }), Throws.TypeOf<CollectiveException>().With.Message.Contains("rank 1 has ended"));
        Assert.That(() => ThreadCommunicator.Run(2, c => c.AllReduce(new double[1 + c.Rank])),
            Throws.TypeOf<CollectiveException>().With.Message.Contains("1 numbers, rank 1 calls"));
    }
}
