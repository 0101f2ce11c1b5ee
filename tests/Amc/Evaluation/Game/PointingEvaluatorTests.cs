using System.Text.Json.Nodes;
using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Game;

[TestFixture]
internal sealed class PointingEvaluatorTests
{
    // A map of 4×4 patches with one that is high: its middle is where the point is, within a pixel or two.
    private static readonly float[] TopRight = High(3, 0), BottomLeft = High(0, 3), Flat = new float[16];

    /// <summary>
    /// Three pictures that are not square. Wide: 80×20, the point at the top right, in the second of two boxes. Tall:
    /// 20×80, the point at the bottom left, beside the box. Wide again, with a box that the point is in. Boxes reach
    /// beyond the edges, on which a point would be a miss.
    /// </summary>
    private static readonly EvaluationSample[] Samples =
    [
        Sample("wide", 80, 20, new Box(0, 0, 4, 4), new Box(60, -1, 80, 10)),
        Sample("tall", 20, 80, new Box(10, 0, 19, 19)),
        Sample("last", 60, 30, new Box(-1, 20, 20, 31)),
    ];

    [TestCase(1, 3)]
    [TestCase(2, 2)]
    [TestCase(3, 1)]
    [TestCase(8, 1)]
    public void Three_pictures_that_are_not_square_have_the_known_accuracy(int batch, int batches)
    {
        var explainer = new StubExplainer(("wide", TopRight), ("tall", BottomLeft), ("last", BottomLeft));
        List<PointingAnswer> answers = [];
        List<int> progress = [];
        var result = PointingEvaluator.Run(
            explainer, new StubQuestions(Samples), batch, progress.Add, tally: new PointingTally(answers.Add));
        Assert.Multiple(() =>
        {
            Assert.That(result.Accuracy, Is.EqualTo(2 / 3.0));
            Assert.That(result.Count, Is.EqualTo(3));
            Assert.That((result.Flat, result.Skipped), Is.EqualTo((0, 0)));
            // Strictly inside: 3·3 + 19·10 of 1600, 8·18 of 1600, 20·9 of 1800.
            Assert.That(result.RandomAccuracy,
                Is.EqualTo(((9 + 19 * 10) / 1600.0 + 8 * 18 / 1600.0 + 20 * 9 / 1800.0) / 3).Within(1e-15));
            Assert.That(answers.Select(a => a.Index), Is.EqualTo(new[] { 0, 1, 2 }));
            Assert.That(answers.Select(a => a.Hit), Is.EqualTo(new[] { true, false, true }));
            // The cubic rises until a third of a patch beyond the middle of the outermost one.
            Assert.That(answers.Select(a => a.Point), Is.EqualTo(new (int, int)?[] { (76, 0), (0, 76), (2, 28) }));
            Assert.That(answers.Select(a => a.Score), Is.All.EqualTo(0.54));
            Assert.That(explainer.Batches, Has.Count.EqualTo(batches));
            Assert.That(explainer.Batches.SelectMany(b => b), Is.EqualTo(new[] { "wide", "tall", "last" }));
            Assert.That(progress[^1], Is.EqualTo(3));
        });
    }

    [Test]
    public void A_flat_map_is_no_hit_and_is_counted()
    {
        // A box that reaches beyond the picture holds the first pixel, which a flat map would point at.
        var everywhere = Sample("flat", 30, 20, new Box(-1, -1, 30, 20));
        var result = PointingEvaluator.Run(
            new StubExplainer(("flat", Flat), ("wide", TopRight)), new StubQuestions(everywhere, Samples[0]), 8,
            tally: new PointingTally(a => Assert.That(a.IsFlat, Is.EqualTo(a.Index == 0))));
        Assert.That((result.Accuracy, result.Count, result.Flat), Is.EqualTo((0.5, 2, 1)));
    }

    [Test]
    public void A_question_that_cannot_be_asked_does_not_count()
    {
        var questions = new StubQuestions(Samples)
        {
            Reading = i => Throw(i == 1 ? new UnusableSampleException("no picture") : null)
        };
        var result = PointingEvaluator.Run(new StubExplainer(("wide", TopRight), ("last", BottomLeft)), questions, 2);
        Assert.That((result.Accuracy, result.Count, result.Skipped), Is.EqualTo((1.0, 2, 1)));
        Assert.That(result.RandomAccuracy, Is.EqualTo(((9 + 19 * 10) / 1600.0 + 20 * 9 / 1800.0) / 2).Within(1e-15));
        var none = new StubQuestions(Samples) { Reading = _ => throw new UnusableSampleException("no picture") };
        Assert.That(() => PointingEvaluator.Run(new StubExplainer(), none, 2),
            Throws.TypeOf<DataException>().With.Message.Contains("none of the 3").And.Message.Contains("no picture"));
    }

