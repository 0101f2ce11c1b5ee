using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.DataParallel;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.DataParallel;

/// <summary>Averaged gradients, and the ops that ranks compute together.</summary>
[TestFixture]
internal sealed class GradientExchangeTests
{
    /// <summary>
    /// Rank r's loss is (r+1)·Σ(a·b) where it has both weights: the mean of 1, 2 and 3 is 2. Rank 1 has no a, no rank
    /// has c.
    /// </summary>
    [Test]
    public void Gradients_are_means_over_ranks_and_a_missing_one_counts_as_zeros([Values] bool tells)
    {
        var results = ThreadCommunicator.Run(3, c =>
        {
            using var backend = new CpuBackend(1);
            Tensor[] weights = [Weight(backend, 2, 3), Weight(backend, 5, 7), Weight(backend, 1)];
            using var exchange = new GradientExchange(c, weights, bucketBytes: 8);
            double[][] gradients = [];
            for (var pass = 0; pass < 3; pass++)
            {
                using var scope = MemoryScope.Begin();
                var loss = (c.Rank == 1 ? weights[1].Mul(weights[1]) : weights[0].Mul(weights[1])).Sum()
                    .Scale(c.Rank + 1);
                if (tells) exchange.Backward(loss);
                else exchange.Backward(_ => loss.Backward());
                gradients = [.. weights.Select(w => w.Grad?.ToDoubles() ?? [])];
                foreach (var weight in weights)
                {
                    weight.Grad?.Dispose();
                    weight.Grad = null;
                }
            }
            var early = exchange.SentEarly;
            foreach (var weight in weights) weight.Dispose();
            return (gradients, early, exchange.Buckets);
        });
        foreach (var (gradients, early, buckets) in results)
        {
            // a: (1·b + 0 + 3·b)/3; b: (1·a + 2·2b + 3·a)/3.
            Closeness.AreClose("a", gradients[0], [20 / 3.0, 28 / 3.0], 1e-15);
            Closeness.AreClose("b", gradients[1], [28 / 3.0, 40 / 3.0], 1e-15);
            Assert.That(gradients[2], Is.Empty, "no rank has one");
            Assert.That(buckets, Is.EqualTo(3));
            if (!tells) Assert.That(early, Is.Zero);
        }
        if (!tells) return;
        // Rank 0 completes a and b, in the order that it has fixed; c never is.
        Assert.That(results[0].early, Is.EqualTo(2));
    }

    /// <summary>
    /// As above, but rank 1 alone needs a's gradient, rank 2 that of b, and all need c's, which rank 0 alone has. Two
    /// passes: in the second one buckets are there from the start, and a and c come by a pass of their own.
    /// </summary>
    [Test]
    public void Where_a_weight_has_an_owner_that_rank_alone_gets_its_gradient()
    {
        var results = ThreadCommunicator.Run(3, communicator =>
        {
            using var backend = new CpuBackend(1);
            using var scope = MemoryScope.Begin();
            Tensor[] weights = [Weight(backend, 2, 3), Weight(backend, 5, 7), Weight(backend, 1)];
            var asked = 0;
            using var exchange = new GradientExchange(communicator, weights.Select(w =>
            {
                asked++;
                return w;
            }), owner: w => Array.IndexOf(weights, w) switch { 0 => 1, 1 => 2, _ => null });
            Assert.That((exchange.IsSharded, asked), Is.EqualTo((true, 0)), "weights are asked for at the first step");
            for (var pass = 0; pass < 2; pass++)
            {
                foreach (var weight in weights) weight.Grad = null;
                exchange.Backward(tell =>
                {
                    if (communicator.Rank == 0) weights[2].Scale(9).Sum().Backward(tell);
                    (communicator.Rank == 1 ? weights[1].Mul(weights[1]) : weights[0].Mul(weights[1])).Sum()
                        .Scale(communicator.Rank + 1).Backward(tell);
                });
            }
            return (weights.Select(w => w.Grad?.ToDoubles() ?? []).ToArray(), exchange.Buckets, exchange.SentEarly);
        });
        foreach (var (rank, (gradients, buckets, _)) in results.Index())
        {
            Closeness.AreClose("a", gradients[0], rank == 1 ? [20 / 3.0, 28 / 3.0] : [], 1e-15);
            Closeness.AreClose("b", gradients[1], rank == 2 ? [28 / 3.0, 40 / 3.0] : [], 1e-15);
            Closeness.AreClose("c", gradients[2], [3], 1e-15);
            Assert.That(buckets, Is.EqualTo(3));
        }
        Assert.That(results[0].SentEarly, Is.EqualTo(3), "each bucket as soon as its weights are told of");
    }

