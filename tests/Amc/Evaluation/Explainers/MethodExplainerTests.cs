using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Explanation.Methods;
using AmcEngine.Backends.Cpu;
using AmcEngine.DataTools;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Tokenization;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Explainers;

[TestFixture]
internal sealed class MethodExplainerTests
{
    private CpuBackend _backend = null!;
    private AlbefModel _model = null!;

    [SetUp]
    public void Start()
    {
        _backend = new CpuBackend(1);
        _model = SmallModel.Create(_backend);
    }

    [TearDown]
    public void Stop()
    {
        _model.Dispose();
        _backend.Dispose();
    }

    [Test]
    public void A_patch_gets_the_mean_of_its_pixels()
    {
        double[] pixels = [1, 3, 10, 30, 5, 7, 50, 70, 0, 0, 2, 2, 0, 4, 2, 2];
        Assert.That(MethodExplainer.PatchMeans(pixels, 4, 2), Is.EqualTo(new double[] { 4, 40, 1, 2 }));
    }

    /// <summary>Every masked picture is made and scored by itself here; the explainer does it in batches.</summary>
    [Test]
    public void RISE_scores_the_masked_picture_with_the_phrase()
    {
        var rise = new Rise(new RiseOptions(Masks: 5, Cells: 3, Batch: 2));
        var explained = Explained();
        PhraseInPicture question = new(Noise(), "red round big");
        var answer = ExplainerChoice.Create(explained, rise).Explain([new(Noise(), "big"), question])[1];
        var expected = MethodExplainer.PatchMeans(rise.Explain(Scores, 8), 8, 2);
        Closeness.AreClose("map", Array.ConvertAll(answer.Map.Values, v => (double)v), expected, 1e-6);
        Closeness.Near("score", answer.Score, Scores([.. Enumerable.Repeat(1f, 64)])[0], 1e-12);

        IReadOnlyList<double> Scores(ReadOnlySpan<float> masks)
        {
            var picture = new float[192];
            ImageOps.Normalize(question.Input, ImageOps.DefaultMean, ImageOps.DefaultStd, picture);
            List<double> scores = [];
            for (var first = 0; first < masks.Length; first += 64)
            {
                using var scope = MemoryScope.Begin();
                var masked = new double[192];
                for (var i = 0; i < 192; i++)
                    masked[i] = (double)picture[i] * masks[first + i % 64];
                var grounder = _model.Grounder(new GroundingSettings());
                var text = grounder.EncodeTexts(explained.Tokenizer.EncodeBatch([question.Phrase], 10));
                scores.Add(grounder.Ground(grounder.EncodeImages(Tensor.From(masked, [1, 3, 8, 8], _backend)),
                    text).Confidence!.ToDoubles()[0]);
            }
            return scores;
        }
    }

    /// <summary>Three questions, one at a time; the wish to stop comes with the third of the second method.</summary>
    [Test]
    public void A_comparison_that_is_stopped_knows_the_answers_of_the_method_under_way()
    {
        using var stop = new CancellationTokenSource();
        var read = 0;
        var sample = new EvaluationSample(Noise(), "big", [new Box(0, 0, 4, 4)]);
        var questions = new StubQuestions(sample, sample, sample)
        {
            Reading = _ =>
            {
                if (++read == 6)
                    stop.Cancel();
            },
        };
        using var model = SmallModel.Create(_backend, DType.F32);
        var comparison = new MethodComparison(Explained() with { Model = model }, new RiseOptions(Masks: 2));
        List<MethodResult> done = [];
        Assert.That(Play, Throws.InstanceOf<OperationCanceledException>());
        Assert.That(done.Select(r => (r.Method.Name, r.Result.Count)), Is.EqualTo(new[] { ("gradcam", 3) }));
        var unfinished = comparison.Unfinished!;
        Assert.That((unfinished.Method.Name, unfinished.Result.Count), Is.EqualTo(("gradcam++", 2)));

        void Play()
        {
            foreach (var result in comparison.Run(questions, batchSize: 1, kept: 3, stop: stop.Token))
                done.Add(result);
        }
    }

    [Test]
    public void A_method_answers_for_each_of_a_batch_as_for_it_alone(
        [Values("relevance", "rollout", "attention", "gradcam++")] string name)
    {
        var explainer = ExplainerChoice.Create(Explained(), ExplainerChoice.Find(name, new RiseOptions()));
        PhraseInPicture[] batch = [new(Noise(1), "red"), new(Noise(2), "red round big")];
        var together = explainer.Explain(batch);
        for (var i = 0; i < 2; i++)
        {
            Assert.That(together[i].Map.Values, Is.EqualTo(explainer.Explain([batch[i]])[0].Map.Values));
            Assert.That(together[i].Map.Side, Is.EqualTo(2));
            Assert.That(together[i].Map.IsFlat, Is.False);
        }
        Assert.That(together[0].Map.Values, Is.Not.EqualTo(together[1].Map.Values));
    }

    [Test]
    public void GradCAM_keeps_to_the_device_and_what_does_not_apply_is_refused()
    {
        Assert.That(ExplainerChoice.Create(Explained(), ExplainerChoice.Default), Is.TypeOf<Explainer>());
        Assert.That(() => ExplainerChoice.Create(Explained(), new GradEclip()), Throws.TypeOf<ConfigException>()
            .With.Message.Contains("grad-eclip").And.Message.EndsWith(
                "use one of gradcam, gradcam++, attention, rollout, relevance, rise"));
        var contrast = Explained() with { Settings = new GroundingSettings(GroundingMode.Itc) };
        Assert.That(ExplainerChoice.Create(contrast, new GradEclip()), Is.TypeOf<MethodExplainer>());
        Assert.That(ExplainerChoice.Applicable(GroundingMode.Itc, new RiseOptions()).Select(m => m.Name),
            Is.EqualTo(ExplanationMethods.All.Select(m => m.Name)));
        Assert.That(ExplainerChoice.Applicable(GroundingMode.Itm, new RiseOptions(Masks: 7)).Select(m => m.Description),
            Does.Contain("rise of 7 masks").And.Not.Contain("grad-eclip"));
    }

    private ExplainedModel Explained() => new(_model, WordPieceTokenizer.FromVocab(
        ["[PAD]", "[CLS]", "[MASK]", "[UNK]", "[SEP]", "red", "round", "big", "a", "b", "c", "d", "e", "f", "g", "h",
            "i", "j", "k", "l"]), Resampling.Bilinear);

    private static RgbImage Noise(int seed = 0)
    {
        var image = new RgbImage(8, 8);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }
}
