using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.DataTools;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Results;

/// <summary>Answers to a handful of questions, whose numbers and parts are known.</summary>
[TestFixture]
internal sealed class EvaluationSummaryTests
{
    // The map is hot in the upper left quarter; the first maximum of the enlarged map lies in it.
    private static readonly float[] UpperLeft = [1, 0, 0, 0];

    private static readonly EvaluationSample[] Samples =
    [
        Sample("x", "cat", new Box(-1, -1, 8, 8)) with { Category = "animal", Split = "testA" },
        Sample("x", "a dog", new Box(8, 8, 16, 16)) with { Category = "animal", Split = "testB" },
        Sample("y", "the red car there", new Box(-1, -1, 15, 12)) with { Split = "testA" },
        Sample("z", "one two three four five six seven eight nine", new Box(10, 10, 12, 12)),
    ];

    [Test]
    public void Parts_have_the_accuracy_worked_out_by_hand()
    {
        var summary = Play(ProtocolRegistry.Default);
        var parts = summary.Breakdown.ToDictionary(
            b => b.By, b => b.Parts.Select(p => (p.Part, p.Estimate.Value, p.Estimate.Count)));
        Assert.Multiple(() =>
        {
            Assert.That(parts["split"], Is.EqualTo(new[] { ("test", 0.0, 1), ("testA", 1.0, 2), ("testB", 0.0, 1) }));
            Assert.That(parts["category"], Is.EqualTo(new[] { ("animal", 0.5, 2) }), "those without one are in none");
            // Of 16 × 16: 4, 64 (twice, a part of one beyond the picture) and 180 pixels.
            Assert.That(
                parts["region_size"], Is.EqualTo(new[] { ("small", 0.0, 1), ("medium", 0.5, 2), ("large", 1.0, 1) }));
            Assert.That(parts["phrase_length"], Is.EqualTo(
                new[] { ("1 word", 1.0, 1), ("2 words", 0.0, 1), ("3-4 words", 1.0, 1), ("9 words or more", 0.0, 1) }));
        });
    }

    [Test]
    public void The_pointing_accuracy_is_first_and_measures_that_are_not_defined_do_not_count()
    {
        var metrics = Play(ProtocolRegistry.Default).Metrics;
        Assert.That(metrics.Select(m => m.Name), Is.EqualTo(
            new[] { "pointing_accuracy", "energy", "iou@0.25", "iou@0.5", "iou@0.75", "auc" }));
        Assert.That(metrics.Select(m => m.Estimate.Count), Is.All.EqualTo(4));
        Assert.That((metrics[0].Estimate.Value, metrics[0].Estimate.Low, metrics[0].Estimate.High),
            Is.EqualTo((0.5, 0.0, 1.0)));
        var flat = Play(ProtocolRegistry.Default, [3, 3, 3, 3]).Metrics;
        Assert.That(flat.Select(m => m.Name), Is.EqualTo(new[] { "pointing_accuracy", "energy", "auc" }),
            "a flat map has no IoU");
    }

    [Test]
    public void Without_answers_there_is_no_number()
    {
        var summary = new EvaluationSummary(new Bootstrap());
        Assert.That(summary.Metrics, Is.Empty);
        Assert.That(summary.Breakdown, Is.Empty);
    }

    [TestCase(0.05, "small")]
    [TestCase(0.051, "medium")]
    [TestCase(0.25, "medium")]
    [TestCase(0.26, "large")]
    public void Sizes_are_shares_of_the_picture(double share, string name) =>
        Assert.That(EvaluationSummary.SizeOf(share), Is.EqualTo(name));

    [TestCase(1, "1 word")]
    [TestCase(3, "3-4 words")]
    [TestCase(5, "5-8 words")]
    [TestCase(8, "5-8 words")]
    [TestCase(9, "9 words or more")]
    public void Lengths_are_words(int words, string name) =>
        Assert.That(EvaluationSummary.LengthOf(words), Is.EqualTo(name));

    [Test]
    public void The_prefix_of_a_protocol_is_no_word_of_the_phrase()
    {
        List<PointingAnswer> answers = [];
        var judge = new AnswerJudge(ProtocolRegistry.Find("wwbl"), MeasureChoice.None);
        PointingEvaluator.Run(
            new StubExplainer((WwblProtocol.Prefix + "a dog", UpperLeft)), new StubQuestions(Samples[1]), 1,
            tally: new PointingTally(answers.Add), judge: judge);
        Assert.That(answers[0].Details!.Words, Is.EqualTo(2));
    }

    [Test]
    public void Boxes_of_a_detector_are_chosen_question_by_question_with_the_stale_one()
    {
        using var folder = new DataTools.TempFolder();
        var path = folder.Write("dets.json", """{"x": [[0, 0, 8, 8], [8, 8, 8, 8]], "y": [[0, 0, 15, 12]]}""");
        // y is chosen; to x no box is hot, so that y's stands; it is right for the last of x.
        EvaluationSample[] samples =
        [
            Samples[2], Sample("x", "cat", new Box(0, 0, 8, 8)), Sample("x", "large", new Box(0, 0, 15, 12)), Samples[3]
        ];
        var explainer = new StubExplainer(
            (Samples[2].Caption, UpperLeft), ("cat", [-1, -2, -2, -2]), ("large", [-1, -2, -2, -2]),
            (Samples[3].Caption, UpperLeft));
        Assert.That(Detected(ProtocolRegistry.Default), Is.EqualTo(new double?[] { 1, 0, 1, null }));
        Assert.That(Detected(ProtocolRegistry.Find("fixed")), Is.EqualTo(new double?[] { 1, 0, 0, null }));

        double?[] Detected(IProtocol protocol)
        {
            List<PointingAnswer> answers = [];
            var judge = new AnswerJudge(protocol, MeasureChoice.None with { Boxes = ProposalFile.Load(path) });
            PointingEvaluator.Run(
                explainer, new StubQuestions(samples), 3, tally: new PointingTally(answers.Add), judge: judge);
            return [.. answers.Select(a => a.Details!.Measures.Where(m => m.Name == "detector_accuracy")
                .Select(m => (double?)m.Value).SingleOrDefault())];
        }
    }

    private static EvaluationSummary Play(IProtocol protocol, float[]? map = null)
    {
        var summary = new EvaluationSummary(new Bootstrap());
        var judge = new AnswerJudge(protocol, new MeasureChoice(MeasureChoice.Parse(MeasureChoice.Default)));
        PointingEvaluator.Run(
            new StubExplainer([.. Samples.Select(s => (s.Caption, map ?? UpperLeft))]), new StubQuestions(Samples), 2,
            tally: new PointingTally(summary.Add), judge: judge);
        return summary;
    }

    private static EvaluationSample Sample(string image, string phrase, Box box) =>
        new(new RgbImage(16, 16), phrase, [box]) { Image = image, File = "/data/test.json" };
}
