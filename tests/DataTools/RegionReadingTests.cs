using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>Regions in annotation files: read, written, refused with a line each, in pixels and as shares.</summary>
[TestFixture]
internal sealed class RegionReadingTests : FolderTests
{
    // 8 columns of 6 rows; the text is worked out by hand: 3, 2, 40, then 2 − 2 = 0 and 1 − 40 = −39 in groups of five
    // bits.
    private static readonly RunLength Runs = new(8, 6, [3, 2, 40, 2, 1]);

    private static readonly (string Json, Region Region)[] Kinds =
    [
        ("""{"box":[1,2,30,40.5]}""", new Box(1, 2, 30, 40.5)),
        ("""{"polygon":[[1,2],[30,2],[1,40]]}""", new Polygon([(1, 2), (30, 2), (1, 40)])),
        ("""{"rle":{"size":[6,8],"counts":"32X10iN"}}""", Runs),
        ("""{"mask":"masks/a.png"}""", new MaskPicture("masks/a.png")),
        ("""{"scribble":[[1,2],[5,6.5]],"width":3}""", new Scribble([(1, 2), (5, 6.5)], 3)),
        ("""{"points":[[1,2],[5,6]],"radius":2.5}""", new Points([(1, 2), (5, 6)], 2.5)),
        ("""{"union":[{"box":[0,0,2,2]},{"mask":"b.png","weight":0.25}]}""",
            new Union([new Box(0, 0, 2, 2), new MaskPicture("b.png") { Weight = 0.25 }])),
        ("""{"choice":[{"union":[{"box":[0,0,2,2]}]},{"box":[0,0,9,9]}],"weight":0.5}""",
            new Choice([new Union([new Box(0, 0, 2, 2)]), new Box(0, 0, 9, 9)]) { Weight = 0.5 }),
    ];

    [Test]
    public void Every_kind_is_read_and_written()
    {
        var path = _folder.Write("a.json", Entries(Kinds.Select(k => k.Json)));
        var read = AnnotationFile.Load(path, BoxFormat.Corners);
        Assert.That(read.Select(a => a.Regions.Single()), Is.EqualTo(Kinds.Select(k => k.Region)));

        var again = _folder.PathOf("b.json");
        AnnotationFile.Save(again, read);
        read = AnnotationFile.Load(again, BoxFormat.Corners);
        Assert.That(read.Select(a => a.Regions.Single()), Is.EqualTo(Kinds.Select(k => k.Region)));
        string[] lines = [.. File.ReadAllLines(again).Where(l => l.StartsWith('{')).Select(l => l.TrimEnd(','))];
        Assert.That(lines[0], Is.EqualTo("""{"image":"a.png","caption":"x","bbox":[[1,2,30,40.5]]}"""),
            "the reference's format where it is enough");
        for (var i = 1; i < lines.Length; i++)
            Assert.That(lines[i], Is.EqualTo($$"""{"image":"a.png","caption":"x","regions":[{{Kinds[i].Json}}]}"""));
    }

    [Test]
    public void Run_lengths_are_read_as_a_list_too()
    {
        var path = _folder.Write("a.json", Entries(["""{"rle":{"size":[6,8],"counts":[3,2,40,2,1]}}"""]));
        Assert.That(AnnotationFile.Load(path)[0].Regions, Is.EqualTo((Region[])[Runs]));
    }

    [Test]
    public void A_mask_in_memory_is_written_as_run_lengths()
    {
        var path = _folder.PathOf("a.json");
        AnnotationFile.Save(path, [new RegionAnnotation("a.png", ["x"], [new MaskPicture(2, 2, [0, 255, 0, 7])])]);
        Assert.That(AnnotationFile.Load(path)[0].Regions, Is.EqualTo((Region[])[new RunLength(2, 2, [2, 2])]));
    }

