using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
internal sealed class AnnotationFileTests : FolderTests
{
    private const string Good = """{"image": "a.png", "caption": "red car", "bbox": [[1, 2, 3, 4]]}""";

    [Test]
    public void Reads_single_and_several_phrases_and_ignores_other_fields()
    {
        var path = _folder.Write("a.json", """
            [{"image":"VG_100K/12.jpg","caption":"red car","bbox":[[34,50.5,210,190],[-3,4e1,360,90]],"id":{"x":[1]}},
             {"bbox":[[0,0,1,1]],"caption":["a","\u00e9t\u00e9"],"image":"b.jpg"}]
            """);
        var read = AnnotationFile.Load(path);
        Assert.Multiple(() =>
        {
            Assert.That(read, Has.Count.EqualTo(2));
            Assert.That(read[0].Image, Is.EqualTo("VG_100K/12.jpg"));
            Assert.That(read[0].Captions, Is.EqualTo((string[])["red car"]));
            Assert.That(read[0].Regions, Is.EqualTo((Box[])[new(34, 50.5, 210, 190), new(-3, 40, 360, 90)]));
            Assert.That(read[1].Captions, Is.EqualTo((string[])["a", "été"]));
        });
    }

    [Test]
    public void What_is_saved_reads_back()
    {
        RegionAnnotation[] written =
        [
            new("a \"b\".png", ["the <person>'s car", "é"], [new Box(0.1, 0, 5, 6.25)]),
            new("b.png", ["x"], [new Box(1, 2, 3, 4), new Box(5, 6, 7, 8)]) { Paraphrases = ["y", "z \"é\""] },
        ];
        var path = _folder.PathOf("a.json");
        AnnotationFile.Save(path, written);
        var read = AnnotationFile.Load(path);
        for (var i = 0; i < written.Length; i++)
        {
            Assert.That(read[i].Image, Is.EqualTo(written[i].Image));
            Assert.That(read[i].Captions, Is.EqualTo(written[i].Captions));
            Assert.That(read[i].Regions, Is.EqualTo(written[i].Regions));
            Assert.That(read[i].Paraphrases, Is.EqualTo(written[i].Paraphrases));
        }
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(1), "no temporary file is left");
    }

    [TestCase("", "")]
    [TestCase(""", "paraphrases": null""", "")]
    [TestCase(""", "paraphrases": []""", "")]
    [TestCase(""", "paraphrases": "crimson auto" """, "crimson auto")]
    [TestCase(""", "paraphrases": ["crimson auto", "scarlet car"]""", "crimson auto|scarlet car")]
    public void Paraphrases_may_be_there(string field, string expected)
    {
        var census = new AnnotationCensus();
        var path = _folder.Write("a.json", "[" + Good[..^1] + field + "}]");
        var read = AnnotationFile.Load(path, BoxFormat.Auto, census).Single();
        Assert.That(string.Join('|', read.Paraphrases), Is.EqualTo(expected));
        Assert.That(census.HasBad, Is.False);
    }

    [TestCase("[3, \"...\", \"crimson auto\"]", 2, "crimson auto")]
    [TestCase("7", 1, "")]
    public void Bad_paraphrases_are_dropped_and_counted_as_phrases(string value, int bad, string expected)
    {
        var census = new AnnotationCensus();
        var path = _folder.Write("a.json", "[" + Good[..^1] + $", \"paraphrases\": {value}}}]");
        var read = AnnotationFile.Load(path, BoxFormat.Auto, census).Single();
        Assert.That(string.Join('|', read.Paraphrases), Is.EqualTo(expected));
        Assert.That((census.DroppedPhrases, census.BadEntries, census.Counts[AnnotationFault.BadPhrase]),
            Is.EqualTo((bad, 0, bad)));
        Assert.That(census.Lines()[0], Does.Contain("paraphrases: "));
    }

    [Test]
    public void Files_larger_than_the_buffer_are_streamed()
    {
        RegionAnnotation[] written = [.. Enumerable.Range(0, 5_000).Select(i =>
            new RegionAnnotation($"{i}.png", [$"phrase {i} " + new string('x', i % 97)], [new Box(i, 0, i + 1, 1)]))];
        var path = _folder.PathOf("a.json");
        AnnotationFile.Save(
            path, [.. written, new RegionAnnotation("long.png", [new string('y', 200_000)], [new Box(0, 0, 1, 1)])]);
        var read = AnnotationFile.Load(path);
        Assert.That(read, Has.Count.EqualTo(5_001));
        Assert.That(read.Take(5_000).Select(a => a.Captions[0]), Is.EqualTo(written.Select(a => a.Captions[0])));
    }

    [Test]
    public void A_byte_order_mark_is_skipped() =>
        Assert.That(AnnotationFile.Load(_folder.Write("a.json", "\uFEFF[" + Good + "]")), Has.Count.EqualTo(1));

    [TestCase("", "must hold a JSON list")]
    [TestCase("{}", "must hold a JSON list")]
    [TestCase("[]", "the list of annotations is empty")]
    [TestCase("[GOOD", "the file ends inside the list")]
    [TestCase("[GOOD,", "the file ends inside the list")]
    [TestCase("{\"annotations\": [], \"images\": []}", "must hold a JSON list")]
    [TestCase("[BAD\"", "entry 0: not valid JSON near")]
    [TestCase("[GOOD, {\"image\": \"b", "the file ends inside the list")]
    [TestCase("[GOOD] x", "text after the list")]
    [TestCase("[GOOD GOOD]", "expected , or ] after entry 0")]
    [TestCase("[{\"image\" \"b\"}]", "entry 0: not valid JSON near")]
    [TestCase("[3]", "entry 0: is a number, not an object")]
    [TestCase("[{\"caption\": \"a\", \"bbox\": [[0,0,1,1]]}]", "entry 0: image: the field is missing")]
    [TestCase("[{\"image\": \" \", \"caption\": \"a\", \"bbox\": [[0,0,1,1]]}]", "entry 0: image:")]
    [TestCase("[{\"image\": \"b\", \"bbox\": [[0,0,1,1]]}]", "entry 0: caption: the field is missing")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"\", \"bbox\": [[0,0,1,1]]}]",
        "entry 0: caption: the phrase is empty")]
    [TestCase("[{\"image\": \"b\", \"caption\": [\"\", \"?!\"], \"bbox\": [[0,0,1,1]]}]",
        "entry 0: caption: the phrase is empty")]
    [TestCase("[{\"image\": \"b\", \"caption\": [], \"bbox\": [[0,0,1,1]]}]", "entry 0: caption: the list is empty")]
    [TestCase("[{\"image\": \"b\", \"caption\": 5, \"bbox\": [[0,0,1,1]]}]", "entry 0: caption: must be a phrase")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"a\", \"bbox\": true}]", "entry 0: bbox: must be a list")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"a\", \"bbox\": [0,0,1]}]", "entry 0: bbox: must be four numbers")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"a\", \"bbox\": [[0,0,1]]}]",
        "entry 0: bbox[0]: must be four numbers")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"a\", \"bbox\": [[0,0,\"1\",1]]}]",
        "entry 0: bbox[0]: must be four finite numbers")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"a\", \"bbox\": [[0,0,1e999,1]]}]",
        "entry 0: bbox[0]: must be four finite numbers")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"a\", \"bbox\": [[0,NaN,1,1]]}]",
        "entry 0: bbox: NaN and Infinity are not numbers")]
    [TestCase("[{\"bbox\": [[0,0,1, -Infinity]], \"image\": \"b\"}]",
        "entry 0: bbox: NaN and Infinity are not numbers")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"\\ud800\", \"bbox\": [[0,0,1,1]]}]",
        "entry 0: holds text that is not valid Unicode")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"a\", \"bbox\": [[5,5,5,9]]}]",
        "entry 0: bbox[0]: [5, 5, 5, 9] has no area")]
    [TestCase("[{\"image\": \"b\", \"caption\": \"a\", \"bbox\": [[-9,0,-2,1]]}]",
        "entry 0: bbox[0]: [-9, 0, -2, 1] lies outside")]
    public void Bad_files_are_named_with_entry_and_field(string json, string message)
    {
        var path = _folder.Write("bad.json", json.Replace("BAD", "{\"image\" 3", StringComparison.Ordinal).Replace(
            "GOOD", Good, StringComparison.Ordinal));
        var e = Assert.Throws<DataException>(() => AnnotationFile.Load(path))!;
        Assert.That(e.Message, Does.StartWith(path).And.Contain(message).And.Not.Contain("\n"));
    }

    [Test]
    public void Nan_is_recognised_wherever_the_buffer_ends([Range(0, 6)] int shift)
    {
        // The reader's first buffer holds 65536 bytes; the word is moved across its end.
        string start = "[{\"image\": \"b\", \"bbox\": [[", padding = new(' ', 65536 - start.Length - shift);
        var path = _folder.Write("bad.json", start + padding + "NaN, 0, 1, 1]]}]");
        Assert.That(() => AnnotationFile.Load(path), Throws.TypeOf<DataException>().With.Message.Contains(
            "entry 0: bbox: NaN and Infinity"));
    }

    [Test]
    public void A_missing_file_is_named() =>
        Assert.That(() => AnnotationFile.Load(_folder.PathOf("none.json")),
            Throws.TypeOf<DataException>().With.Message.Contains("none.json: annotation file not found"));

    [Test]
    public void A_folder_cannot_be_read() =>
        Assert.That(() => AnnotationFile.Load(_folder.Path),
            Throws.TypeOf<DataException>().With.Message.Contains("cannot be read"));
}
