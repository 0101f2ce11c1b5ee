using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Amc.Maps;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Results;

[TestFixture]
internal sealed class SanityCheckTests
{
    private static readonly PatchMap[] Trained = [Map(1), Map(2), Map(3)];

    [Test]
    public void A_method_that_ignores_the_weights_is_named()
    {
        // The same maps again, and the same but for their unit.
        Assert.That(SanityCheck.Compare(Trained, Trained).Reacts, Is.False);
        PatchMap[] louder = [.. Trained.Select(m => m with { Values = [.. m.Values.Select(v => 7 * v + 1)] })];
        var sanity = SanityCheck.Compare(Trained, louder);
        Assert.That(sanity.Reacts, Is.False);
        Assert.That(RandomModel.Warning(new Rollout(), sanity),
            Does.StartWith("rollout does not react to the weights").And.Contain("over 3 questions"));
    }

    [Test]
    public void A_method_whose_maps_become_others_is_not()
    {
        var sanity = SanityCheck.Compare(Trained, [Map(11), Map(12), Map(13)]);
        Assert.That(sanity.Reacts);
        Assert.That(sanity.RankCorrelation, Is.InRange(-0.3, 0.3));
        Assert.That(sanity.Similarity, Is.LessThan(0.5));
        Assert.That(sanity.Count, Is.EqualTo(3));
        Assert.That(RandomModel.Cells(null), Is.Empty);
    }

    [Test]
    public void Maps_that_are_flat_before_and_after_do_not_react()
    {
        PatchMap[] flat = [new(4, new float[16])];
        Assert.That(SanityCheck.Compare(flat, flat).Reacts, Is.False);
        Assert.That(
            SanityCheck.Compare([Trained[0]], [new(8, new float[64])]).Reacts, "from something to nothing is a change");
    }

    private static PatchMap Map(int seed)
    {
        var random = new Random(seed);
        return new PatchMap(8, [.. Enumerable.Range(0, 64).Select(_ => random.NextSingle())]);
    }
}