    [Test]
    public void What_else_an_entry_says_reaches_the_question()
    {
        new RgbImage(40, 20).SavePng(_folder.PathOf("a.png"));
        var path = _folder.Write("a.json", """
            [{"image":"a.png","caption":"x","width":40,"height":20,"regions":[{"box":[0,0,9,9]}],"bbox":[[1,1,2,2]],
              "id":17,"entity":"e1","category":"people","split":"testA"},
             {"image":"a.png","caption":"y","bbox":[0,0,9,9],"id":[1],"width":"wide"}]
            """);
        AnnotationFile.Save(path, AnnotationFile.Load(path));
        var read = AnnotationFile.Load(path);
        var question = new AnnotationEvaluationSet([path], _folder.Path)[0];
        Assert.Multiple(() =>
        {
            Assert.That((read[0].Width, read[0].Height, read[1].Width), Is.EqualTo(((int?)40, (int?)20, (int?)null)));
            Assert.That(read[1].Id, Is.Null);
            Assert.That((question.Id, question.Entity, question.Category, question.Split),
                Is.EqualTo(("17", "e1", "people", "testA")));
            Assert.That(question.Regions, Is.EqualTo((Region[])[new Box(0, 0, 9, 9)]), "in place of bbox");
        });
    }

    [TestCase("""{"box":[0,0,9]}""", AnnotationFault.BadBox, "regions[0].box: must be four numbers")]
    [TestCase("""{"box":[9,0,0,9]}""", AnnotationFault.FlatBox, "regions[0].box: [9, 0, 0, 9] has no area")]
    [TestCase("""{"polygon":[[1,1],[5,5]]}""", AnnotationFault.BadRegion, "regions[0].polygon: has 2 different points")]
    [TestCase("""{"polygon":[[1,1],[5,5],[5,5],[1,1]]}""",
        AnnotationFault.BadRegion, "regions[0].polygon: has 2 different points")]
    [TestCase("""{"polygon":[[0,0],[4,4],[4,0],[0,4]]}""",
        AnnotationFault.BadRegion, "polygon of 4 points in [0, 0, 4, 4] crosses or touches itself")]
    [TestCase("""{"polygon":[[0,0],[4,4],[2,2]]}""", AnnotationFault.BadRegion, "crosses or touches itself")]
    [TestCase("""{"polygon":[[0,0],[4,"4"],[4,0]]}""",
        AnnotationFault.BadRegion, "regions[0].polygon: must be a list of points [x, y], found [4,\"4\"]")]
    [TestCase("""{"polygon":[[-5,-5],[-1,-5],[-1,-1]]}""", AnnotationFault.BoxOutside, "lies outside the picture")]
    [TestCase("""{"polygon":{}}""", AnnotationFault.BadRegion, "must be a list of points [x, y], at least one")]
    [TestCase("""{"rle":{"size":[6,8],"counts":[3,2]}}""",
        AnnotationFault.BadRegion, "regions[0].rle: the runs of the mask hold 5 pixels instead of 48 (8×6)")]
    [TestCase("""{"rle":{"size":[6,8],"counts":[40,9]}}""", AnnotationFault.BadRegion, "more than its 48 pixels")]
    [TestCase("""{"rle":{"size":[6,8],"counts":[3.5,44.5]}}""",
        AnnotationFault.BadRegion, "counts must be whole numbers, found 3.5")]
    [TestCase("""{"rle":{"size":[6,8],"counts":"32X1"}}""",
        AnnotationFault.BadRegion, "the runs of the mask hold 45 pixels")]
    [TestCase("""{"rle":{"size":[6,8],"counts":"32X"}}""", AnnotationFault.BadRegion, "are cut off")]
    [TestCase("""{"rle":{"size":[6,8],"counts":"a b"}}""", AnnotationFault.BadRegion, "are not COCO's compressed text")]
    [TestCase("""{"rle":{"size":[6,8],"counts":"XXXXXXXXXX"}}""",
        AnnotationFault.BadRegion, "are not COCO's compressed text")]
    [TestCase("""{"rle":{"size":[6,8],"counts":"N"}}""", AnnotationFault.BadRegion, "a negative run")]
    [TestCase("""{"rle":{"size":[99999,99999],"counts":[0]}}""", AnnotationFault.BadRegion, "the size [99999, 99999]")]
    [TestCase("""{"rle":{"counts":[48]}}""",
        AnnotationFault.BadRegion, "regions[0].rle: must be {\"size\": [height, width]")]
    [TestCase("""{"mask":7}""", AnnotationFault.BadRegion, "regions[0].mask: must be the mask's path below image_root")]
    [TestCase("""{"scribble":[[1,1],[5,5]]}""",
        AnnotationFault.BadRegion, "regions[0].width: must be a number above 0")]
    [TestCase("""{"scribble":[],"width":2}""",
        AnnotationFault.BadRegion, "regions[0].scribble: must be a list of points")]
    [TestCase("""{"points":[[1,1]],"radius":0}""",
        AnnotationFault.BadRegion, "regions[0].radius: must be a number above 0")]
    [TestCase("""{"points":[[1,1,2]],"radius":1}""",
        AnnotationFault.BadRegion, "regions[0].points: must be a list of points [x, y], found [1,1,2]")]
    [TestCase("""{"union":[]}""",
        AnnotationFault.BadRegion, "regions[0].union: must be a list of regions, at least one")]
    [TestCase("""{"choice":[{"box":[0,0,9,9]},{"mask":""}]}""",
        AnnotationFault.BadRegion, "regions[0].choice[1].mask: must be")]
    [TestCase("""{"box":[0,0,9,9],"weight":1.5}""",
        AnnotationFault.BadRegion, "regions[0].weight: must be a number above 0 and at most 1, found 1.5")]
    [TestCase("""{"box":[0,0,9,9],"weight":0}""", AnnotationFault.BadRegion, "regions[0].weight")]
    [TestCase("""{"box":[0,0,9,9],"mask":"a.png"}""",
        AnnotationFault.BadRegion,
        "regions[0]: must have one of box, polygon, rle, mask, scribble, points, union, choice, has box and mask")]
    [TestCase("""{"circle":[0,0,9]}""", AnnotationFault.BadRegion, "has none")]
    [TestCase("7", AnnotationFault.BadRegion, "regions[0]: must be an object with one of box,")]
    public void A_region_that_is_none_costs_one_line(string region, AnnotationFault fault, string said)
    {
        var path = _folder.Write("a.json", Entries(["""{"box":[1,2,30,40]}""", region]));
        var census = new AnnotationCensus();
        Assert.That(AnnotationFile.Load(path, BoxFormat.Corners, census).Select(a => a.Number), Is.EqualTo((int[])[0]));
        Assert.That((census.BadEntries, census.Counts.Single()), Is.EqualTo((1, KeyValuePair.Create(fault, 1))));
        var line = census.Lines()[0];
        Assert.That(line, Does.StartWith($"{path}: entry 1: regions[0]").And.Contain(said).And.Not.Contain("\n"));
    }

