using AmcEngine.Amc.Objective;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Model;
using AmcEngine.Model.DataParallel;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Engine.Collectives;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>
/// With everything computed over all ranks, R ranks of B/R samples train as one process with B samples does: losses of
/// each step, weights, momentum copies and queues after five, dropout and random draws included, on every rank.
/// </summary>
[TestFixture]
internal sealed class DataParallelTests
{
    private const int Half = TinyTraining.Count / 2;

    [Test]
    public void Ranks_train_as_one_process_does(
        [Values("albef", "albef itc", "blip", "blip itc", "clip")] string kind, [Values(2, 4)] int ranks)
    {
        var results = Compare(new RankSettings(kind, RankSettings.Global), ranks, 1e-12);
        Assert.That(results.Min(r => r.SentEarly), Is.GreaterThan(2), "buckets are sent while the pass goes on");
    }

    [TestCase("albef")]
    [TestCase("blip")]
    [TestCase("clip")]
    public void In_single_precision_to_rounding(string kind) =>
        Compare(new RankSettings(kind, RankSettings.Global) { DType = DType.F32 }, 2, 1e-6);

    [TestCase("albef", 1, false)]
    [TestCase("albef itc", 3, true)]
    [TestCase("blip", 3, false)]
    [TestCase("clip", 1, true)]
    public void By_parts_and_with_blocks_that_keep_their_inputs_alone(string kind, int size, bool checkpoint)
    {
        var settings = new RankSettings(kind, RankSettings.Global) { Steps = 3 };
        var results = Compare(settings with { MicroBatch = size, Checkpoint = checkpoint }, 2, 1e-12, settings);
        Assert.That(results.Min(r => r.SentEarly), Is.GreaterThan(2), "buckets are sent while parts are led back");
    }

    /// <summary>
    /// Each rank gets the gradients of its part of the weights alone and updates that: the bits are those of ranks
    /// that do all themselves.
    /// </summary>
    [TestCase("albef", 2, null, false)]
    [TestCase("albef", 2, 2, true)]
    [TestCase("blip", 4, null, false)]
    [TestCase("clip", 4, 1, false)]
    public void With_a_part_of_the_optimizer_each_they_train_to_the_same_bits(
        string kind, int ranks, int? size, bool checkpoint)
    {
        var settings = new RankSettings(kind, RankSettings.Global)
        {
            Steps = 3,
            MicroBatch = size,
            Checkpoint = checkpoint,
            IsMasked = i => i >= Half,
        };
        var plain = ThreadCommunicator.Run(ranks, settings.Run);
        foreach (var (rank, result) in ThreadCommunicator.Run(ranks, (settings with { Shards = true }).Run).Index())
        {
            Assert.That(result.Losses, Is.EqualTo(plain[0].Losses), $"rank {rank}");
            Same($"rank {rank}", result.State, plain[0].State, 0);
            Assert.That(result.SentEarly, Is.GreaterThan(2));
        }
    }

    /// <summary>
    /// The gradient of one weight is not a number, on the rank that has it: all stop with the same line.
    /// </summary>
    [Test]
    public void A_gradient_that_is_not_finite_stops_all_ranks_alike([Values] bool shards)
    {
        // Of two neighbours, of which with shares each rank may have one.
        var settings = new RankSettings("albef", RankSettings.Global)
        {
            Shards = shards,
            Differentiated = (_, model) =>
            {
                foreach (var parameter in model.Trainable.Skip(3).Take(2))
                    parameter.Value.Grad?.Load(Enumerable.Repeat(double.NaN, parameter.Shape.Count).ToArray().AsSpan());
            },
        };
        var results = ThreadCommunicator.Run(2, settings.Run);
        using var backend = new CpuBackend(1);
        using var any = TinyModels.Create("albef", backend, DType.F64, drops: true);
        var first = any.Trainable.ElementAt(3);
        foreach (var result in results)
        {
            Assert.That(result.Error, Is.TypeOf<TrainingException>());
            Assert.That(result.Error!.Message, Is.EqualTo(results[0].Error!.Message));
            Assert.That(result.Error.Message, Does.Contain($"{first.Shape.Count} of {first.Shape.Count} values of "
                + $"the gradient of {first.Name} are NaN").And.Contain("in the sum of all ranks"));
        }
    }

    /// <summary>Rank 0 has no masked word, rank 1 no region, and one of both no other text.</summary>
    [Test]
    public void A_rank_may_have_nothing_to_add([Values("albef", "blip", "clip")] string kind, [Values] bool byParts)
    {
        var settings = new RankSettings(kind, RankSettings.Global)
        {
            Steps = 3,
            IsMasked = i => i >= Half,
            HasRegion = i => i < Half,
            MayHaveOther = i => i >= Half,
        };
        Compare(settings with { MicroBatch = byParts ? 2 : null }, 2, 1e-12, settings);
        // And the other way round.
        Compare(settings with { IsMasked = i => i < Half, MayHaveOther = i => i < Half, Steps = 2 }, 2, 1e-12);
    }

