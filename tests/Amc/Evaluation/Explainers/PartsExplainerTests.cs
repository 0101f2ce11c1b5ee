using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Backends.Cpu;
using AmcEngine.DataTools;
using AmcEngine.Model;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Explainers;

/// <summary>The small model has cross attention in layers 2 and 3.</summary>
[TestFixture]
internal sealed class PartsExplainerTests
{
    private static readonly string[] Phrases = ["redish round", "big"];
    private static readonly RgbImage Picture = new(8, 8, [.. Enumerable.Range(0, 192).Select(i => (byte)(i * 37))]);

    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(1);

    [TearDown]
    public void Stop() => _backend.Dispose();

    [TestCase(GroundingMode.Itm)]
    [TestCase(GroundingMode.Itc)]
    public void Maps_of_the_sentence_and_of_each_layer_are_those_of_single_explanations(GroundingMode mode)
    {
        using var model = SmallModel.Create(_backend, DType.F32);
        var settings = new GroundingSettings(mode);
        var explained = new ExplainedModel(model, Tokenizer(), Resampling.Bilinear, settings);
        var all = model.Grounder(settings).Layers;
        var parts = new PartsExplainer(explained, words: false, layers: null).Explain(Picture, Phrases, null);
        Assert.That(parts, Has.Count.EqualTo(2));
        for (var i = 0; i < Phrases.Length; i++)
        {
            Assert.That(parts[i].Maps.Skip(1).Select(m => (m.Part, m.Number)),
                Is.EqualTo(all.Select(l => (MapPart.Layer, l))));
            foreach (var layer in all)
                AreClose(parts[i], parts[i].Maps.Single(m => m.Part == MapPart.Layer && m.Number == layer), Single(
                    settings with { Layer = layer })[i]);
            AreClose(parts[i], parts[i].Maps[0], Single(settings)[i]);
        }
        Assert.That(parts[0].Maps[1].Map.Values, Is.Not.EqualTo(parts[0].Maps[2].Map.Values));

        IReadOnlyList<MatchExplanation> Single(GroundingSettings by) =>
            new Explainer(model, Tokenizer(), Resampling.Bilinear, by)
                .Explain([.. Phrases.Select(p => new PhraseInPicture(Picture, p))]);

        void AreClose(PhraseMaps phrase, PartMap part, MatchExplanation single)
        {
            Closeness.AreClose(part.Label, [.. part.Map.Values.Select(v => (double)v)],
                [.. single.Map.Values.Select(v => (double)v)], 2e-6);
            Closeness.Near("score", phrase.Score, single.Score, 1e-6);
        }
    }

    /// <summary>
    /// A map of words alone is the mean over the pieces of all words; "redish" has two of them, "round" one.
    /// </summary>
    [Test]
    public void Maps_of_words_make_up_the_map_of_words()
    {
        using var model = SmallModel.Create(_backend, DType.F32);
        var explained = new ExplainedModel(
            model, Tokenizer(), Resampling.Bilinear, new GroundingSettings(Layer: 2, WordsOnly: true));
        var parts = new PartsExplainer(explained, words: true, layers: []).Explain(Picture, Phrases, null);
        Assert.That(parts[0].Maps.Select(m => m.Label), Is.EqualTo(new[] { "redish round", "redish", "round" }));
        Assert.That(parts[1].Maps.Select(m => m.Part), Is.EqualTo(new[] { MapPart.Sentence, MapPart.Word }));
        double[] first = Values(parts[0].Maps[1]), second = Values(parts[0].Maps[2]);
        Assert.That(first.Max(), Is.Positive);
        Closeness.AreClose("first phrase", Values(parts[0].Maps[0]),
            [.. first.Zip(second).Select(v => (2 * v.First + v.Second) / 3)], 1e-6);
        Closeness.AreClose("second phrase", Values(parts[1].Maps[0]), Values(parts[1].Maps[1]), 1e-6);

        static double[] Values(PartMap part) => [.. part.Map.Values.Select(v => (double)v)];
    }

    [Test]
    public void What_a_score_does_not_have_is_refused()
    {
        using var model = SmallModel.Create(_backend, DType.F32);
        ExplainedModel By(GroundingMode mode) =>
            new(model, Tokenizer(), Resampling.Bilinear, new GroundingSettings(mode));
        Assert.That(() => new PartsExplainer(By(GroundingMode.Itm), false, [1]),
            Throws.TypeOf<ConfigException>().With.Message.Contains("--layers 1").And.Message.Contains("2..3"));
        Assert.That(() => new PartsExplainer(By(GroundingMode.Itc), true, []),
            Throws.TypeOf<ConfigException>().With.Message.Contains("--words"));
        Assert.That(() => new PartsExplainer(By(GroundingMode.Itc), false, [9]),
            Throws.TypeOf<ConfigException>().With.Message.Contains("no block"));
    }

    private static WordPieceTokenizer Tokenizer() =>
        WordPieceTokenizer.FromVocab(["[PAD]", "[CLS]", "[MASK]", "[SEP]", "[UNK]", "red", "round", "big", "##ish",
            .. Enumerable.Range(9, 11).Select(i => $"w{i}")]);
}
