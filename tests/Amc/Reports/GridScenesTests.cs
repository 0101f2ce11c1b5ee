using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Reports;
using AmcEngine.DataTools;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Reports;

[TestFixture]
internal sealed class GridScenesTests
{
    [Test]
    public void Each_picture_is_a_candidate_once_by_its_first_phrase()
    {
        var test = new StubQuestions([.. "aaabbacccd".Select(c => Sample($"{c}.jpg"))]);
        Assert.Multiple(() =>
        {
            Assert.That(GridScenes.Candidates(test, 6), Is.EqualTo(new[] { 0, 3, 6, 9 }));
            Assert.That(GridScenes.Candidates(new StubQuestions([.. Enumerable.Range(0, 100)
                .Select(i => Sample($"{i / 2}"))]), 6), Is.EqualTo(Enumerable.Range(0, 24).Select(i => 2 * i)));
            Assert.That(GridScenes.Candidates(test, 0), Is.Empty);
        });
    }

    [TestCase("++++++++----", 6, 0.5, "+++---")]
    [TestCase("----++++++++", 6, 0.5, "---+++")]
    [TestCase("+-+-+-+-+-+-", 6, 1 / 6.0, "+-----")]
    [TestCase("+-+-+-+-+-+-", 6, 0.0, "------")]
    [TestCase("+-+-+-+-+-+-", 6, 1.0, "++++++")]
    [TestCase("+-+-+-+-+-+-", 6, 0.74, "+-+-++")]
    [TestCase("------------", 6, 0.5, "------", TestName = "Too few hits: misses take their place")]
    [TestCase("++++++++++++", 6, 0.5, "++++++", TestName = "Too few misses: hits take their place")]
    [TestCase("+-", 6, 0.5, "+-", TestName = "Few candidates: all of them")]
    [TestCase("", 6, 0.5, "", TestName = "No candidates")]
    public void Hits_are_shown_in_the_share_of_the_whole_test_set(
        string candidates, int shown, double accuracy, string expected)
    {
        var chosen = GridScenes.Choose([.. candidates.Select(c => c == '+')], shown, accuracy);
        Assert.That(string.Concat(chosen.Select(i => candidates[i])), Has.Length.EqualTo(expected.Length));
        Assert.That(chosen.Count(i => candidates[i] == '+'), Is.EqualTo(expected.Count(c => c == '+')));
        Assert.That(chosen, Is.Ordered.And.Unique);
    }

    [Test]
    public void Candidates_that_cannot_be_read_are_left_out()
    {
        var test = new StubQuestions(Sample("a"), Sample("b"), Sample("c"))
        {
            Reading = i => { if (i == 1) throw new UnusableSampleException("gone"); }
        };
        var maps = GridScenes.Explain(new StubExplainer(("a", [1]), ("c", [2])), test, [0, 1, 2], 2);
        Assert.That(maps.Keys.Order(), Is.EqualTo(new[] { 0, 2 }));
        Assert.That(maps[2].Values, Is.EqualTo(new[] { 2f }));
    }

    private static EvaluationSample Sample(string image) =>
        new(image, PictureViews.Of(new RgbImage(2, 2), [PictureTarget.Whole]), image, [new Box(0, 0, 1, 1)]);
}
