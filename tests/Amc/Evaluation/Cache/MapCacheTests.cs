using AmcEngine.Amc.Evaluation.Cache;
using AmcEngine.Amc.Evaluation.Explainers;
using AmcEngine.Amc.Maps;
using AmcEngine.Backends.Cpu;
using AmcEngine.DataTools;
using AmcEngine.Model.Albef;
using AmcEngine.Model.Tokenization;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Model;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Cache;

[TestFixture]
internal sealed class MapCacheTests : FolderTests
{
    private static readonly CachedMap Known = new(new PatchMap(2, [1, -2.5f, 3e-30f, 4]), 0.1234567890123);

    [Test]
    public void A_map_comes_back_as_it_was()
    {
        var cache = new MapCache(_folder.Path);
        var key = MapCache.Key("a", "b");
        Assert.That(cache.Find(key), Is.Null);
        cache.Add(key, Known);
        var found = new MapCache(_folder.Path).Find(key)!;
        Assert.That((found.Map.Side, found.Score), Is.EqualTo((2, Known.Score)));
        Assert.That(found.Map.Values, Is.EqualTo(Known.Map.Values));
        Assert.That(Directory.GetFiles(_folder.Path, "*.tmp", SearchOption.AllDirectories), Is.Empty);
    }

    [Test]
    public void Parts_of_a_key_do_not_run_together() =>
        Assert.That(new[] { MapCache.Key("ab", "c"), MapCache.Key("a", "bc"), MapCache.Key("abc"),
            MapCache.Key("abc", "") }.Distinct().Count(), Is.EqualTo(4));

    [Test]
    public void A_file_cut_anywhere_or_with_a_changed_byte_is_none()
    {
        var cache = new MapCache(_folder.Path);
        var key = MapCache.Key("x");
        cache.Add(key, Known);
        var whole = File.ReadAllBytes(cache.PathOf(key));
        for (var length = 0; length < whole.Length; length++)
        {
            File.WriteAllBytes(cache.PathOf(key), whole[..length]);
            Assert.That(cache.Find(key), Is.Null, $"cut to {length}");
        }
        for (var i = 0; i < whole.Length; i++)
        {
            byte[] changed = [.. whole];
            changed[i] ^= 1;
            File.WriteAllBytes(cache.PathOf(key), changed);
            Assert.That(cache.Find(key), Is.Null, $"byte {i}");
        }
        cache.Add(key, Known);
        Assert.That(cache.Find(key), Is.Not.Null);
    }

    [Test]
    public void Only_maps_that_are_not_there_are_asked_for()
    {
        using var backend = new CpuBackend(1);
        using var model = SmallModel.Create(backend);
        var stub = new StubExplainer(("red", [1, 2, 3, 4]), ("round", [4, 3, 2, 1]), ("big", [9, 9, 1, 9]));
        PhraseInPicture[] two = [new(Noise(1), "red"), new(Noise(1), "round")];
        var first = Cached("origin").Explain(two);
        Assert.That(stub.Batches, Has.Count.EqualTo(1));

        var again = Cached("origin").Explain(two);
        Assert.That(stub.Batches, Has.Count.EqualTo(1), "no map is asked for again");
        Assert.That(again.Select(a => a.Map.Values), Is.EqualTo(first.Select(a => a.Map.Values)));
        Assert.That(again.Select(a => a.Score), Is.EqualTo(first.Select(a => a.Score)));

        Cached("origin").Explain([two[0], new(Noise(1), "big"), two[1]]);
        Assert.That(stub.Batches[^1], Is.EqualTo(new[] { "big" }));
        Cached("origin").Explain([new(Noise(2), "red")]);
        Assert.That(stub.Batches[^1], Is.EqualTo(new[] { "red" }), "another picture");
        Cached("other weights").Explain([two[1]]);
        Assert.That(stub.Batches[^1], Is.EqualTo(new[] { "round" }), "other weights");

        var file = Directory.GetFiles(_folder.Path, "*.map", SearchOption.AllDirectories)[0];
        File.WriteAllBytes(file, File.ReadAllBytes(file)[..^1]);
        Cached("origin").Explain([.. two, new(Noise(1), "big"), new(Noise(2), "red")]);
        Cached("other weights").Explain([two[1]]);
        Assert.That(stub.Batches.Skip(4).SelectMany(b => b).Count(), Is.EqualTo(1), "the one that was cut");
        Assert.That(Directory.GetFiles(_folder.Path, "*.map", SearchOption.AllDirectories)
            .Select(f => new FileInfo(f).Length).Distinct().Count(), Is.EqualTo(1), "it is whole again");

        CachedExplainer Cached(string origin) =>
            new(stub, new MapCache(_folder.Path), Explained(model), origin, Assert.Fail);
    }

    /// <summary>
    /// A file holds the map alone; that it covers the square in the middle is known of the explainer.
    /// </summary>
    [Test]
    public void A_map_of_the_square_in_the_middle_is_one_from_the_cache_too()
    {
        using var backend = new CpuBackend(1);
        using var model = SmallModel.Create(backend);
        var stub = new StubExplainer(("red", [1, 2, 3, 4])) { Input = PictureTarget.Centre(4) };
        var explainer = new CachedExplainer(stub, new MapCache(_folder.Path), Explained(model), "crop", Assert.Fail);
        explainer.Explain([new(Noise(1), "red")]);
        Assert.That(explainer.Explain([new(Noise(1), "red")])[0].Map.Crop, Is.EqualTo(new CentreCrop(4)));
        Assert.That(stub.Batches, Has.Count.EqualTo(1));
    }

    [Test]
    public void A_folder_that_cannot_be_written_costs_a_warning_and_no_answer()
    {
        using var backend = new CpuBackend(1);
        using var model = SmallModel.Create(backend);
        // A file stands where the folder would be.
        var file = _folder.Write("taken", "");
        List<string> warnings = [];
        var explainer = new CachedExplainer(new StubExplainer(("red", [1, 2, 3, 4]), ("big", [1, 2, 3, 4])),
            new MapCache(file), Explained(model), "o", warnings.Add);
        var answers = explainer.Explain([new(Noise(1), "red"), new(Noise(1), "big")]);
        Assert.That(answers.Select(a => a.Map.Values), Is.All.EqualTo(new float[] { 1, 2, 3, 4 }));
        Assert.That(warnings, Has.Count.EqualTo(1).And.Exactly(1).Contains("--cache"));
    }

    private static ExplainedModel Explained(AlbefModel model) => new(model, WordPieceTokenizer.FromVocab(
        ["[PAD]", "[CLS]", "[MASK]", "[UNK]", "[SEP]", "red", "round", "big"]), Resampling.Bilinear);

    private static RgbImage Noise(int seed)
    {
        var image = new RgbImage(4, 4);
        new Random(seed).NextBytes(image.Pixels);
        return image;
    }
}
