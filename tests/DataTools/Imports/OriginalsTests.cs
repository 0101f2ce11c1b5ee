using System.Text;
using System.Text.Json;
using AmcEngine.DataTools;
using AmcEngine.Files.Pickle;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools.Imports;

[TestFixture]
internal sealed class OriginalsTests : FolderTests
{
    [Test]
    public void Elements_are_read_whole_however_they_meet_the_end_of_the_buffer()
    {
        // Elements of many sizes, one larger than the buffer of 256 KB.
        string[] texts = [.. Enumerable.Range(0, 3000).Select(i => new string((char)('a' + (i % 26)), (i * 37) % 501)),
            new('x', 600_000)];
        var path = _folder.Write(
            "list.json", "\uFEFF" + JsonSerializer.Serialize(texts.Select((t, i) => new { i, t })));
        using var scan = new JsonScan(path);
        using var slices = new JsonSlices(path);
        var number = 0;
        foreach (var element in scan.List())
        {
            Assert.That((element.Whole("i"), element.Text("t")), Is.EqualTo(((long?)number, texts[number])));
            using var again = slices.Read(scan.Slice.Offset, scan.Slice.Length);
            Assert.That(again.RootElement.GetRawText(), Is.EqualTo(element.GetRawText()));
            number++;
        }
        Assert.That(number, Is.EqualTo(texts.Length));
    }

    [Test]
    public void Members_and_wanted_lists_are_read_and_others_passed_over()
    {
        var large = string.Join(",", Enumerable.Repeat("[1,{\"b\":[]}]", 50_000));
        var path = _folder.Write("object.json",
            "{\"other\": [" + large + """], "none": 3, "b": [{"id": 1}, {"id": 2}], "a": [], "c": {"a": [9]}}""");
        using (var scan = new JsonScan(path))
            Assert.That(scan.Lists(["a", "b"]).Select(l => $"{l.List}{l.Element.Whole("id")}"),
                Is.EqualTo(new[] { "b1", "b2" }));
        using (var scan = new JsonScan(path))
            Assert.That(scan.Members().Select(m => m.Name), Is.EqualTo(new[] { "other", "none", "b", "a", "c" }));
        using (var scan = new JsonScan(path))
            Assert.Throws<DataException>(() => scan.Lists(["a", "z"]).Count());
    }

    [Test]
    public void A_file_that_is_cut_off_at_any_byte_is_an_error()
    {
        const string List = """[{"a": "b\u00e9", "c": [1, -2.5e3, null]}, true, {"d": {}}]""";
        const string Lists =
            """{"x": {"y": [1]}, "images": [{"id": 1}], "z": "w", "annotations": [{"id": 2, "b": [1.5]}]}""";
        for (var length = 0; length < List.Length; length++)
            AssertCut(List[..length], s => s.List().Count());
        for (var length = 0; length < Lists.Length; length++)
        {
            AssertCut(Lists[..length], s => s.Lists(["images", "annotations"]).Count());
            AssertCut(Lists[..length], s => s.Members().Count());
        }

        void AssertCut(string text, Func<JsonScan, int> read)
        {
            var path = _folder.Write("cut.json", text);
            using var scan = new JsonScan(path);
            var error = Assert.Throws<DataException>(() => read(scan), text)!;
            Assert.That(error.Message, Does.StartWith(path).And.Not.Contain("\n"));
        }
    }

    [TestCase("[1,]")]
    [TestCase("[1 2]")]
    [TestCase("[1] 2")]
    [TestCase("[NaN]")]
    [TestCase("{}")]
    [TestCase("")]
    public void What_is_no_list_is_an_error(string text)
    {
        using var scan = new JsonScan(_folder.Write("list.json", text));
        Assert.Throws<DataException>(() => scan.List().Count());
    }

    [Test]
    public void Text_that_is_not_unicode_is_no_text()
    {
        using var document = JsonDocument.Parse("""{"a": "\ud800", "b": "x", "c": 5.0, "d": "12", "e": 5.5}""");
        var element = document.RootElement;
        Assert.That((element.Text("a"), element.Text("b"), element.Whole("c"), element.Whole("d"), element.Whole("e")),
            Is.EqualTo(((string?)null, "x", 5L, 12L, (long?)null)));
    }

    [Test]
    public void Ids_are_known_again_wherever_they_lie()
    {
        long[] ids = [0, 1, 63, 64, 511, 512, 5_000_000, -1, long.MaxValue, long.MinValue, 513, 2];
        IdSet set = new();
        foreach (var id in ids)
            Assert.That(set.Add(id), Is.True, $"{id}");
        foreach (var id in ids)
            Assert.That(set.Add(id), Is.False, $"{id}");
        Assert.That(set.Add(3), Is.True);
    }

    [TestCase("A [/EN#1/people man] .", "1:man")]
    [TestCase("[/EN#1/people a man with [/EN#22/clothing/other a red hat]] here",
        "1:a man with a red hat|22:a red hat")]
    [TestCase("[/EN#1/people [/EN#2/people two] men] ]", "1:two men|2:two")]
    [TestCase("no marks [ at all ]", "")]
    [TestCase("", "")]
    public void Phrases_of_marked_sentences(string sentence, string expected) =>
        Assert.That(string.Join('|', FlickrSentence.Phrases(sentence).Select(p => $"{p.Entity}:{p.Text}")),
            Is.EqualTo(expected));

    [Test]
    public void Texts_of_protocol_0_are_read_with_their_escapes()
    {
        Assert.That(Read("S'it\\'s \\xc3\\xa9 \\\\ \\n\\t'\n."), Is.EqualTo("it's é \\ \n\t"));
        Assert.That(Read("S\"x'y\"\n."), Is.EqualTo("x'y"));
        Assert.That(Read("V\\u2602 \xe9\\U0001f600\\x\n."), Is.EqualTo("☂ é😀\\x"));
        foreach (var broken in new[] { "S'x\n.", "Sx\n.", "S'\\'\n.", "S'\\q'\n.", "S'\\xg0'\n." })
            Assert.Throws<DataException>(() => Read(broken), broken);

        object? Read(string latin)
        {
            MemoryRange bytes = new(Encoding.Latin1.GetBytes(latin));
            return PlainPickle.Read(new PickleInput("x.p", bytes, new PickleLimits(1000, 1000),
                (problem, remedy) => new DataException($"{problem}; {remedy}")));
        }
    }

    private sealed class MemoryRange(byte[] bytes) : IByteRange
    {
        public long Length => bytes.Length;

        public void Read(long offset, Span<byte> destination) =>
            bytes.AsSpan((int)offset, destination.Length).CopyTo(destination);
    }
}
