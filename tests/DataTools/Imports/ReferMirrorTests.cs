using AmcEngine.DataTools;
using NUnit.Framework;
using Parquet.Schema;
using Parquet.Serialization;

namespace AmcEngine.Tests.DataTools.Imports;

/// <summary>
/// The REFER data sets from the Parquet files of their mirror: nested columns, a row a picture, with the picture.
/// </summary>
[TestFixture]
internal sealed class ReferMirrorTests : ImportTests
{
    private static readonly ParquetSchema Schema = new(
        new ListField("ref_list", new StructField("element",
            new StructField("ann_info",
                new DataField<double>("area"), new ListField("bbox", new DataField<double>("element")),
                new DataField<long>("category_id"), new DataField<long>("id"), new DataField<long>("image_id"),
                new ListField("segmentation", new ListField("element", new DataField<double>("element")))),
            new StructField("ref_info",
                new DataField<long>("ann_id"), new DataField<long>("ref_id"), new DataField<string>("split"),
                new ListField("sentences", new StructField("element", new DataField<string>("raw"),
                    new DataField<string>("sent"), new DataField<long>("sent_id")))))), new StructField(
                        "image_info", new DataField<string>("file_name"), new DataField<long>("height"),
                        new DataField<long>("id"), new DataField<long>("width")), new StructField(
                            "image", new DataField<byte[]>("bytes"), new DataField<string>("path")));

    [Test]
    public void Rows_are_imported_and_their_pictures_unpacked()
    {
        Write("refcoco_plus_unc_val-00000-of-00001-2c68.parquet",
            Row(5, Object(90, 1, "man in red", "guy"), Object(91, 2, "dog")), Row(6, Object(92, 3, "cat")));
        Write("refcoco_plus_unc_testA-00000-of-00001-aaaa.parquet", Row(7, Object(93, 4, "a hat")));
        // Another data set's, and another division's.
        Write("refcoco_unc_val-00000-of-00001-2c68.parquet", Row(8, Object(94, 5, "other")));
        var summary = Import("refcoco+");
        Assert.That(summary.Splits.Keys, Is.EquivalentTo(new[] { "val", "testA" }));
        Assert.That(Entries("val"), Is.EqualTo(new[] { "5.jpg: man in red [1.5,2,4.5,6]", "5.jpg: guy [1.5,2,4.5,6]",
            "5.jpg: dog [1.5,2,4.5,6]", "6.jpg: cat [1.5,2,4.5,6]" }));
        Assert.That(Rich("val")[1].ToJsonString(), Is.EqualTo(
            """{"image":"5.jpg","width":16,"height":12,"caption":"guy","regions":[{"polygon":[[1,2],[5,2],[5,6]]}],"id":"1/1","entity":"90","split":"val"}"""));
        Assert.That(summary.ImageRoot, Is.EqualTo(Path.Combine(Output, "images")));
        var picture = RgbImage.Load(Path.Combine(Output, "images", "6.jpg"));
        Assert.That((picture.Width, picture.Height), Is.EqualTo((16, 12)));
    }

    [Test]
    public void A_folder_of_pictures_at_hand_is_used_instead()
    {
        Write("refcoco_plus_unc_val-00000-of-00001-2c68.parquet", Row(5, Object(90, 1, "man in red")),
            Row(6, Object(92, 3, "cat")));
        Picture("train2014/5.jpg", 16, 12);
        Refused("refcoco+", null, "1 of 2 pictures are missing");
        Picture("train2014/6.jpg", 16, 12);
        Import("refcoco+");
        Assert.That(Entries("val")[0], Does.StartWith("train2014/5.jpg"));
        Assert.That(Directory.Exists(Path.Combine(Output, "images")), Is.False);
    }

    [Test]
    public void Damaged_and_other_files_are_one_line()
    {
        const string Name = "refcoco_plus_unc_val-00000-of-00001-2c68.parquet";
        Write(Name, Row(5, Object(90, 1, "man in red")));
        var whole = File.ReadAllBytes(Path.Combine(Root, "data", Name));
        foreach (var length in new[] { 0, 3, 4, 100, whole.Length / 2, whole.Length - 8, whole.Length - 1 })
        {
            File.WriteAllBytes(Path.Combine(Root, "data", Name), whole[..length]);
            Refused("refcoco+", null, Name);
        }
        ParquetSchema other = new(new DataField<string>("text"));
        using (var stream = File.Create(Path.Combine(Root, "data", Name)))
            ParquetSerializer.SerializeUntypedAsync([new Dictionary<string, object?> { ["text"] = "x" }], other, stream)
                .GetAwaiter().GetResult();
        Refused("refcoco+", null, Name, "image_info and ref_list");
    }

    private static Dictionary<string, object?> Row(long picture, params Dictionary<string, object>[] objects)
    {
        using TempFolder folder = new();
        var path = folder.PathOf("x.jpg");
        new RgbImage(16, 12).SaveJpeg(path);
        return new Dictionary<string, object?>
        {
            ["ref_list"] = objects.Cast<IDictionary<string, object>>().ToList(),
            ["image_info"] = new Dictionary<string, object>
            {
                ["file_name"] = $"{picture}.jpg",
                ["height"] = 12L,
                ["id"] = picture,
                ["width"] = 16L
            },
            ["image"] = new Dictionary<string, object>
            {
                ["bytes"] = (ReadOnlyMemory<byte>?)File.ReadAllBytes(path),
                ["path"] = $"{picture}.jpg"
            },
        };
    }

    private static Dictionary<string, object> Object(long annotation, long id, params string[] sentences) => new()
    {
        ["ann_info"] = new Dictionary<string, object>
        {
            ["area"] = 8.0,
            ["bbox"] = new List<double> { 1.5, 2, 3, 4 },
            ["category_id"] = 1L,
            ["id"] = annotation,
            ["image_id"] = 5L,
            ["segmentation"] = new List<List<double>> { new() { 1, 2, 5, 2, 5, 6 } },
        },
        ["ref_info"] = new Dictionary<string, object>
        {
            ["ann_id"] = annotation,
            ["ref_id"] = id,
            ["split"] = "val",
            ["sentences"] = sentences.Select((s, i) => (IDictionary<string, object>)new Dictionary<string, object>
            {
                ["raw"] = s,
                ["sent"] = s,
                ["sent_id"] = (long)i
            }).ToList(),
        },
    };

    private void Write(string name, params Dictionary<string, object?>[] rows)
    {
        Directory.CreateDirectory(Path.Combine(Root, "data"));
        using var stream = File.Create(Path.Combine(Root, "data", name));
        ParquetSerializer.SerializeUntypedAsync([.. rows.Cast<IDictionary<string, object?>>()], Schema, stream)
            .GetAwaiter().GetResult();
    }
}
