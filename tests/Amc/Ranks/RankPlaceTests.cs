using AmcEngine.Amc.Ranks;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Ranks;

[TestFixture]
internal sealed class RankPlaceTests
{
    // Two ranks share the processors of a, two more have a part each of b's, and a fifth has all of b's.
    private static readonly string[] All = ["a\n0-3", "b\n0-1", "a\n0-3", "b\n2-3", "b\n0-3"];

    [TestCase(0, 0, 2, 2)]
    [TestCase(2, 1, 2, 2)]
    [TestCase(1, 0, 3, 1)]
    [TestCase(3, 1, 3, 1)]
    [TestCase(4, 2, 3, 1)]
    public void Ranks_share_what_the_launcher_gave_to_several(int rank, int local, int locals, int sharing) =>
        Assert.That(RankPlace.Of(All, rank), Is.EqualTo(new RankPlace(local, locals, sharing)));

    [TestCase("0-3", 4)]
    [TestCase("0", 1)]
    [TestCase("0-1,8,10-11", 5)]
    public void Lists_of_processors_are_counted(string list, int count) =>
        Assert.That(RankPlace.Count(list), Is.EqualTo(count));

    [Test]
    public void A_rank_has_a_processor_however_many_there_are() =>
        Assert.That(new RankPlace(0, 9999, 9999).Processors, Is.EqualTo(1));

    [Test]
    public void Processors_of_its_own_are_shared_with_nobody() =>
        Assert.That(new RankPlace(1, 9999, 1).Processors, Is.EqualTo(Environment.ProcessorCount));
}
