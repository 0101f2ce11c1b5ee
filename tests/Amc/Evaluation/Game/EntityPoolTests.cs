using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.DataTools;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Game;

/// <summary>Maps of an entity's phrases give one answer, wherever the phrases stand.</summary>
[TestFixture]
internal sealed class EntityPoolTests
{
    private const string A = WwblProtocol.Prefix + "a", B = WwblProtocol.Prefix + "b", C = WwblProtocol.Prefix + "c";

    private static readonly Box Left = new(0, 0, 16, 32), Right = new(16, 0, 32, 32);

    // Left and right halves of a map of 2 × 2 patches.
    private static readonly StubExplainer Explainer = new((A, [5, 0, 5, 0]), (B, [0, 3, 0, 3]), (C, [0, 1, 0, 1]));

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(8)]
    public void Phrases_are_averaged_also_over_batches(int batch)
    {
        // One entity: the mean of 5 on the left and 3 and 1 on the right points to the left. Another picture in
        // between.
        EvaluationSample[] samples =
        [
            Of("x", "1", "a", Left), Of("x", "1", "b", Left), Of("y", "1", "b", Left), Of("x", "1", "c", Left)
        ];
        var answers = Play(batch, samples);
        Assert.That(answers.Select(a => (a.Index, a.Hit)), Is.EqualTo(new[] { (0, true), (2, false) }));
        Assert.That(answers[0].Map.Values, Is.EqualTo(new[] { 5 / 3f, 4 / 3f, 5 / 3f, 4 / 3f }));
        Assert.That(answers[0].Score, Is.EqualTo(0.5 + A.Length / 100.0).Within(1e-15), "the mean score");
        Assert.That(answers[0].Sample.Views.Images, Is.Empty, "no picture is held");
    }

    [Test]
    public void Without_names_phrases_with_the_same_boxes_are_one_entity()
    {
        EvaluationSample[] samples = [Of("x", null, "a", Left), Of("x", null, "b", Right), Of("x", null, "c", Left)];
        Assert.That(Play(8, samples).Select(a => (a.Index, a.Hit)), Is.EqualTo(new[] { (0, true), (1, true) }));
    }

    [Test]
    public void What_is_left_out_is_counted_and_a_set_of_nothing_else_is_an_error()
    {
        Box small = new(0, 0, 7, 7);
        var tally = new PointingTally();
        PointingEvaluator.Run(Explainer, new StubQuestions(Of("x", "1", "a", Left), Of("x", "2", "b", small)), 2,
            tally: tally, judge: Judge());
        Assert.That((tally.Result.Count, tally.Result.LeftOut, tally.Result.Skipped), Is.EqualTo((1, 1, 0)));
        Assert.That(
            () => PointingEvaluator.Run(Explainer, new StubQuestions(Of("x", "2", "b", small)), 2, judge: Judge()),
            Throws.TypeOf<DataException>().With.Message.Contains("wwbl leaves out all 1"));
    }

    [Test]
    public void Entities_so_far_count_when_an_error_ends_the_game()
    {
        var questions =
            new StubQuestions(Of("x", "1", "a", Left), Of("y", "1", "b", Right)) { Reading = i => Fail(i == 1) };
        var tally = new PointingTally();
        Assert.That(() => PointingEvaluator.Run(Explainer, questions, 1, tally: tally, judge: Judge()),
            Throws.TypeOf<DataException>().With.Message.EqualTo("torn"));
        Assert.That((tally.Count, tally.Result.Accuracy), Is.EqualTo((1, 1.0)));

        static void Fail(bool now)
        {
            if (now)
                throw new DataException("torn");
        }
    }

    private static List<PointingAnswer> Play(int batch, params EvaluationSample[] samples)
    {
        List<PointingAnswer> answers = [];
        PointingEvaluator.Run(
            Explainer, new StubQuestions(samples), batch, tally: new PointingTally(answers.Add), judge: Judge());
        return answers;
    }

    private static AnswerJudge Judge() => new(ProtocolRegistry.Find("wwbl"));

    private static EvaluationSample Of(string image, string? entity, string phrase, Box box) =>
        new(new RgbImage(32, 32), phrase, [box]) { Image = image, Entity = entity };
}
