using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools.Imports;

[TestFixture]
internal sealed class FlickrEntitiesTests : ImportTests
{
    // One box with two names, one name with two boxes, a scene without box.
    private const string Xml = """
        <annotation>
          <filename>7.jpg</filename>
          <size><width>60</width><height>50</height><depth>3</depth></size>
          <object><name>1</name><bndbox><xmin>1</xmin><ymin>2</ymin><xmax>10</xmax><ymax>20</ymax></bndbox></object>
          <object><name>1</name><name>2</name><bndbox><xmin>30</xmin><ymin>5</ymin><xmax>60</xmax><ymax>50</ymax></bndbox></object>
          <object><name>3</name><scene>1</scene><nobndbox>1</nobndbox></object>
        </annotation>
        """;

    private const string Sentences = """
        [/EN#1/people Two boys] stand in [/EN#3/scene a yard] with [/EN#2/clothing/other a hat] .
        [/EN#1/people Two boys] see [/EN#0/notvisual it] and [/EN#2/people a man with [/EN#1/people two boys]] [/EN#9/other here] .

        """;

    [Test]
    public void Phrases_with_boxes_are_imported_from_the_original_files()
    {
        Write();
        var summary = Import("flickr30k");
        Assert.That(Entries("test"), Is.EqualTo(new[]
        {
            "7.jpg: Two boys [0,1,9,19] [29,4,59,49]",
            "7.jpg: a hat [29,4,59,49]",
            "7.jpg: Two boys [0,1,9,19] [29,4,59,49]",
            "7.jpg: a man with two boys [29,4,59,49]",
            "7.jpg: two boys [0,1,9,19] [29,4,59,49]",
        }));
        Assert.That(Dropped(summary, "test"), Is.EqualTo(new[] { "no_box 2", "not_visual 1" }));
        var counts = summary.Splits["test"];
        Assert.That((counts.Pictures, counts.Phrases, counts.Regions), Is.EqualTo((1, 5L, 8L)));
        var rich = Rich("test")[1];
        Assert.That(rich.ToJsonString(), Is.EqualTo(
            """{"image":"7.jpg","width":60,"height":50,"caption":"a hat","regions":[{"box":[29,4,59,49]}],"id":"7/0/2","entity":"2","category":"clothing/other","split":"test"}"""));
    }

    [Test]
    public void An_empty_split_is_written_as_an_empty_list()
    {
        Write();
        Original("val.txt", "\n");
        var summary = Import("flickr30k");
        Assert.That(summary.Splits.Keys, Is.EqualTo(new[] { "val", "test" }));
        Assert.That(summary.Splits["val"].Phrases, Is.Zero);
        Assert.That(File.ReadAllText(Path.Combine(Output, "val.json")).Trim(), Is.EqualTo("[]"));
    }

    [Test]
    public void Numbers_that_lead_nowhere_and_numbers_given_twice_are_counted()
    {
        Write();
        Original("test.txt", "7\n8 7\n");
        Assert.That(Dropped(Import("flickr30k"), "test"),
            Is.EqualTo(new[] { "duplicate_id 1", "no_box 2", "not_visual 1", "unknown_picture 1" }));
    }

    [Test]
    public void The_json_of_info_ground_gives_the_same_as_the_original_files()
    {
        Write();
        Import("flickr30k");
        var expected = Entries("test");
        var json = _folder.PathOf("json");
        Directory.CreateDirectory(json);
        File.WriteAllText(Path.Combine(json, "bounding_boxes_test.json"), """
            {"5": {"boxes": {}}, "7": {"boxes": {"1": [[0, 1, 9, 19], [29, 4, 59, 49]], "2": [[29, 4, 59, 49]]}, "scene": ["3"], "nobox": [], "width": 60, "height": 50, "depth": 3}}
            """);
        File.WriteAllText(Path.Combine(json, "sentences_test.json"), """
            {"7": [
              {"sentence": "…", "phrases": [{"first_word_index": 0, "phrase": "Two boys", "phrase_id": "1", "phrase_type": ["people"]},
                {"phrase": "a yard", "phrase_id": "3", "phrase_type": ["scene"]}, {"phrase": "a hat", "phrase_id": "2", "phrase_type": ["clothing", "other"]}]},
              {"sentence": "…", "phrases": [{"phrase": "Two boys", "phrase_id": "1", "phrase_type": ["people"]}, {"phrase": "it", "phrase_id": "0", "phrase_type": ["notvisual"]},
                {"phrase": "a man with two boys", "phrase_id": "2", "phrase_type": ["people"]}, {"phrase": "two boys", "phrase_id": "1", "phrase_type": ["people"]},
                {"phrase": "here", "phrase_id": "9", "phrase_type": ["other"]}]}]}
            """);
        var summary = Import("flickr30k", Request with { InfoGround = json, Overwrite = true });
        Assert.That(Entries("test"), Is.EqualTo(expected));
        Assert.That(Dropped(summary, "test"), Is.EqualTo(new[] { "no_box 2", "not_visual 1" }));
        File.Delete(Path.Combine(json, "sentences_test.json"));
        Directory.Delete(Output, recursive: true);
        Refused("flickr30k", Request with { InfoGround = json }, "sentences_test.json is missing");
    }

    [Test]
    public void Pictures_are_looked_for()
    {
        Write();
        Picture("flickr30k-images/6.jpg");
        Refused("flickr30k", null, "1 of 1 pictures are missing", "flickr30k-images");
        Picture("flickr30k-images/7.jpg", 60, 50);
        Assert.That(Import("flickr30k").ImageRoot, Does.EndWith("flickr30k-images"));
    }

    [Test]
    public void Xml_whose_entities_expand_is_refused()
    {
        Write();
        Original("Annotations/7.xml", "<!DOCTYPE a [<!ENTITY x \"boom\"><!ENTITY y "
            + "\"&x;&x;\">]>\n<annotation><filename>&y;</filename></annotation>");
        Refused("flickr30k", null, "7.xml", "entities", "refused");
    }

    [Test]
    public void Damaged_files_are_named_with_the_line()
    {
        Write();
        for (var length = 0; length < Xml.Length; length += 7)
        {
            Original("Annotations/7.xml", Xml[..length]);
            Refused("flickr30k", null, "7.xml");
        }
        Write();
        Original("Sentences/7.txt", "a\n[/EN#1/people Two boys");
        Refused("flickr30k", null, "7.txt: line 2", "EN#1 has no end");
        Original("Sentences/7.txt", "[/EN#1 Two boys]");
        Refused("flickr30k", null, "7.txt: line 1", "[/EN#1");
    }

    [Test]
    public void Another_layout_is_told_with_what_was_expected()
    {
        Original("Sentences/7.txt", Sentences);
        Refused("flickr30k", null, "Flickr30k Entities is expected as Annotations/*.xml, Sentences/*.txt",
            "Annotations/*.xml is missing");
        Original("Annotations/7.xml", Xml);
        Refused("flickr30k", null, "none of train.txt, val.txt, test.txt");
    }

    private void Write()
    {
        Original("Annotations/7.xml", Xml);
        Original("Sentences/7.txt", Sentences);
        Original("test.txt", "7\n");
    }
}
