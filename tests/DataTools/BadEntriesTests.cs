using System.Text;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
internal sealed class BadEntriesTests : FolderTests
{
    private const string Good = """{"image": "a.png", "caption": "red car", "bbox": [[1, 2, 30, 40]]}""";

    // File of tests/Cases/annotations; annotations read, their boxes and phrases; entries lost, boxes and phrases
    // dropped.
    [TestCase("ok.json", 6, 6, 6, 0, 0, 0)]
    [TestCase("bom.json", 6, 6, 6, 0, 0, 0)]
    [TestCase("crlf.json", 6, 6, 6, 0, 0, 0)]
    [TestCase("jsonl.json", 6, 6, 6, 0, 0, 0)]
    [TestCase("trailcomma.json", 6, 6, 6, 0, 0, 0)]
    [TestCase("flatbbox.json", 6, 6, 6, 0, 0, 0)]
    [TestCase("no_bbox.json", 6, 0, 6, 0, 0, 0)]
    [TestCase("norm_all.json", 8, 8, 8, 0, 0, 0)]
    [TestCase("outside.json", 6, 7, 6, 0, 0, 0)]
    [TestCase("three.json", 3, 3, 3, 0, 0, 0)]
    [TestCase("norm01.json", 5, 5, 5, 1, 0, 0)]
    [TestCase("zero.json", 5, 5, 5, 1, 0, 0)]
    [TestCase("zero_beside_good.json", 6, 6, 6, 0, 1, 0)]
    [TestCase("emptycap_in_list.json", 6, 6, 6, 0, 0, 1)]
    public void Files_as_people_have_them_are_read(
        string name, int annotations, int boxes, int phrases, int bad, int droppedBoxes, int droppedPhrases)
    {
        var census = new AnnotationCensus();
        var read = AnnotationFile.Load(Cases.Path("annotations", name), BoxFormat.Auto, census);
        Assert.Multiple(() =>
        {
            Assert.That((read.Count, read.Sum(a => a.Regions.Count), read.Sum(a => a.Captions.Count)),
                Is.EqualTo((annotations, boxes, phrases)));
            Assert.That((census.BadEntries, census.DroppedBoxes, census.DroppedPhrases),
                Is.EqualTo((bad, droppedBoxes, droppedPhrases)));
            Assert.That(census.Entries, Is.EqualTo(annotations + bad));
            Assert.That(read.Any(a => a.IsNormalised), Is.EqualTo(name == "norm_all.json"));
            Assert.That(census.HasBad, Is.EqualTo(bad + droppedBoxes + droppedPhrases > 0));
            if (census.HasBad)
                Assert.That(census.Lines()[0], Does.Contain($"{name}: entry 2: "));
            Assert.That(census.Finish, Throws.Nothing);
        });
    }

