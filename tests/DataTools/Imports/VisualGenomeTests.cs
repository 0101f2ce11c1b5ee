using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools.Imports;

[TestFixture]
internal sealed class VisualGenomeTests : ImportTests
{
    private const string Pictures = """
        [{"width": 100, "url": "https://cs.example/VG_100K/1.jpg", "height": 50, "image_id": 1, "coco_id": null},
         {"width": 40, "url": "https://cs.example/VG_100K_2/2.jpg", "height": 40, "image_id": 2, "coco_id": 9}]
        """;

    private const string Descriptions = """
        [{"regions": [
            {"region_id": 11, "image_id": 1, "phrase": "a red car", "x": 10, "y": 5, "width": 20, "height": 10},
            {"region_id": 12, "image_id": 1, "phrase": "beyond the edge", "x": -4, "y": 40, "width": 200, "height": 30},
            {"region_id": 13, "image_id": 1, "phrase": "outside", "x": 100, "y": 0, "width": 5, "height": 5},
            {"region_id": 14, "image_id": 1, "phrase": "flat", "x": 1, "y": 1, "width": 0, "height": 5},
            {"region_id": 15, "image_id": 1, "phrase": " . ", "x": 1, "y": 1, "width": 5, "height": 5},
            {"region_id": 11, "image_id": 1, "phrase": "again", "x": 1, "y": 1, "width": 5, "height": 5},
            {"region_id": 16, "image_id": 1, "phrase": null, "x": 1, "y": 1, "width": 5, "height": 5}], "id": 1},
         {"regions": [
            {"region_id": 21, "image_id": 2, "phrase": "a red car", "x": 0, "y": 0, "width": 40, "height": 40},
            {"region_id": 22, "image_id": 7, "phrase": "nowhere", "x": 0, "y": 0, "width": 4, "height": 4}], "id": 2}]
        """;

    private const string Attributes = """
        [{"image_id": 1, "attributes": [
            {"object_id": 1, "names": ["car"], "attributes": ["red", "parked", "red"], "x": 10, "y": 5, "w": 20, "h": 10, "synsets": []},
            {"object_id": 2, "names": ["car"], "attributes": ["red"], "x": 50, "y": 5, "w": 100, "h": 10, "synsets": []},
            {"object_id": 3, "names": ["sky"], "x": 0, "y": 0, "w": 9, "h": 9, "synsets": []}]}]
        """;

    [Test]
    public void Descriptions_and_attributes_are_imported_with_clamped_boxes()
    {
        Write();
        var summary = Import("vg");
        Assert.That(Entries("train"), Is.EqualTo(new[]
        {
            "VG_100K/1.jpg: a red car [10,5,30,15]",
            "VG_100K/1.jpg: beyond the edge [0,40,100,50]",
            "VG_100K_2/2.jpg: a red car [0,0,40,40]",
            "VG_100K/1.jpg: red car [10,5,30,15] [50,5,100,15]",
            "VG_100K/1.jpg: parked car [10,5,30,15]",
        }));
        var counts = summary.Splits["train"];
        Assert.That((counts.Pictures, counts.Phrases, counts.Regions), Is.EqualTo((2, 5L, 6L)));
        Assert.That(Dropped(summary, "train"), Is.EqualTo(new[]
        {
            "box_outside 1", "box_without_area 1", "duplicate_id 1", "empty_phrase 1", "malformed 1",
            "unknown_picture 1",
        }));
        Assert.That(counts.MeanWords, Is.EqualTo((3 + 3 + 3 + 2 + 2) / 5.0));
        Assert.That(counts.MeanWidth, Is.EqualTo((20 + 100 + 40 + 20 + 50 + 20) / 6.0));
        Assert.That(summary.ImageRoot, Is.Null);
        Assert.That(_said, Has.Some.Contain("no pictures were found"));
    }

    [Test]
    public void The_richer_file_has_sizes_and_ids()
    {
        Write();
        Import("vg");
        var rich = Rich("train");
        Assert.That(rich[0].ToJsonString(), Is.EqualTo(
            """{"image":"VG_100K/1.jpg","width":100,"height":50,"caption":"a red car","regions":[{"box":[10,5,30,15]}],"id":"11","split":"train"}"""));
        Assert.That((string)rich[3]["category"]!, Is.EqualTo("car"));
    }

    [Test]
    public void Without_attributes_the_descriptions_alone_are_imported()
    {
        Original("image_data.json", Pictures);
        Original("region_descriptions.json", Descriptions);
        Assert.That(Import("vg").Splits["train"].Phrases, Is.EqualTo(3));
        Assert.That(_said, Has.Some.Contain("attributes.json"));
    }

    [Test]
    public void A_picture_is_found_in_either_archive()
    {
        Write();
        Picture("VG_100K_2/1.jpg", 100, 50);
        Picture("VG_100K_2/2.jpg", 40, 40);
        var summary = Import("vg");
        Assert.That(Entries("train")[0], Does.StartWith("VG_100K_2/1.jpg"));
        Assert.That(summary.ImageRoot, Is.EqualTo(Root));
    }

    [Test]
    public void Missing_pictures_are_listed_and_refused_unless_they_are_allowed()
    {
        Write();
        Picture("VG_100K/1.jpg", 100, 50);
        Refused("vg", null, "1 of 2 pictures are missing", "--allow-missing");
        Assert.That(File.ReadAllText(Path.Combine(Output, "missing.txt")), Is.EqualTo("VG_100K_2/2.jpg\n"));
        Assert.That(_said, Has.Some.Contain("picture missing: VG_100K_2/2.jpg"));
        var summary = Import("vg", Request with { AllowMissing = true });
        Assert.That(summary.Splits["train"].Phrases, Is.EqualTo(4));
        Assert.That(summary.Splits["train"].Dropped["missing_picture"], Is.EqualTo(1));
    }

    [Test]
    public void A_file_that_is_cut_off_is_one_line_and_leaves_nothing()
    {
        Write();
        foreach (var name in new[] { "image_data.json", "region_descriptions.json", "attributes.json" })
        {
            var path = Path.Combine(Root, name);
            var whole = File.ReadAllBytes(path);
            for (var length = 0; length < whole.Length; length += 23)
            {
                File.WriteAllBytes(path, whole[..length]);
                Refused("vg", null, name);
            }
            File.WriteAllBytes(path, whole);
        }
    }

    [Test]
    public void Another_layout_is_told_with_what_was_expected()
    {
        Original("image_data.json", Pictures);
        Refused("vg", null, Root, "Visual Genome is expected as image_data.json, region_descriptions.json",
            "region_descriptions.json is missing");
        Refused("vg", Request with { Images = Path.Combine(Root, "nowhere") }, "--images");
        Directory.Delete(Root, recursive: true);
        Refused("vg", null, "there is no such folder");
    }

    [Test]
    public void Nothing_that_can_be_imported_is_an_error()
    {
        Original("image_data.json", "[]");
        Original("region_descriptions.json", Descriptions);
        Refused("vg", null, "no phrase of Visual Genome can be imported", "unknown_picture 7");
    }

    private void Write()
    {
        Original("image_data.json", Pictures);
        Original("region_descriptions.json", Descriptions);
        Original("attributes.json", Attributes);
    }
}
