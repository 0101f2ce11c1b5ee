using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools.Imports;

[TestFixture]
internal sealed class CocoTests : ImportTests
{
    private const string Instances = """
        {"licenses": [], "images": [{"id": 2, "file_name": "000002.jpg", "width": 20, "height": 10}, {"id": 1, "file_name": "000001.jpg", "width": 20, "height": 10}],
         "annotations": [
            {"id": 1, "image_id": 1, "category_id": 7, "bbox": [0, 0, 4, 4], "iscrowd": 0, "segmentation": [[0, 0, 4, 0, 4, 4]]},
            {"id": 2, "image_id": 2, "category_id": 7, "bbox": [1, 1, 2, 2], "iscrowd": 0, "segmentation": [[1, 1, 3, 1, 3, 3]]},
            {"id": 3, "image_id": 1, "category_id": 8, "bbox": [5, 0, 2, 10], "iscrowd": 0},
            {"id": 4, "image_id": 1, "category_id": 7, "bbox": [10, 0, 10, 10], "iscrowd": 1, "segmentation": {"size": [10, 20], "counts": [100, 100]}},
            {"id": 4, "image_id": 1, "category_id": 7, "bbox": [0, 0, 1, 1]},
            {"id": 5, "image_id": 3, "category_id": 7, "bbox": [0, 0, 1, 1]},
            {"id": 6, "image_id": 1, "category_id": 9, "bbox": [0, 0, 1, 1]},
            {"id": 7, "image_id": 1, "category_id": 7, "bbox": [0, 0, 0, 1]},
            {"id": 8, "image_id": 1, "category_id": 7},
            {"id": 9, "image_id": 2, "category_id": 8, "bbox": [0, 0, 9, 9], "segmentation": {"size": [10, 20], "counts": [100, 99]}}],
         "categories": [{"id": 7, "name": "traffic light"}, {"id": 8, "name": "dog"}]}
        """;

    private const string Captions = """
        {"annotations": [{"id": 10, "image_id": 1, "caption": "A dog."}, {"id": 11, "image_id": 2, "caption": "Night"}, {"id": 12, "image_id": 1, "caption": "Two lights"}],
         "images": [{"id": 2, "file_name": "000002.jpg", "width": 20, "height": 10}, {"id": 1, "file_name": "000001.jpg", "width": 20, "height": 10}]}
        """;

    [Test]
    public void A_category_of_a_picture_is_a_phrase_with_all_its_objects()
    {
        Write();
        var summary = Import("coco");
        Assert.That(summary.Splits.Keys, Is.EqualTo(new[] { "val2017", "val2017_captions" }));
        Assert.That(Entries("val2017"), Is.EqualTo(new[]
        {
            "val2017/000002.jpg: traffic light [1,1,3,3]",
            "val2017/000002.jpg: dog [0,0,9,9]",
            "val2017/000001.jpg: traffic light [0,0,4,4] [10,0,20,10]",
            "val2017/000001.jpg: dog [5,0,7,10]",
        }));
        Assert.That(Dropped(summary, "val2017"), Is.EqualTo(new[]
        {
            "bad_shape 1", "box_without_area 1", "duplicate_id 1", "malformed 1", "unknown_category 1",
            "unknown_picture 1",
        }));
        var regions = AnnotationFile.Load(Path.Combine(Output, "val2017.regions.json"), BoxFormat.Corners)[2].Regions;
        Assert.That(regions.Select(r => r.Area), Is.EqualTo(new[] { 8.0, 100 }));
        Assert.That((string)Rich("val2017")[2]["id"]!, Is.EqualTo("1/7"));
    }

    [Test]
    public void Captions_are_entries_without_region()
    {
        Write();
        var summary = Import("coco");
        Assert.That(Entries("val2017_captions"), Is.EqualTo(
            new[] { "val2017/000002.jpg: Night", "val2017/000001.jpg: A dog.|Two lights" }));
        var counts = summary.Splits["val2017_captions"];
        Assert.That((counts.Pictures, counts.Phrases, counts.Regions), Is.EqualTo((2, 3L, 0L)));
    }

    [Test]
    public void Pictures_of_the_usual_folder_are_looked_for()
    {
        Write();
        Picture("images/val2017/000001.jpg", 20, 10);
        Refused("coco", null, "1 of 2 pictures are missing");
        var summary = Import("coco", Request with { AllowMissing = true });
        Assert.That(Entries("val2017_captions"), Is.EqualTo(new[] { "val2017/000001.jpg: A dog.|Two lights" }));
        Assert.That(summary.Splits["val2017"].Dropped["missing_picture"], Is.EqualTo(2));
    }

    [Test]
    public void A_file_without_its_lists_is_told()
    {
        Original("annotations/instances_val2017.json", """{"images": []}""");
        Refused("coco", null, "instances_val2017.json", "\"annotations\" is missing");
        Original("annotations/instances_val2017.json", "[]");
        Refused("coco", null, "must hold a JSON object");
        File.Delete(Path.Combine(Root, "annotations/instances_val2017.json"));
        Refused("coco", null, "COCO is expected as annotations/instances_*.json");
    }

    private void Write()
    {
        Original("annotations/instances_val2017.json", Instances);
        Original("annotations/captions_val2017.json", Captions);
    }
}
