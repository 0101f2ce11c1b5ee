using AmcEngine.DataTools;
using AmcEngine.Tests.Recipes;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>Test questions from the files of benchmarks, without an import.</summary>
[TestFixture]
internal sealed class BenchmarkQuestionsTests : FolderTests
{
    private readonly List<string> _said = [];

    [SetUp]
    public void MakeData()
    {
        _said.Clear();
        MiniatureData.Write(_folder);
    }

    [Test]
    public void An_expression_gets_box_split_and_names_from_refers_files()
    {
        var (entries, census) = Expressions("data/refcoco+_test.json");
        Assert.That(entries, Has.Count.EqualTo(10));
        var entry = entries[2];
        Assert.Multiple(() =>
        {
            // Picture 4 with x 5, y 5, width 38, height 38, which read as corners would be another box.
            Assert.That(entry.Regions.Single(), Is.EqualTo(new Box(5, 5, 43, 43)));
            Assert.That((entry.Split, entry.Id, entry.Entity, entry.Category, entry.Captions[0]),
                Is.EqualTo(("testA", "104/2", "904", "thing", MiniatureData.Phrase(4))));
            Assert.That(census.WithoutBox, Is.Zero);
            Assert.That(_said, Is.Empty);
        });
    }

    [Test]
    public void What_an_entry_says_itself_wins_over_refers_files()
    {
        _folder.Write("data/refcoco+_own.json", """
            [{"image": "a.jpg", "text": "red", "ref_id": 100, "bbox": [[1, 2, 3, 4]]},
             {"image": "a.jpg", "text": "blue", "ref_id": 100, "split": "test_10k", "id": "mine"}]
            """);
        var (entries, _) = Expressions("data/refcoco+_own.json");
        Assert.That(entries.Select(e => $"{e.Regions.Single()} {e.Split} {e.Id}"), Is.EqualTo(
            new[] { $"{new Box(1, 2, 3, 4)}  ", $"{new Box(2, 3, 22, 21)} test_10k mine" }));
    }

    [Test]
    public void An_expression_of_no_object_is_bad_and_named()
    {
        var list = string.Join(",", Enumerable.Range(0, 12).Select(i => $$"""{"image": "a.jpg", "text": "x", "ref_id": {{90 + i}}}"""));
        _folder.Write("data/refcoco+_odd.json", $"[{list}]");
        var (entries, census) = Expressions("data/refcoco+_odd.json", maxBadShare: 1);
        Assert.That(entries, Has.Count.EqualTo(2));
        Assert.That((census.BadEntries, census.WithoutBox), Is.EqualTo((10, 0)));
        Assert.That(_said, Has.Some.Contains("refcoco+_odd.json: entry 0: ref_id 90 has no box in"));
        Assert.That(_said, Has.Some.EqualTo("entries that refer to nothing: 10"));
    }

    [Test]
    public void Which_of_several_data_sets_is_meant_is_told_by_the_names_of_the_lists()
    {
        File.Copy(_folder.PathOf("data/refcoco+_test.json"), _folder.PathOf("data/test.json"));
        Refused(() => Expressions("data/test.json"), "refcoco+, refclef", "do not say which");
        Directory.Delete(_folder.PathOf("data/refclef"), recursive: true);
        Assert.That(Expressions("data/test.json").Annotations, Has.Count.EqualTo(10), "there is but one");
        Refused(() => Expressions("data/refclef_val_1k_unique.json"), "refclef/refs(unc).p", "refcoco_data");
        File.Delete(_folder.PathOf("data/refcoco+/instances.json"));
        Refused(() => Expressions("data/test.json"), "refcoco+/instances.json", "not there");
    }

    [Test]
    public void Without_refers_files_the_key_that_names_them_is_asked_for() => Assert.That(
        () => new AnnotationEvaluationSet([_folder.PathOf("data/refcoco+_val.json")], _folder.Path),
        Throws.TypeOf<DataException>().With.Message.Contains("refcoco_data must name"));

    [Test]
    public void Phrases_of_flickr_come_in_the_order_of_the_list_with_all_their_boxes()
    {
        var (entries, census) = Flickr("val");
        Assert.That(entries.Select(e => $"{e.Image} {e.Captions[0]} {e.Regions.Count} {e.Id}"), Is.EqualTo(new[]
        {
            "7002.jpg the blue cup 1 7002/0", "7002.jpg Things 2 7002/2", "7002.jpg the blue cup 1 7002/3",
            "7000.jpg red car on the left 1 7000/0", "7000.jpg Things 2 7000/2",
            "7000.jpg red car on the left 1 7000/3",
        }), "a yard is a scene, which has no box");
        Assert.That((entries[0].Entity, entries[0].Category, entries[0].File, census.Entries),
            Is.EqualTo(("5", "other", _folder.PathOf("info-ground/flickr30k_downloads/val.txt"), 2)));
    }

