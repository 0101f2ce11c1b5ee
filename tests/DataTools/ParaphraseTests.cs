using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>Paraphrases of generated scenes and of annotated samples.</summary>
[TestFixture]
public class ParaphraseTests
{
    private static readonly string[] Colors = ["red", "green", "blue", "yellow", "purple", "cyan", "orange", "white"];
    private static readonly string[] Shapes = ["circle", "square", "triangle", "star", "cross", "diamond", "ring"];

    [Test]
    public void Every_word_of_a_shape_is_said_otherwise_and_means_one_thing()
    {
        Dictionary<string, HashSet<string>> ways = [];
        var scenes = new ShapeScenes(32);
        for (var i = 0; i < 2_000; i++)
        {
            var scene = scenes.Render(5, SceneSplit.Train, i);
            string[] said = scene.Phrase.Split(' '), other = scene.Paraphrase.Split(' ');
            Assert.That(
                other, Has.None.AnyOf([.. Colors, .. Shapes, "small", "large", "above", "below", "top", "bottom"]),
                scene.Paraphrase);
            // "red circle" is two words in any words, but for the sign of a plus.
            if (said.Length != 2 || other.Length != 2)
                continue;
            for (var w = 0; w < 2; w++)
                (ways.TryGetValue(said[w], out var known) ? known : ways[said[w]] = []).Add(other[w]);
        }
        Assert.That(ways.Keys, Is.EquivalentTo(Colors.Concat(Shapes)));
        Assert.That(
            ways.Where(w => w.Key != "cross").Select(w => w.Value.Count), Is.All.EqualTo(2), "both ways are drawn");
        Assert.That(ways.Values.SelectMany(w => w), Is.Unique);
    }

    [Test]
    public void A_phrase_keeps_its_sense()
    {
        HashSet<string> Of(string phrase) =>
            [.. Enumerable.Range(0, 200).Select(i => ScenePhrasebook.Paraphrase(phrase, 1, 2, SceneSplit.Train, i))];
        Assert.Multiple(() =>
        {
            Assert.That(Of("small red circle"), Does.Contain("little crimson disc").And.Count.EqualTo(8));
            Assert.That(Of("the star left of the ring"),
                Does.Contain("the pentagram to the left of the hoop").And.Contain("the pentacle left from the loop"));
            Assert.That(Of("the left star"), Is.EquivalentTo((string[])["the leftmost pentagram",
                "the left-hand pentagram", "the leftmost pentacle", "the left-hand pentacle"]));
            Assert.That(Of("a cyan t-shirt"), Is.EquivalentTo(
                (string[])["a teal tee", "a teal jersey", "a turquoise tee", "a turquoise jersey"]));
        });
    }

    [Test]
    public void Paraphrases_are_drawn_by_a_stream_of_their_own()
    {
        string Of(ulong kind, ulong seed, SceneSplit split, long number) =>
            ScenePhrasebook.Paraphrase("small red circle above the large blue square", kind, seed, split, number);
        string[] draws = [.. Enumerable.Range(0, 50).Select(i => Of(1, 2, SceneSplit.Train, i))];
        Assert.That(Enumerable.Range(0, 50).Select(i => Of(1, 2, SceneSplit.Train, i)), Is.EqualTo(draws));
        Func<int, string>[] others =
        [
            i => Of(2, 2, SceneSplit.Train, i), i => Of(1, 3, SceneSplit.Train, i), i => Of(1, 2, SceneSplit.Test, i)
        ];
        foreach (var other in others)
            Assert.That(Enumerable.Range(0, 50).Select(other), Is.Not.EqualTo(draws));
    }

    [TestCase(SceneKinds.Shapes)]
    [TestCase(SceneKinds.Fashion)]
    public void The_vocabulary_has_every_word_once(string kind)
    {
        IReadOnlyList<string> words = SceneVocabulary.Words(kind), more = SceneVocabulary.ParaphraseWords(kind);
        Assert.That(words.Concat(more), Is.Unique);
        var phrases = kind == SceneKinds.Shapes
            ? Enumerable.Range(0, 500).Select(i => new ShapeScenes(32).Describe(1, SceneSplit.Train, i).Phrase)
            : FashionMnist.ClassNames.SelectMany(name => Colors.Take(6).Select(color => $"a {color} {name}"));
        HashSet<string> used = [.. phrases.SelectMany((phrase, i) => Enumerable.Range(0, 20).SelectMany(draw =>
            CaptionCleaner.Clean(ScenePhrasebook.Paraphrase(phrase, 1, (ulong)draw, SceneSplit.Train, i), 50)
                .Split(' ')))];
        Assert.That(used, Is.SubsetOf(words.Concat(more)));
        Assert.That(more, Is.SubsetOf(used), "no word is there in vain");
    }

    [Test]
    public void A_sample_carries_a_paraphrase_and_nothing_else_of_it_changes()
    {
        using var folder = new TempFolder();
        new RgbImage(8, 8).SavePng(folder.PathOf("a.png"));
        var plain = new RegionAnnotation("a.png", ["one", "two", "three"], [new Box(0, 0, 4, 4), new Box(2, 2, 8, 8)]);
        AnnotationDataset Of(RegionAnnotation annotation)
        {
            AnnotationFile.Save(folder.PathOf("a.json"), [annotation]);
            return new AnnotationDataset(
                [folder.PathOf("a.json")], folder.Path, new AnnotationDatasetOptions { ImageSize = 8 });
        }
        AnnotationDataset without = Of(plain), with = Of(plain with { Paraphrases = ["A four!", "five"] });
        HashSet<string?> drawn = [];
        for (var epoch = 0; epoch < 32; epoch++)
        {
            RegionSample a = without.Get(0, 9, epoch), b = with.Get(0, 9, epoch);
            Assert.That((b.Caption, b.Mask, b.Picture.Pixels), Is.EqualTo((a.Caption, a.Mask, a.Picture.Pixels)));
            Assert.That(a.Paraphrase, Is.Null);
            drawn.Add(b.Paraphrase);
        }
        Assert.That(drawn, Is.EquivalentTo((string[])["a four", "five"]));
    }
}
