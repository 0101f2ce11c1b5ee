using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Protocols;

[TestFixture]
internal sealed class ProtocolTests
{
    // A box of 20 × 10 pixels.
    private static readonly Box Target = new(20, 30, 40, 40);

    [TestCase("reference", 20, 35, false)]
    [TestCase("reference", 21, 31, true)]
    [TestCase("reference", 39, 39, true)]
    [TestCase("reference", 40, 35, false)]
    [TestCase("fixed", 20, 30, true)]
    [TestCase("fixed", 19, 30, false)]
    [TestCase("fixed", 39, 39, true)]
    [TestCase("fixed", 40, 39, false)]
    [TestCase("wwbl", 20, 30, true)]
    [TestCase("wwbl", 40, 40, true)]
    [TestCase("wwbl", 41, 40, false)]
    [TestCase("mdetr", 20, 30, true)]
    [TestCase("mdetr", 40, 39, false)]
    // 39 is the last covered column: 53 is 14 pixels away, 54 is 15.
    [TestCase("torchray", 53, 35, true)]
    [TestCase("torchray", 54, 35, false)]
    // 9 left of and 12 above the first covered pixel: 15 away, which is not less; 9 and 11 are.
    [TestCase("torchray", 11, 18, false)]
    [TestCase("torchray", 11, 19, true)]
    public void Hits_on_edges(string protocol, int x, int y, bool hit) =>
        Assert.That(ProtocolRegistry.Find(protocol).IsHit(Sample(Target), x, y), Is.EqualTo(hit));

    [TestCase("reference", false)]
    [TestCase("fixed", false)]
    [TestCase("wwbl", true)]
    [TestCase("torchray", false)]
    public void Between_two_boxes_only_the_box_around_both_is_hit(string protocol, bool hit) =>
        Assert.That(ProtocolRegistry.Find(protocol)
            .IsHit(Sample(new Box(0, 0, 10, 10), new Box(50, 40, 60, 50)), 30, 25), Is.EqualTo(hit));

    [TestCase("fixed")]
    [TestCase("reference")]
    [TestCase("torchray")]
    public void The_second_of_two_regions_is_hit_like_the_first(string protocol)
    {
        var sample = Sample(new Box(0, 0, 10, 10), new Box(50, 40, 60, 50));
        Assert.That(ProtocolRegistry.Find(protocol).IsHit(sample, 55, 45));
        Assert.That(ProtocolRegistry.Find(protocol).IsHit(sample, 5, 5));
    }

    /// <summary>Every pixel is pointed at, which is what the chance of a random one must come to.</summary>
    [Test]
    public void The_chance_is_the_share_of_pixels_that_hit(
        [Values("reference", "fixed", "wwbl", "mdetr", "torchray")] string name, [Range(0, 3)] int shape)
    {
        Box[] boxes = shape switch
        {
            0 => [Target],
            1 => [new Box(-5, -7.5, 12.25, 9), new Box(50.5, 44.5, 80, 70)],
            2 => [new Box(3, 3, 30, 20), new Box(10, 10, 35.5, 40)],
            _ => [new Box(0.2, 0.2, 0.8, 0.8)],
        };
        (var protocol, var sample) = (ProtocolRegistry.Find(name), Sample(boxes));
        var hits = 0;
        for (var i = 0; i < sample.Width * sample.Height; i++)
            hits += protocol.IsHit(sample, i % sample.Width, i / sample.Width) ? 1 : 0;
        Assert.That(protocol.Chance(sample), Is.EqualTo(hits / (double)(sample.Width * sample.Height)));
    }

    [Test]
    public void What_is_where_leaves_small_first_boxes_out_and_asks_for_the_image_of_the_rest()
    {
        var protocol = ProtocolRegistry.Find("wwbl");
        // The picture has 60 × 50 pixels, 5 % are 150.
        Box small = new(0, 0, 15, 10), larger = new(0, 0, 16, 10), far = new(40, 40, 60, 50);
        Assert.That(protocol.Prepare(Sample(small, far)), Is.Null, "just 5 % is not more");
        var asked = protocol.Prepare(Sample(larger, far))!;
        Assert.That(asked.Caption, Is.EqualTo("image of red ball"));
        Assert.That(asked.Regions, Is.EqualTo(new Region[] { new Box(0, 0, 60, 50) }));
        Assert.That(protocol.Prepare(Sample(far, small)), Is.Not.Null, "only the first box counts");
        Assert.That((protocol.PictureSize, protocol.AveragesEntities), Is.EqualTo(((int?)224, true)));
        Assert.That(ProtocolRegistry.All.Where(p => p.Name != "wwbl"),
            Is.All.Matches<IProtocol>(p => p.PictureSize is null && !p.AveragesEntities));
    }

    [TestCase("reference", null, "/data/eval/test.json", "val")]
    [TestCase("reference", null, "/data/test.json", "test")]
    [TestCase("reference", "testA", "/data/eval/refs.json", "testA")]
    [TestCase("reference", "test_10k", "/eval/x.json", "test")]
    [TestCase("reference", "val_1k", "/x.json", "val")]
    [TestCase("reference", "train", "/eval/x.json", "train")]
    [TestCase("fixed", null, "/data/eval/test.json", "test")]
    [TestCase("fixed", "val", "/data/test.json", "val")]
    [TestCase("torchray", "testB", "/data/test.json", "testB")]
    public void Splits_come_from_the_data_or_by_the_reference_from_letters_of_a_path(
        string protocol, string? own, string path, string split) =>
        Assert.That(ProtocolRegistry.Find(protocol).Split(own, path), Is.EqualTo(split));

    [Test]
    public void The_names_are_those_of_the_configuration()
    {
        var key = AmcEngine.Amc.Configuration.ConfigSchema.Find("protocol")!;
        Assert.That(ProtocolRegistry.All.Select(p => p.Name), Is.EqualTo(key.Choices));
        Assert.That(ProtocolRegistry.Default.Name, Is.EqualTo(key.Default));
    }

    private static EvaluationSample Sample(params Box[] boxes) => new(new RgbImage(60, 50), "red ball", boxes);
}
