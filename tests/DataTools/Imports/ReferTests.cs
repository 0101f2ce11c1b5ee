using System.Text;
using AmcEngine.DataTools;
using NUnit.Framework;
using static AmcEngine.Tests.DataTools.Imports.PythonPickle;

namespace AmcEngine.Tests.DataTools.Imports;

[TestFixture]
internal sealed class ReferTests : ImportTests
{
    private const string Instances = """
        {"info": {"nested": [[1, 2], {"a": []}]},
         "images": [{"id": 5, "file_name": "COCO_train2014_000000000005.jpg", "width": 40, "height": 30},
                    {"id": 6, "file_name": "COCO_train2014_000000000006.jpg", "width": 40, "height": 30},
                    {"id": 6, "file_name": "again.jpg", "width": 1, "height": 1}],
         "annotations": [
            {"id": 90, "image_id": 5, "category_id": 1, "bbox": [10.5, 2, 8.25, 20], "iscrowd": 0, "area": 7, "segmentation": [[10, 2, 18, 2, 18, 22]]},
            {"id": 91, "image_id": 6, "category_id": 1, "bbox": [0, 0, 4, 4], "iscrowd": 0, "segmentation": [[0, 0, 4, 0, 4, 4, 0, 4], [10, 10, 20, 10, 15, 20]]},
            {"id": 92, "image_id": 6, "category_id": 2, "bbox": [1, 1, 0, 4], "iscrowd": 0, "segmentation": [[0, 0, 4, 0]]},
            {"id": 93, "image_id": 6, "category_id": 2, "bbox": [0, 0, 20, 20], "iscrowd": 1, "segmentation": {"size": [30, 40], "counts": [0, 600, 600]}},
            {"id": 94, "image_id": 6, "category_id": 2, "bbox": [0, 0, 20, 20], "iscrowd": 0, "segmentation": [[0, 0, 20, 20, 20, 0, 0, 20]]},
            {"id": 99, "image_id": 5, "category_id": 2, "bbox": [0, 0, 1, 1], "segmentation": []}],
         "categories": [{"id": 1, "name": "person"}, {"id": 2, "name": "dog"}]}
        """;

    private static object[] Expressions =>
    [
        Expression(1, 90, 5, "val", "man in red", "guy"),
        Expression(2, 91, 6, "testA", "it's a café"),
        Expression(3, 92, 6, "testA", "flat"),
        Expression(4, 77, 6, "testA", "no annotation", "none"),
        Expression(5, 90, 8, "testA", "no picture"),
        Expression(1, 90, 5, "val", "again"),
        Expression(6, 93, 6, "testB", "crowd"),
        Expression(7, 94, 6, "testB", "bow tie", " ! "),
        new Dictionary<string, object> { ["ref_id"] = 8 },
    ];

    [Test]
    public void Each_expression_is_an_entry_with_corners([Values(0, 1, 2)] int protocol)
    {
        Write(protocol);
        var summary = Import("refcoco+");
        Assert.That(summary.Splits.Keys, Is.EqualTo(new[] { "val", "testA", "testB" }));
        Assert.That(Entries("val"), Is.EqualTo(new[]
        {
            "train2014/COCO_train2014_000000000005.jpg: man in red [10.5,2,18.75,22]",
            "train2014/COCO_train2014_000000000005.jpg: guy [10.5,2,18.75,22]",
        }));
        Assert.That(
            Entries("testA"), Is.EqualTo(new[] { "train2014/COCO_train2014_000000000006.jpg: it's a café [0,0,4,4]" }));
        Assert.That(Dropped(summary, "val"), Is.EqualTo(new[] { "duplicate_id 2", "malformed 1" }));
        Assert.That(Dropped(summary, "testA"), Is.EqualTo(new[]
        {
            "bad_shape 1", "box_without_area 1", "duplicate_id 1", "malformed 1", "unknown_annotation 2",
            "unknown_picture 1",
        }));
        Assert.That(Dropped(summary, "testB"), Is.EqualTo(new[] { "duplicate_id 1", "empty_phrase 1", "malformed 1" }));
    }

    [Test]
    public void Outlines_are_in_the_richer_file()
    {
        Write(2);
        Import("refcoco+");
        Assert.That(Rich("val")[1].ToJsonString(), Is.EqualTo(
            """{"image":"train2014/COCO_train2014_000000000005.jpg","width":40,"height":30,"caption":"guy","regions":[{"polygon":[[10,2],[18,2],[18,22]]}],"id":"1/101","entity":"90","category":"person","split":"val"}"""));
        Assert.That(Rich("testA")[0]["regions"]!.ToJsonString(), Is.EqualTo(
            """[{"union":[{"polygon":[[0,0],[4,0],[4,4],[0,4]]},{"polygon":[[10,10],[20,10],[15,20]]}]}]"""));
        Assert.That(Rich("testB")[0]["regions"]![0]!["rle"]!["size"]!.ToJsonString(), Is.EqualTo("[30,40]"));
    }

    [Test]
    public void An_outline_that_crosses_itself_becomes_the_mask_of_its_inside()
    {
        Write(2);
        Import("refcoco+");
        var region = AnnotationFile.Load(Path.Combine(Output, "testB.regions.json"), BoxFormat.Corners)[1].Regions[0];
        // Two triangles of 20 by 10 pixels between the diagonals of a square of 20, by the centres of pixels.
        Assert.That(region, Is.TypeOf<RunLength>());
        Assert.That(region.Area, Is.EqualTo(200).Within(20));
        Assert.That((region.Contains(2, 10, Edges.Inclusive), region.Contains(10, 2, Edges.Inclusive)),
            Is.EqualTo((true, false)));
    }

