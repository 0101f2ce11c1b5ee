using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Statistics;

[TestFixture]
internal sealed class BootstrapTests
{
    private const int Repeats = 400;

    /// <summary>
    /// An experiment of 60 pictures with one to five questions, that are alike in a picture; done 400 times. The
    /// interval must hold the true rate in 93 to 97 % of them.
    /// </summary>
    [Test]
    public void Intervals_hold_the_truth_as_often_as_they_say()
    {
        int held = 0, narrow = 0;
        for (var repeat = 0; repeat < Repeats; repeat++)
        {
            var observations = Experiment(repeat);
            held += Holds(new Bootstrap(400).Mean(observations)!.Value, 0.6) ? 1 : 0;
            // Every question drawn by itself: too narrow where questions of a picture are alike.
            Observation[] alone = [.. observations.Select((o, i) => o with { Picture = $"{i}" })];
            narrow += Holds(new Bootstrap(400).Mean(alone)!.Value, 0.6) ? 1 : 0;
        }
        TestContext.Out.WriteLine($"held {held} of {Repeats}, question by question {narrow}");
        Assert.That(held / (double)Repeats, Is.InRange(0.93, 0.97));
        Assert.That(narrow / (double)Repeats, Is.LessThan(0.9));
    }

    [Test]
    public void The_mean_is_over_questions_and_the_ends_are_seeded()
    {
        Observation[] seen = [new("a", 1), new("a", 0), new("b", 1), new("c", 1)];
        var first = new Bootstrap().Mean(seen)!.Value;
        Assert.That((first.Value, first.Count), Is.EqualTo((0.75, 4)));
        Assert.That(first.Low, Is.EqualTo(0.5), "a alone, three times, is among the draws");
        Assert.That(first.High, Is.EqualTo(1));
        Assert.That(new Bootstrap().Mean(seen), Is.EqualTo(first));
        Assert.That(new Bootstrap().Mean([]), Is.Null);
        Assert.That(new Bootstrap().Mean([new("a", 0.3)]), Is.EqualTo(new Estimate(0.3, 0.3, 0.3, 1)));
    }

    // With n pictures that are all hits, the true share may be as low as the one at which that happens in 2.5 %.
    [TestCase(1, 1, 0.025)]
    [TestCase(1, 3, 0.2924)]
    [TestCase(2, 3, 0.2924)]
    [TestCase(1, 100, 0.9638)]
    public void Nothing_but_hits_does_not_prove_that_there_are_no_misses(int questions, int pictures, double low)
    {
        Observation[] hits =
            [.. Enumerable.Range(0, questions * pictures).Select(i => new Observation($"{i % pictures}", 1))];
        var all = new Bootstrap().Mean(hits)!.Value;
        Assert.That((all.Value, all.High, all.Count), Is.EqualTo((1.0, 1.0, hits.Length)));
        Assert.That(all.Low, Is.EqualTo(low).Within(1e-4));
        var none = new Bootstrap().Mean([.. hits.Select(h => h with { Value = 0 })])!.Value;
        Assert.That((none.Value, none.Low), Is.EqualTo((0.0, 0.0)));
        Assert.That(none.High, Is.EqualTo(1 - low).Within(1e-4));
    }

    [Test]
    public void A_narrower_level_gives_a_narrower_interval()
    {
        var seen = Experiment(1);
        Estimate wide = new Bootstrap().Mean(seen)!.Value, half = new Bootstrap(level: 0.5).Mean(seen)!.Value;
        Assert.That(half.Low, Is.GreaterThan(wide.Low));
        Assert.That(half.High, Is.LessThan(wide.High));
    }

    [Test]
    public void A_difference_that_is_always_there_is_seen_and_one_that_is_not_is_not()
    {
        var random = new SeededRandom(5);
        Observation[] better =
            [.. Enumerable.Range(0, 80).Select(i => new Observation($"{i}", 0.1 + random.Uniform(-0.2, 0.2)))];
        Observation[] none = [.. Enumerable.Range(0, 80).Select(i => new Observation($"{i}", i % 2 == 0 ? 0.3 : -0.3))];
        PairedEstimate seen = new Bootstrap().Paired(better)!.Value, unseen = new Bootstrap().Paired(none)!.Value;
        Assert.Multiple(() =>
        {
            Assert.That(seen.Low, Is.GreaterThan(0));
            Assert.That(seen.PValue, Is.EqualTo(2 / 1001.0), "no draw on the other side");
            Assert.That(unseen.Difference, Is.Zero.Within(1e-15));
            Assert.That(unseen.PValue, Is.GreaterThan(0.8));
            Assert.That(new Bootstrap().Paired([.. better.Select(b => b with { Value = -b.Value })])!.Value.PValue,
                Is.EqualTo(2 / 1001.0));
            Assert.That(new Bootstrap().Paired([new("a", 0)])!.Value.PValue, Is.EqualTo(1));
        });
    }

    // Half of the spread is the picture's own: all its questions are easy or hard.
    private static Observation[] Experiment(int repeat)
    {
        var random = new SeededRandom(77, (ulong)repeat);
        List<Observation> seen = [];
        for (var picture = 0; picture < 60; picture++)
        {
            var rate = random.Chance(0.5) ? 0.95 : 0.25;
            for (var question = random.NextInt(1, 5); question > 0; question--)
                seen.Add(new Observation($"{picture}", random.Chance(rate) ? 1 : 0));
        }
        return [.. seen];
    }

    private static bool Holds(Estimate estimate, double truth) => estimate.Low <= truth && truth <= estimate.High;
}