    [Test]
    public void What_no_rank_has_leaves_its_weights_alone()
    {
        var settings = new RankSettings("albef", RankSettings.Global)
        {
            Steps = 2,
            IsMasked = _ => false,
            HasRegion = _ => false,
            MayHaveOther = _ => false,
        };
        var results = Compare(settings, 2, 1e-12);
        Assert.That(results[0].Losses[0].Single(l => l.Name == "mlm").Value, Is.Zero);
        Assert.That(results[0].Losses[0].Single(l => l.Name == "amc_mean").Value, Is.Zero);
    }

    [Test]
    public void A_single_pair_a_rank_is_enough_where_contrast_and_negatives_are_those_of_all(
        [Values("albef", "clip")] string kind) =>
        Compare(new RankSettings(kind, RankSettings.Global) { Steps = 2 }, 8, 1e-12);

    [Test]
    public void A_single_pair_a_rank_is_refused_where_they_are_its_own()
    {
        foreach (var kind in new[] { "albef", "blip", "clip" })
        {
            Assert.That(() => ThreadCommunicator.Run(8, new RankSettings(kind, RankScopes.Local).Run),
                Throws.TypeOf<AmcEngine.Model.ModelException>().With.Message.Contains("batch_size of at least 16"));
        }
    }

    /// <summary>
    /// A picture of rank 1 is not a number: all ranks stop with the same line, and nothing has moved.
    /// </summary>
    [Test]
    public void A_loss_that_is_not_finite_stops_all_ranks_alike([Values] bool byParts)
    {
        var settings = new RankSettings("albef", RankSettings.Global)
        {
            MicroBatch = byParts ? 2 : null,
            Before = (rank, step, inputs) =>
            {
                if (rank != 1 || step != 1) return;
                var image = inputs.Pairs.Image;
                image.Load(Enumerable.Repeat(double.NaN, image.Count).ToArray().AsSpan());
            },
        };
        var results = ThreadCommunicator.Run(2, settings.Run);
        var before = (settings with { Steps = 1, Before = null }).Run(SingleCommunicator.Instance);
        foreach (var result in results)
        {
            Assert.That(result.Error, Is.TypeOf<TrainingException>());
            Assert.That(result.Error!.Message, Is.EqualTo(results[0].Error!.Message));
            Assert.That(result.Error.Message, Does.StartWith("step 2: the loss ").And.Contain(" is NaN on rank "));
            Assert.That(((TrainingException)result.Error).IsOnAllRanks);
            Assert.That(result.Losses, Has.Length.EqualTo(1));
            Same("after the failed step", result.State, before.State, 1e-12);
        }
    }

    [Test]
    public void A_gradient_that_is_not_finite_names_the_rank_that_brought_it()
    {
        var results = ThreadCommunicator.Run(3, new RankSettings("clip", RankScopes.Local)
        {
            Steps = 1,
            ObjectiveOf = rank => new Root(rank == 2 ? 0 : 1),
        }.Run);
        foreach (var result in results)
        {
            Assert.That(result.Error, Is.TypeOf<TrainingException>());
            Assert.That(result.Error!.Message, Does.Contain("of the gradient of ").And.Contain(
                "are NaN or infinite by rank 2 (loss ").And.EqualTo(results[0].Error!.Message));
        }
    }

    /// <summary>The root of a constant: finite at 0 as well, where its slope is not.</summary>
    private sealed class Root(double at) : IObjective
    {
        public ObjectiveTerms Compute(ObjectiveInputs inputs)
        {
            var root = inputs.Explained.Cam.Sum().Affine(0, at).Sqrt();
            return new Terms(root) { Loss = root };
        }

        private sealed record Terms(Tensor Value) : ObjectiveTerms
        {
            public override IReadOnlyList<NamedLoss> Losses => [new("root", Value)];
        }
    }

    private static RankResult[] Compare(
        RankSettings settings, int ranks, double allowed, RankSettings? alone = null)
    {
        var expected = (alone ?? settings).Run(SingleCommunicator.Instance);
        var results = ThreadCommunicator.Run(ranks, settings.Run);
        Assert.That(expected.Losses, Has.Length.EqualTo(settings.Steps));
        foreach (var (rank, result) in results.Index())
        {
            foreach (var (step, (actual, whole)) in result.Losses.Zip(expected.Losses).Index())
            {
                Assert.That(actual.Select(l => l.Name), Is.EqualTo(whole.Select(l => l.Name)));
                foreach (var (a, e) in actual.Zip(whole))
                    Closeness.Near($"{a.Name}, step {step}, rank {rank}", a.Value, e.Value, 10 * allowed);
            }
            Same($"rank {rank}", result.State, expected.State, allowed);
            Same($"rank {rank} beside rank 0", result.State, results[0].State, 0);
        }
        return results;
    }

    private static void Same(
        string what, Dictionary<string, double[]?> actual, Dictionary<string, double[]?> expected, double allowed)
    {
        Assert.That(actual.Keys, Is.EquivalentTo(expected.Keys));
        foreach (var (name, values) in expected)
            Closeness.AreClose($"{what}: {name}", actual[name]!, values!, allowed, TinyTraining.Floor(name));
    }
}