    [Test]
    public void A_picture_that_a_file_lacks_is_bad_and_too_many_end_the_reading()
    {
        _folder.Write("info-ground/flickr30k_downloads/val.txt", string.Join(' ', Enumerable.Range(6985, 18)));
        Refused(() => Flickr("val"), "15 of 18 entries are bad", "picture 6985 is not in", "bounding_boxes_val.json");
        var (entries, _) = Flickr("val", maxBadShare: 1);
        Assert.That(entries.Select(e => e.Image).Distinct(),
            Is.EqualTo(new[] { "7000.jpg", "7001.jpg", "7002.jpg" }));
        File.Delete(_folder.PathOf("info-ground/flickr30k_proc/sentences_val.json"));
        Refused(() => Flickr("val"), "sentences_val.json", "cannot be read");
    }

    [Test]
    public void A_synonym_takes_the_place_of_its_part_of_the_phrase_that_is_drawn()
    {
        var data = new AnnotationDataset(
            [_folder.PathOf("data/vicuna_coco2014_shortchunk_relation_v3.json")], _folder.Path,
            new AnnotationDatasetOptions { ImageSize = 8, Augmentation = AugmentationOptions.None });
        HashSet<string> seen = [];
        for (var epoch = 0; epoch < 40; epoch++)
        {
            var sample = data.Get(0, 1, epoch);
            seen.Add($"{sample.Caption}: {sample.Paraphrase}");
        }
        Assert.That(seen, Is.EquivalentTo(new[]
        {
            "red car on the left: red car on the thing", "red car on the left: red car on the object",
            "red car on the left here: red car on the thing here",
            "red car on the left here: red car on the object here",
        }));
        Assert.That(data.Get(3, 1, 0).Paraphrase, Is.Null, "an entry without synonyms");
    }

    [Test]
    public void A_relation_that_is_none_is_dropped_and_named()
    {
        var file = _folder.Write("odd.json", """
            [{"image": "a.jpg", "caption": "red car", "relation": {"group": "car", "synonym": "auto"}},
             {"image": "a.jpg", "caption": "red car", "relation": {"group": "...", "synonym": ["auto"]}},
             {"image": "a.jpg", "caption": "red car", "relation": {"group": "Car", "synonym": ["an Auto-mobile!"]}}]
            """);
        var census = new AnnotationCensus();
        var entries = AnnotationFile.Load(file, BoxFormat.Auto, census);
        Assert.That(entries.Select(e => e.Exchange is null), Is.EqualTo(new[] { true, true, false }));
        Assert.That(census.Lines(), Has.Some.Contains("entry 0: relation: must be"));
        Assert.That((census.BadEntries, census.DroppedPhrases), Is.EqualTo((0, 1)));
        Assert.That(entries[2].Exchange!.In("red car", "an Auto-mobile!", 50), Is.EqualTo("red an auto mobile"));
    }

    private (List<RegionAnnotation> Annotations, AnnotationCensus Census) Expressions(
        string list, double maxBadShare = 0.01)
    {
        string[] files = [_folder.PathOf(list)];
        return AnnotationFiles.Load(files, new PictureOptions { MaxBadShare = maxBadShare }, _said.Add,
            (entries, census) => ReferBoxes.Complete(_folder.PathOf("data"), files, entries, census));
    }

    private (List<RegionAnnotation> Annotations, AnnotationCensus Census) Flickr(
        string split, double maxBadShare = 0.01) => FlickrQuestions.Load(
            [_folder.PathOf($"info-ground/flickr30k_downloads/{split}.txt")],
            [_folder.PathOf($"info-ground/flickr30k_proc/bounding_boxes_{split}.json")],
            [_folder.PathOf($"info-ground/flickr30k_proc/sentences_{split}.json")], maxBadShare, _said.Add);

    private static void Refused(Action load, params string[] parts)
    {
        var message = Assert.Throws<DataException>(load)!.Message;
        Assert.That(message, Does.Not.Contain("\n"));
        foreach (var part in parts)
            Assert.That(message, Does.Contain(part));
    }
}