    [Test]
    public void What_was_asked_before_an_error_is_answered()
    {
        var questions = new StubQuestions(Samples) { Reading = i => Throw(i == 2 ? new DataException("torn") : null) };
        var tally = new PointingTally();
        var explainer = new StubExplainer(("wide", TopRight), ("tall", BottomLeft), ("last", BottomLeft));
        Assert.That(() => PointingEvaluator.Run(explainer, questions, 8, tally: tally),
            Throws.TypeOf<DataException>().With.Message.EqualTo("torn"));
        Assert.That((tally.Count, tally.Result.Accuracy), Is.EqualTo((2, 0.5)));
    }

    [Test]
    public void A_map_that_is_not_finite_ends_it_after_those_before()
    {
        float[] broken = [.. TopRight];
        broken[5] = float.NaN;
        var tally = new PointingTally();
        var explainer = new StubExplainer(("wide", TopRight), ("tall", broken), ("last", BottomLeft));
        Assert.That(() => PointingEvaluator.Run(explainer, new StubQuestions(Samples), 8, tally: tally),
            Throws.TypeOf<ModelException>().With.Message.Contains("tall"));
        Assert.That(tally.Count, Is.EqualTo(1));
    }

    [Test]
    public void A_wish_to_stop_is_heard_between_batches_and_while_reading()
    {
        using var stop = new CancellationTokenSource();
        var tally = new PointingTally();
        var questions = new StubQuestions(Samples) { Reading = i => { if (i == 1) stop.Cancel(); } };
        var explainer = new StubExplainer(("wide", TopRight), ("tall", BottomLeft), ("last", BottomLeft));
        Assert.That(() => PointingEvaluator.Run(explainer, questions, 1, stop: stop.Token, tally: tally),
            Throws.InstanceOf<OperationCanceledException>());
        Assert.That((tally.Count, explainer.Batches.Count), Is.EqualTo((1, 1)));
    }

    [Test]
    public void Each_answer_is_a_line()
    {
        var file = new AnswerFile();
        PointingEvaluator.Run(new StubExplainer(("wide", TopRight), ("flat", Flat)), new StubQuestions(
            Samples[0], Sample("flat", 30, 20, new Box(0.5, 1, 3, 4))), 8, tally: new PointingTally(file.Add));
        JsonNode[] lines = [.. System.Text.Encoding.UTF8.GetString(file.ToBytes()).TrimEnd('\n').Split('\n')
            .Select(l => JsonNode.Parse(l)!)];
        Assert.Multiple(() =>
        {
            Assert.That(lines, Has.Length.EqualTo(2));
            Assert.That(lines[0]["phrase"]!.GetValue<string>(), Is.EqualTo("wide"));
            Assert.That(lines[0]["image"]!.GetValue<string>(), Is.EqualTo("wide.png"));
            Assert.That(lines[0]["boxes"]!.ToJsonString(), Is.EqualTo("[[0,0,4,4],[60,-1,80,10]]"));
            Assert.That(lines[0]["point"]!.AsArray(), Has.Count.EqualTo(2));
            Assert.That((bool)lines[0]["hit"]!);
            Assert.That((bool)lines[0]["flat"]!, Is.False);
            Assert.That((double)lines[0]["score"]!, Is.EqualTo(0.54));
            Assert.That(lines[1]["boxes"]!.ToJsonString(), Is.EqualTo("[[0.5,1,3,4]]"));
            Assert.That(lines[1]["point"], Is.Null);
            Assert.That((bool)lines[1]["hit"]!, Is.False);
            Assert.That((bool)lines[1]["flat"]!);
        });
    }

    [Test]
    public void Questions_about_one_picture_share_it()
    {
        RgbImage Picture(byte value) => new(4, 4, [.. Enumerable.Repeat(value, 48)]);
        EvaluationSample Of(string image, byte value, string phrase) =>
            new(image, PictureViews.Of(Picture(value), [PictureTarget.Whole]), phrase, [new Box(0, 0, 3, 3)]);
        var stub = new StubExplainer(("a", TopRight), ("b", BottomLeft), ("c", TopRight), ("d", TopRight));
        PointingEvaluator.Run(
            stub, new StubQuestions(Of("x", 1, "a"), Of("x", 1, "b"), Of("y", 1, "c"), Of("x", 2, "d")), 4);
        // Another file, and the same name with other pixels, are pictures of their own.
        Assert.That(stub.Pictures, Is.EqualTo(new[] { 3 }));
    }

    private static float[] High(int x, int y)
    {
        var map = new float[16];
        map[4 * y + x] = 1;
        return map;
    }

    private static EvaluationSample Sample(string phrase, int width, int height, params Box[] boxes) =>
        new($"{phrase}.png", PictureViews.Of(new RgbImage(width, height), [PictureTarget.Whole]), phrase, boxes);

    private static void Throw(Exception? e)
    {
        if (e is not null)
            throw e;
    }
}