    [Test]
    public void The_data_sets_own_folder_serves_as_root_too()
    {
        Write(2);
        Assert.That(Import("refcoco+", Request with { Root = Path.Combine(Root, "refcoco+") }).Splits["val"].Phrases,
            Is.EqualTo(2));
    }

    [Test]
    public void Pictures_are_found_where_refer_puts_them()
    {
        Write(2);
        Picture("images/mscoco/images/train2014/COCO_train2014_000000000005.jpg", 40, 30);
        Refused("refcoco+", null, "1 of 2 pictures are missing");
        Picture("images/mscoco/images/train2014/COCO_train2014_000000000006.jpg", 40, 30);
        Assert.That(Import("refcoco+").ImageRoot, Is.EqualTo(Path.Combine(Root, "images/mscoco/images")));
        // A folder that holds the pictures directly.
        var direct = Path.Combine(Root, "images/mscoco/images/train2014");
        Import("refcoco+", Request with { Images = direct, Overwrite = true });
        Assert.That(Entries("testA")[0], Does.StartWith("COCO_train2014_000000000006.jpg"));
    }

    [Test]
    public void A_pickle_that_names_code_is_refused()
    {
        Write(2);
        Pickle([.. "cos\nsystem\n(S'touch /tmp/x'\ntR."u8]);
        Refused("refcoco+", null, "refs(unc).p", "names code ('os.system')", "runs no code");
        Pickle([0x80, 2, (byte)'}', (byte)'.']);
        Refused("refcoco+", null, "refs(unc).p", "no list of expressions");
    }

    [Test]
    public void A_pickle_that_is_cut_off_at_any_byte_is_one_line([Values(0, 2)] int protocol)
    {
        Write(protocol);
        var whole = PythonPickle.Of(Expressions, protocol);
        for (var length = 0; length < whole.Length; length++)
        {
            Pickle(whole[..length]);
            var error =
                Assert.Throws<DataException>(() => ReferPickle.Load(Path.Combine(Root, "refcoco+", "refs(unc).p")))!;
            Assert.That(error.Message, Does.Contain("refs(unc).p").And.Not.Contain("\n"));
        }
    }

    [Test]
    public void Instances_that_are_cut_off_are_one_line()
    {
        Write(2);
        for (var length = 0; length < Instances.Length; length += 41)
        {
            Original("refcoco+/instances.json", Instances[..length]);
            Refused("refcoco+", null, "instances.json");
        }
    }

    [Test]
    public void Another_layout_or_division_is_told_with_what_was_expected()
    {
        Original("refcoco+/instances.json", Instances);
        Refused("refcoco+", null, "RefCOCO+ is expected as refcoco+/refs(unc).p, refcoco+/instances.json",
            "refcoco+/refs(unc).p is missing");
        Refused("refcoco+", Request with { SplitBy = "google" }, "--split-by google", "unc");
    }

    [Test]
    public void RefClef_keeps_its_splits_and_its_pictures_folders()
    {
        Original("refclef/instances.json", """
            {"images": [{"id": 1, "file_name": "2500.jpg", "width": 10, "height": 10}], "categories": [],
             "annotations": [{"id": 3, "image_id": 1, "category_id": 0, "bbox": [1, 2, 3, 4], "segmentation": [{"size": [10, 10], "counts": [11, 4, 85]}]}]}
            """);
        Original("refclef/refs(berkeley).p", "");
        File.WriteAllBytes(Path.Combine(Root, "refclef/refs(berkeley).p"),
            PythonPickle.Of(new object[] { Expression(1, 3, 1, "test", "sky") }, 2));
        Picture("images/saiapr_tc-12/02/images/2500.jpg", 10, 10);
        var summary = Import("refclef", Request with { SplitBy = "berkeley" });
        Assert.That(Entries("test"), Is.EqualTo(new[] { "02/images/2500.jpg: sky [1,2,4,6]" }));
        Assert.That((string)Rich("test")[0]["split"]!, Is.EqualTo("test"));
        Assert.That(summary.Splits["test"].Dropped, Is.Empty);
    }

    internal static Dictionary<string, object> Expression(
        int id, int annotation, int picture, string split, params string[] sentences) => new()
        {
            ["ref_id"] = id,
            ["ann_id"] = annotation,
            ["image_id"] = picture,
            ["category_id"] = 1,
            ["split"] = split,
            ["file_name"] = $"COCO_train2014_{picture:D12}_{id}.jpg",
            ["sent_ids"] = sentences.Select((_, i) => (object)(100 * id + i)).ToArray(),
            ["sentences"] = sentences.Select((s, i) => (object)new Dictionary<string, object>
            {
                ["tokens"] = s.Split(' ').Cast<object>().ToArray(),
                ["raw"] = new Unicode(s + " ☂"),
                ["sent_id"] = 100 * id + i,
                ["sent"] = s,
            }).ToArray(),
        };

    private void Write(int protocol)
    {
        Original("refcoco+/instances.json", Instances);
        Pickle(PythonPickle.Of(Expressions, protocol));
    }

    private void Pickle(byte[] bytes) => File.WriteAllBytes(Path.Combine(Root, "refcoco+", "refs(unc).p"), bytes);
}