    [Test]
    public void A_bad_region_beside_a_good_one_is_dropped()
    {
        var census = new AnnotationCensus();
        var path = _folder.Write("a.json", Entries(["""{"box":[1,2,30,40]},{"polygon":[[1,1],[2,2]]}"""]));
        var read = AnnotationFile.Load(path, BoxFormat.Corners, census);
        Assert.That(read[0].Regions, Is.EqualTo((Region[])[new Box(1, 2, 30, 40)]));
        Assert.That((census.BadEntries, census.DroppedBoxes), Is.EqualTo((0, 1)));
    }

    [TestCase(BoxFormat.Normalised)]
    [TestCase(BoxFormat.Auto)]
    public void Shares_become_pixels_for_every_kind(BoxFormat format)
    {
        var path = _folder.Write("a.json", Entries(
        [
            """{"polygon":[[0.25,0.5],[0.75,0.5],[0.25,1]]}""", """{"scribble":[[0.5,0.5],[1,0.5]],"width":0.1}""",
            """{"points":[[0.5,0.25]],"radius":0.05}""",
            """{"union":[{"box":[0,0,0.5,1]},{"rle":{"size":[20,40],"counts":[0,800]}}]}""",
            """{"rle":{"size":[20,40],"counts":[0,800]}}""",
        ]));
        var read = AnnotationFile.Load(path, format);
        RunLength all = new(40, 20, [0, 800]);
        Assert.That(read.SelectMany(a => a.RegionsIn(40, 20)), Is.EqualTo((Region[])
        [
            new Polygon([(10, 10), (30, 10), (10, 20)]), new Scribble([(20, 10), (40, 10)], 4),
            new Points([(20, 5)], 2), new Union([new Box(0, 0, 20, 20), all]), all,
        ]));
    }

