using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Reports.Page;
using AmcEngine.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Reports.Page;

/// <summary>Which answers a page shows.</summary>
[TestFixture]
internal sealed class CaseChoiceTests
{
    // The lower half of a picture of 8 × 8 pixels.
    private static readonly EvaluationSample Question = new(new RgbImage(8, 8), "phrase", [new Box(0, 4, 8, 8)]);

    [Test]
    public void An_answer_is_kept_with_the_share_of_its_map_inside()
    {
        var sample = new CaseSample();
        // All of the map above its smallest value is in the upper half, in the lower half, and nowhere.
        sample.Add(Answer(0, [3, 3, 2, 2], hit: false));
        sample.Add(Answer(1, [-1, -1, 4, 4], hit: true));
        sample.Add(Answer(2, [5, 5, 5, 5], hit: false, flat: true));
        var cases = sample.Cases;
        Assert.That(cases.Select(c => c.Answers[0].Map),
            Is.EqualTo(new[] { new byte[] { 255, 255, 0, 0 }, new byte[] { 0, 0, 255, 255 }, new byte[4] }));
        Assert.That(cases.Select(c => c.Answers[0].Point), Is.EqualTo(new[] { new[] { 1, 2 }, new[] { 1, 2 }, null }));
        Closeness.Near("area", cases[0].Area, 0.5, 0);
        Assert.That(cases[0].Answers[0].Inside!.Value, Is.LessThan(0.3));
        Closeness.Near(
            "the other half", cases[1].Answers[0].Inside!.Value, 1 - cases[0].Answers[0].Inside!.Value, 1e-3);
        Assert.That(cases[2].Answers[0].Inside, Is.Null, "a flat map is nowhere");
    }

    [Test]
    public void The_best_the_worst_and_those_in_the_middle_are_there_and_the_rest_is_spread()
    {
        // Every third is a miss; the more of the map is inside, the higher the number.
        var cases = Enumerable.Range(0, 1000).Select(i => Case(i, i / 1000.0, i % 3 > 0)).ToArray();
        var chosen = CaseChoice.Of(cases, 50);
        Assert.That(chosen, Has.Count.EqualTo(50));
        Assert.That(chosen.Select(c => c.Case.Index).Distinct().Count(), Is.EqualTo(50));
        Assert.That(chosen.Select(c => c.Case.Rank), Is.Ordered.Descending);
        Assert.That(Group(CaseGroup.Best), Is.EqualTo(new[] { 998, 997, 995, 994, 992, 991, 989, 988, 986, 985 }),
            "hits with the most inside");
        Assert.That(Group(CaseGroup.Worst), Is.EqualTo(new[] { 27, 24, 21, 18, 15, 12, 9, 6, 3, 0 }),
            "misses with the least inside");
        // 666 hits come first: the middle of 1000 is the 500th, three quarters down the hits.
        Assert.That(Group(CaseGroup.Median), Has.Length.EqualTo(10).And.All.InRange(240, 260));
        Assert.That(Group(CaseGroup.Spread), Has.Length.EqualTo(20));
        Assert.That(Group(CaseGroup.Spread).Count(i => i % 3 == 0), Is.InRange(5, 8), "a third of the rest are misses");
        Assert.That(CaseChoice.Of([.. cases.Reverse()], 50), Is.EqualTo(chosen), "whatever the order of the answers");

        int[] Group(CaseGroup group) => [.. chosen.Where(c => c.Group == group).Select(c => c.Case.Index)];
    }

    [TestCase(0, 0)]
    [TestCase(1, 0)]
    [TestCase(2, 0)]
    [TestCase(3, 3)]
    [TestCase(7, 3)]
    public void All_of_a_few_cases_are_shown(int count, int named)
    {
        var chosen = CaseChoice.Of([.. Enumerable.Range(0, count).Select(i => Case(i, i / 10.0, true))]);
        Assert.That(chosen, Has.Count.EqualTo(count));
        Assert.That(chosen.Count(c => c.Group != CaseGroup.Spread), Is.EqualTo(named));
    }

    [Test]
    public void Questions_on_which_runs_differ_come_in()
    {
        var sample = new CaseSample();
        for (var i = 0; i < 300; i++)
            sample.Add(Answer(i, [0, 0, 1, 1], hit: true));
        sample.NextRun();
        for (var i = 0; i < 300; i++)
            sample.Add(Answer(i, [0, 0, 1, 1], hit: i is not (123 or 200)));
        var chosen = CaseChoice.Of(sample.Cases, 20);
        // The two are also the worst, of which there are four.
        Assert.That(chosen.Where(c => c.Group is CaseGroup.Differ or CaseGroup.Worst).Select(c => c.Case.Index),
            Does.Contain(123).And.Contain(200));
        sample = new CaseSample();
        foreach (var run in new[] { 0, 1 })
        {
            for (var i = 0; i < 300; i++)
                sample.Add(Answer(i, [0, 0, 1, 1], hit: i < 100 || (i < 200 && run == 0)));
            if (run == 0)
                sample.NextRun();
        }
        chosen = CaseChoice.Of(sample.Cases, 20);
        Assert.That(chosen.Where(c => c.Group == CaseGroup.Differ).Select(c => c.Case.Index),
            Has.Exactly(4).Items.And.All.InRange(100, 199));
    }

    [Test]
    public void Memory_has_a_bound_and_every_run_keeps_the_same_questions()
    {
        var sample = new CaseSample(most: 64);
        for (var i = 0; i < 5000; i++)
            sample.Add(Answer(i, [0, 0, 1, 1], hit: true));
        int[] kept = [.. sample.Cases.Select(c => c.Index)];
        Assert.That(kept, Has.Length.EqualTo(64));
        Assert.That(kept.Average(), Is.InRange(1900, 3100), "from all the data");
        Assert.That(sample.Seen, Is.EqualTo(5000));
        sample.NextRun();
        Assert.That(sample.Cases, Is.Empty, "the second run has not answered");
        foreach (var i in Enumerable.Range(0, 5000).Reverse())
            sample.Add(Answer(i, [1, 0, 0, 0], hit: false));
        Assert.That(sample.Cases.Select(c => (c.Index, c.Answers.Count)), Is.EqualTo(kept.Select(i => (i, 2))));
        var again = new CaseSample(most: 64);
        foreach (var i in Enumerable.Range(0, 5000).Reverse())
            again.Add(Answer(i, [0, 0, 1, 1], hit: true));
        Assert.That(again.Cases.Select(c => c.Index), Is.EqualTo(kept), "whatever the order");
    }

    private static PointingAnswer Answer(int index, float[] map, bool hit, bool flat = false) =>
        new(index, Question, new PatchMap(2, map), flat ? null : (1, 2), hit, 0.5) { Chance = 0.2 };

    private static KeptCase Case(int index, double inside, bool hit)
    {
        var kept = new KeptCase(index, Question);
        kept.Answers.Add(new PageAnswer(2, new byte[4], [0, 0], hit, 0.5, inside));
        return kept;
    }
}