    // Each beside a good entry, as what kind it is counted.
    [TestCase("3", AnnotationFault.NotAnObject)]
    [TestCase("null", AnnotationFault.NotAnObject)]
    [TestCase("""{"caption": "a", "bbox": [[0,0,9,9]]}""", AnnotationFault.NoPicture)]
    [TestCase("""{"image": "a\u0000b", "caption": "a", "bbox": [[0,0,9,9]]}""", AnnotationFault.NoPicture)]
    [TestCase("""{"image": "b", "bbox": [[0,0,9,9]]}""", AnnotationFault.BadPhrase)]
    [TestCase("""{"image": "b", "caption": ["", "?!"], "bbox": [[0,0,9,9]]}""", AnnotationFault.BadPhrase)]
    [TestCase("""{"image": "b", "caption": "\ud800", "bbox": [[0,0,9,9]]}""", AnnotationFault.NotUnicode)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": [["0","0","9","9"]]}""", AnnotationFault.BadBox)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": ["0","0","9","9"]}""", AnnotationFault.BadBox)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": [[0,0,1e999,9]]}""", AnnotationFault.BadBox)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": {"x": 1}}""", AnnotationFault.BadBox)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": [0,0,9,9,5]}""", AnnotationFault.BadBox)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": [[9,0,0,9]]}""", AnnotationFault.FlatBox)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": [[-9,0,-2,1]]}""", AnnotationFault.BoxOutside)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": [[0.1,0.1,0.6,0.6]]}""", AnnotationFault.OtherUnit)]
    [TestCase("""{"image": "b", "caption": "a", "bbox": [[0,NaN,9,9]]}""", AnnotationFault.NotJson)]
    [TestCase("""{"image": "b]},", "caption": "\"{", "bbox": [[0,-Infinity,9,9]]}""", AnnotationFault.NotJson)]
    [TestCase("""{"image" "b", "x": [1, {"y": "}"}]}""", AnnotationFault.NotJson)]
    [TestCase("", AnnotationFault.NotJson)]
    public void A_bad_entry_costs_itself_alone(string entry, AnnotationFault fault)
    {
        var path = _folder.Write("a.json", $"[{Good}, {entry}, {Good}, {Good}]");
        var census = new AnnotationCensus();
        Assert.That(
            AnnotationFile.Load(path, BoxFormat.Auto, census).Select(a => a.Number), Is.EqualTo((int[])[0, 2, 3]));
        Assert.That(census.Counts.Keys, Is.EqualTo((AnnotationFault[])[fault]));
        Assert.That((census.Entries, census.BadEntries), Is.EqualTo((4, 1)));
        Assert.That(census.Lines()[0], Does.StartWith($"{path}: entry 1: ").And.Not.Contain("\n"));
    }

    [TestCase("""{"image" "b"}""")]
    [TestCase("hello")]
    [TestCase("""{"image": "b", "capt""")]
    public void A_bad_line_costs_itself_alone(string line)
    {
        var census = new AnnotationCensus();
        var path = _folder.Write("a.jsonl", $"{Good}\n{line}\n{Good}\n\n{line}");
        Assert.That(AnnotationFile.Load(path, BoxFormat.Auto, census).Select(a => a.Number), Is.EqualTo((int[])[0, 2]));
        Assert.That(census.BadEntries, Is.EqualTo(2));
    }

    [Test]
    public void Everything_is_listed_by_kind_and_a_bad_part_of_many_is_cut_short()
    {
        string flat = """{"image": "b", "caption": "a", "bbox": [[5,5,5,9]]}""",
            phrase = """{"image": "b", "caption": ["", "a", 5], "bbox": [[1,1,9,9]]}""";
        var number = "{\"image\": \"b\", \"caption\": \"a\", \"bbox\": [[0,0,1" + new string('0', 200_000) + ",9]]}";
        var path = _folder.Write("a.json",
            "[" + string.Join(",", Enumerable.Repeat(flat, 25).Append(phrase).Append(number).Append(Good)) + "]");
        var census = new AnnotationCensus();
        AnnotationFile.Load(path, BoxFormat.Auto, census);
        var lines = census.Lines();
        Assert.Multiple(() =>
        {
            Assert.That(lines.Count(l => l.Contains("has no area")), Is.EqualTo(20));
            Assert.That(lines, Has.One.EqualTo("boxes without area: 25, of which the first 20 are listed"));
            Assert.That(lines, Has.One.EqualTo("missing, empty or wrong phrases: 2"));
            Assert.That(lines, Has.One.EqualTo("boxes that are not four finite numbers: 1"));
            Assert.That(lines[^1], Is.EqualTo("of 28 entries 26 are bad and left out; "
                + "0 boxes and 2 phrases are dropped beside good ones; 0 entries have no box"));
            Assert.That(lines, Has.All.Length.LessThan(path.Length + 200));
        });
    }

    [TestCase(10, 0, 0.01, false)]
    [TestCase(11, 0, 0.01, true)]
    [TestCase(11, 1089, 0.01, false)]
    [TestCase(11, 1088, 0.01, true)]
    [TestCase(30, 10, 0.75, false)]
    public void Too_many_bad_entries_refuse_the_file(int bad, int good, double share, bool refused)
    {
        var entry = """{"image": "b", "caption": "a", "bbox": [[5,5,5,9]]}""";
        // The last entry is good, so that something is left.
        var path = _folder.Write("a.json", "["
            + string.Join(",", Enumerable.Repeat(entry, bad).Concat(Enumerable.Repeat(Good, Math.Max(good, 1)))) + "]");
        var options = new AnnotationDatasetOptions { Pictures = new PictureOptions { MaxBadShare = share } };
        if (refused)
            Assert.That(() => new AnnotationDataset([path], _folder.Path, options), Throws.TypeOf<DataException>()
                .With.Message.Contains($"{bad} of ").And.Message.Contains("max_bad_share").And.Message
                .Contains("entry 0: bbox[0]"));
        else
            Assert.That(new AnnotationDataset([path], _folder.Path, options).Count, Is.EqualTo(Math.Max(good, 1)));
    }

    [TestCase(BoxFormat.Corners, 10, 10, 40, 50)]
    [TestCase(BoxFormat.Size, 10, 10, 50, 60)]
    public void The_format_of_boxes_can_be_said(BoxFormat format, double x1, double y1, double x2, double y2)
    {
        var path = _folder.Write("a.json", """[{"image": "b", "caption": "a", "bbox": [[10, 10, 40, 50]]}]""");
        Assert.That(AnnotationFile.Load(path, format)[0].Regions, Is.EqualTo((Box[])[new(x1, y1, x2, y2)]));
    }

    [Test]
    public void Units_are_found_for_a_whole_file_or_taken_as_said()
    {
        var unit = _folder.Write(
            "unit.json", """[{"image": "b", "caption": "a", "bbox": [[0, 0, 1, 1], [0.5, 0.25, 1, 0.5]]}]""");
        var pixels = _folder.Write(
            "pixels.json", """[{"image": "b", "caption": "a", "bbox": [[0, 0, 1, 1], [3, 3, 9, 9]]}]""");
        var mostlyUnit = _folder.Write("mostly.json",
            """[{"image": "b", "caption": "a", "bbox": [[0.5, 0.25, 1, 0.5], [0.1, 0.1, 0.2, 0.2], [3, 3, 9, 9]]}]""");
        Assert.Multiple(() =>
        {
            Assert.That(AnnotationFile.Load(unit)[0].RegionsIn(40, 20),
                Is.EqualTo((Box[])[new(0, 0, 40, 20), new(20, 5, 40, 10)]));
            Assert.That(AnnotationFile.Load(unit, BoxFormat.Corners)[0].RegionsIn(40, 20),
                Is.EqualTo((Box[])[new(0, 0, 1, 1), new(0.5, 0.25, 1, 0.5)]));
            Assert.That(AnnotationFile.Load(pixels)[0].RegionsIn(40, 20),
                Is.EqualTo((Box[])[new(0, 0, 1, 1), new(3, 3, 9, 9)]), "the first pixel is a box");
            Assert.That(AnnotationFile.Load(pixels, BoxFormat.Normalised)[0].RegionsIn(40, 20),
                Is.EqualTo((Box[])[new(0, 0, 40, 20)]));
            Assert.That(AnnotationFile.Load(mostlyUnit)[0].RegionsIn(10, 10),
                Is.EqualTo((Box[])[new(5, 2.5, 10, 5), new(1, 1, 2, 2)]));
        });
    }

    [Test]
    public void What_is_taken_as_normalised_is_said()
    {
        List<string> said = [];
        var path = _folder.Write("unit.json", """[{"image": "b", "caption": "a", "bbox": [[0.5, 0.25, 1, 0.5]]}]""");
        _ = new AnnotationDataset([path], _folder.Path, new AnnotationDatasetOptions { Warn = said.Add });
        Assert.That(said, Has.Count.EqualTo(1).And.All.Contains("taken as normalised; box_format: xyxy"));
    }

    [Test]
    public void Utf_16_is_read([Values] bool bigEndian, [Values(10, 20_000)] int length)
    {
        var text =
            $$"""[{{Good}}, {"image": "b", "caption": "ein Hündchen {{new string('ü', length)}}", "bbox": [[1, 1, 9, 9]]}]""";
        var path = _folder.PathOf("a.json");
        File.WriteAllText(path, text, new UnicodeEncoding(bigEndian, byteOrderMark: true));
        Assert.That(AnnotationFile.Load(path)[1].Captions[0], Has.Length.EqualTo("ein Hündchen ".Length + length));
    }

    [Test]
    public void A_bad_entry_is_passed_over_wherever_the_buffer_ends([Range(0, 12)] int shift)
    {
        // The reader's first buffer holds 65536 bytes; the quoted end of the bad entry is moved across it.
        string bad = """{"image" "\"}]", "x": 1}""", start = "[" + Good + ",",
            padding = new(' ', 65536 - start.Length - shift - 8);
        var census = new AnnotationCensus();
        var path = _folder.Write("a.json", $"{start}{padding}{bad},{Good}]");
        Assert.That(AnnotationFile.Load(path, BoxFormat.Auto, census).Select(a => a.Number), Is.EqualTo((int[])[0, 2]));
        Assert.That(census.BadEntries, Is.EqualTo(1));
    }

    [Test]
    public void A_value_that_is_no_annotation_does_not_fill_the_memory()
    {
        using var endless = new EndlessStream();
        Assert.That(() => new JsonListReader(endless, "big.json").Entries().Count(),
            Throws.TypeOf<DataException>().With.Message.Contains("entry 0 is larger than 64 MB"));
        Assert.That(endless.Served, Is.LessThan(200L << 20));
    }

    // One object with a text that does not end.
    private sealed class EndlessStream : MemoryStream
    {
        public long Served { get; private set; }

        public override int Read(byte[] buffer, int offset, int count)
        {
            var target = buffer.AsSpan(offset, count);
            target.Fill((byte)'x');
            if (Served == 0)
                "{\"a\": \""u8.CopyTo(target);
            Served += count;
            return count;
        }
    }
}