    [Test]
    public void Coordinates_of_mixed_units_are_bad_and_masks_take_no_part()
    {
        var path = _folder.Write("a.json", Entries(
        [
            """{"polygon":[[1,2],[30,2],[1,40]]}""", """{"points":[[20,30]],"radius":2}""",
            """{"mask":"a.png"}""", """{"points":[[0.5,0.5]],"radius":0.1}""",
        ]));
        var census = new AnnotationCensus();
        var read = AnnotationFile.Load(path, BoxFormat.Auto, census);
        Assert.That(read.Select(a => a.Number), Is.EqualTo((int[])[0, 1, 2]));
        Assert.That(census.Lines()[0], Does.Contain("entry 3: 1 points in [0.4, 0.4, 0.6, 0.6] is normalised, but"));
    }

    [Test]
    public void Masks_are_read_from_their_files_and_must_fit()
    {
        new RgbImage(3, 2).SavePng(_folder.PathOf("a.png"));
        Directory.CreateDirectory(_folder.PathOf("masks"));
        MaskFile.Save(_folder.PathOf("masks/good.png"), new MaskPicture(3, 2, [0, 255, 128, 1, 0, 0]));
        MaskFile.Save(_folder.PathOf("masks/small.png"), new MaskPicture(2, 2, [0, 255, 255, 0]));
        MaskFile.Save(_folder.PathOf("masks/black.png"), new MaskPicture(3, 2, new byte[6]));
        string[] names = ["good", "small", "black", "none"];
        var masks = names.Select(n => $$"""{"mask":"masks/{{n}}.png"}""");
        var path = _folder.Write("a.json", Entries(masks.Append("""{"rle":{"size":[3,2],"counts":[0,6]}}""")));
        List<string> said = [];
        var set = new AnnotationEvaluationSet([path], _folder.Path, warn: said.Add);
        var mask = set[0].Regions.Single();
        Assert.That(mask.Rasterize(3, 2).Values, Is.EqualTo((float[])[0, 1, 128 / 255f, 1 / 255f, 0, 0]));
        Assert.That((mask.Bounds, mask.Area), Is.EqualTo((new Box(0, 0, 3, 2), 3d)));
        for (var i = 1; i < 5; i++)
            Assert.That(() => set[i], Throws.TypeOf<UnusableSampleException>());
        Assert.That(said, Has.Count.EqualTo(4));
        Assert.That(said[0], Does.Contain("entry 1: a.png: mask masks/small.png of 2×2 pixels does not fit the 3×2"));
        Assert.That(
            said[1], Does.Contain("entry 2: a.png: mask masks/black.png of 3×2 pixels covers no pixel of the 3×2")
                .And.EndWith("; a mask is black outside of the region alone."));
        Assert.That(said[2], Does.Contain("masks/none.png: picture not found"));
        Assert.That(said[3], Does.Contain("run-length mask of 2×3 pixels does not fit the 3×2 picture"));
        Assert.That(set.Annotations.Counts[AnnotationFault.BadMask], Is.EqualTo(3));
    }

    [Test]
    public void Training_draws_one_of_a_choice_and_evaluation_takes_any()
    {
        new RgbImage(8, 8).SavePng(_folder.PathOf("a.png"));
        const string choice = """{"choice":[{"box":[0,0,4,8]},{"box":[4,0,8,8],"weight":0.5}],"weight":0.5}""";
        var path = _folder.Write("a.json", Entries([choice]));
        AnnotationDatasetOptions plain = new() { ImageSize = 8, Augmentation = AugmentationOptions.None };
        AnnotationDataset Set(bool all) => new([path], _folder.Path, plain with { MaskAll = all });
        var drawn = Enumerable.Range(0, 20).Select(epoch => Set(false).Get(0, 1, epoch).Mask).ToArray();
        object[] both = [(0f, 0.25f), (0.5f, 0f)];
        Assert.That(drawn.Select(m => (m[0], m[7])).Distinct().Order(), Is.EqualTo(both));
        Assert.That(Set(false).Get(0, 1, 3).Mask, Is.EqualTo(drawn[3]), "from seed, epoch and index alone");
        Assert.That(Set(true).Get(0, 1, 0).Mask, Has.All.GreaterThan(0), "mask_all takes all");
        var question = new AnnotationEvaluationSet([path], _folder.Path)[0];
        var asked = question.Regions.Single();
        Assert.That(asked.Contains(1, 1, Edges.Strict) && asked.Contains(7, 1, Edges.Strict));
    }

    private static string Entries(IEnumerable<string> regions) =>
        "[" + string.Join(",\n", regions.Select(r => $$"""{"image":"a.png","caption":"x","regions":[{{r}}]}""")) + "]";
}