    [Test]
    public void Who_brings_numbers_that_are_none_is_known_to_all([Values] bool owned)
    {
        var results = ThreadCommunicator.Run(3, c =>
        {
            using var backend = new CpuBackend(1);
            using var scope = MemoryScope.Begin();
            Tensor[] weights = [Weight(backend, 1, 2), Weight(backend, new double[40])];
            using var exchange = new GradientExchange(c, weights, bucketBytes: 8, owned ? _ => 2 : null);
            // The last of many numbers decides, and a step knows nothing of the one before.
            int? Run(double last)
            {
                var factors = Tensor.From([.. new double[39], last], [40], backend);
                exchange.Backward(weights[0].Sum().Add(weights[1].Mul(factors).Sum()));
                var broken = exchange.FirstNotFinite();
                foreach (var weight in weights)
                {
                    weight.Grad?.Dispose();
                    weight.Grad = null;
                }
                return broken;
            }
            return (Run(-1e30), Run(c.Rank == 1 ? double.PositiveInfinity : 1), Run(1));
        });
        Assert.That(results, Is.All.EqualTo(((int?)null, (int?)1, (int?)null)));
    }

    /// <summary>
    /// Rank 0 completes a before the gradient of the gathered rows is exchanged, rank 1 has none of it: all exchange
    /// the rows first.
    /// </summary>
    [Test]
    public void Gradients_wait_for_exchanges_that_all_ranks_make_at_one_place()
    {
        var results = ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            Tensor[] weights = [Weight(backend, 2), Weight(backend, 3)];
            using var exchange = new GradientExchange(c, weights, bucketBytes: 8);
            double[] gradients = [];
            for (var pass = 0; pass < 2; pass++)
            {
                using var scope = MemoryScope.Begin();
                var due = 1;
                var sum = weights[1].Square().GatherRows(c, () => due--).Sum();
                exchange.Backward(c.Rank == 0 ? sum.Mul(weights[0]).Sum() : sum, holds: () => due > 0);
                gradients = [.. weights.Select(w => w.Grad!.ToDoubles()[0])];
                foreach (var weight in weights)
                {
                    weight.Grad!.Dispose();
                    weight.Grad = null;
                }
            }
            foreach (var weight in weights) weight.Dispose();
            return gradients;
        });
        // Of (a + 1)/2·(b² + b²) at a = 2 and b = 3.
        Assert.That(results, Is.All.EqualTo(new double[] { 9, 18 }));
    }

    [Test]
    public void A_bucket_takes_weights_up_to_its_bytes()
    {
        var buckets = ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            using var scope = MemoryScope.Begin();
            Tensor[] weights = [.. Enumerable.Range(0, 5).Select(_ => Weight(backend, 1, 2))];
            using var exchange = new GradientExchange(c, weights, bucketBytes: 32);
            exchange.Backward(weights.Aggregate((a, b) => a.Add(b)).Sum());
            return exchange.Buckets;
        });
        Assert.That(buckets, Is.All.EqualTo(3), "16 bytes a weight: two, two and one");
    }

    /// <summary>A leaf whose gradient is whole early has the bits that it has at the end of the pass.</summary>
    [Test]
    public void Leaves_are_told_as_soon_as_they_are_complete_and_have_the_same_bits()
    {
        using var backend = new CpuBackend(1);
        using var scope = MemoryScope.Begin();
        Tensor shared = Weight(backend, 0.3, 0.7), early = Weight(backend, 1.1, 0.1), late = Weight(backend, 0.9, 2);
        Tensor Loss() => late.Mul(shared).Square().Mul(early).Add(shared.Exp()).Mul(early.Detach()).Sum();
        Loss().Backward();
        double[][] expected = [.. new[] { shared, early, late }.Select(t => t.Grad!.ToDoubles())];
        foreach (var t in new[] { shared, early, late }) t.Grad = null;
        List<Tensor> order = [];
        var seen = new List<double[]>();
        Loss().Backward(leaf =>
        {
            order.Add(leaf);
            seen.Add(leaf.Grad!.ToDoubles());
        });
        Assert.That(order, Is.EqualTo(new[] { early, late, shared }).Or.EqualTo(new[] { early, shared, late }));
        foreach (var (leaf, values) in order.Zip(seen))
        {
            var number = ReferenceEquals(leaf, shared) ? 0 : ReferenceEquals(leaf, early) ? 1 : 2;
            Assert.That(values, Is.EqualTo(expected[number]));
            Assert.That(leaf.Grad!.ToDoubles(), Is.EqualTo(expected[number]), "nothing is added later");
        }
    }

    /// <summary>
    /// The mean over ranks of L_r = (r+1)·Σ w·x² with x the gathered rows: dL/dx_k = 2·w·x_k·mean(r+1), and once more
    /// differentiated 2·w·mean(r+1).
    /// </summary>
    [Test]
    public void Gathered_rows_have_gradients_of_every_order()
    {
        var results = ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            using var scope = MemoryScope.Begin();
            var own = Weight(backend, 1 + 2 * c.Rank, 2 + 2 * c.Rank);
            var weights = Tensor.From([3.0, 5, 7, 11], [4], backend);
            var all = own.GatherRows(c);
            var loss = all.Square().Mul(weights).Sum().Scale(c.Rank + 1);
            var first = AutogradEngine.Grad([loss], [own], createGraph: true)[0]!;
            var second = AutogradEngine.Grad([first.Sum()], [own])[0]!;
            return (all.ToDoubles(), first.ToDoubles(), second.ToDoubles());
        });
        // Sums over ranks: 1 + 2 = 3.
        Assert.That(results[0].Item1, Is.EqualTo(new double[] { 1, 2, 3, 4 }));
        Assert.That(results[0].Item2, Is.EqualTo(new double[] { 6 * 3 * 1, 6 * 5 * 2 }));
        Assert.That(results[1].Item2, Is.EqualTo(new double[] { 6 * 7 * 3, 6 * 11 * 4 }));
        // The sum's gradient comes back to each rank from both: Σ over ranks of 2·w·(1, 2).
        Assert.That(results[0].Item3, Is.EqualTo(new double[] { 18, 30 }));
        Assert.That(results[1].Item3, Is.EqualTo(new double[] { 42, 66 }));
    }

    /// <summary>L = (Σ over ranks of s)²: a rank without a summand of its own changes nothing for the others.</summary>
    [Test]
    public void A_sum_over_ranks_hands_on_what_the_mean_of_equal_losses_needs()
    {
        var results = ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            var own = Weight(backend, 3);
            Tensor[] weights = [own];
            using var exchange = new GradientExchange(c, weights);
            using var scope = MemoryScope.Begin();
            var summand = c.Rank == 0 ? own.Square() : Tensor.From([4.0], [1], backend);
            var loss = summand.SumOverRanks(c).Square().Sum().Add(own.Sum().Scale(0));
            exchange.Backward(loss);
            return (loss.Item(), own.Grad!.ToDoubles()[0]);
        });
        // (w² + 4)² at w = 3: 169, with the derivative 2·13·2·3.
        Assert.That(results, Is.All.EqualTo((169.0, 156.0)));
    }

    private static Tensor Weight(IBackend backend, params double[] values) =>
        Tensor.From(values, [values.Length], backend).SetRequiresGrad();
}
