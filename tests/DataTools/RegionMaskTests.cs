using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
public class RegionMaskTests
{
    [TestCase(1, 1, 3, 2, "0000 0110 0000")]
    [TestCase(1.9, 0.9, 3.9, 2.9, "0110 0110 0000")]
    [TestCase(-5, -5, 2, 1, "1100 0000 0000")]
    [TestCase(3, 2, 99, 99, "0000 0000 0001")]
    [TestCase(0, 0, 0.5, 3, "1000 1000 1000")]
    [TestCase(3.9, 2.9, 4, 3, "0000 0000 0001")]
    [TestCase(-9, -9, 0.1, 0.1, "1000 0000 0000")]
    [TestCase(0, 0, 4, 3, "1111 1111 1111")]
    [TestCase(0, 1, 1e300, 2, "0000 1111 0000")]
    public void Boxes_are_clamped_and_cut_to_whole_pixels(double x1, double y1, double x2, double y2, string expected)
    {
        var mask = new Box(x1, y1, x2, y2).Rasterize(4, 3);
        var text = string.Join(' ', mask.Values.Chunk(4).Select(row => string.Concat(row)));
        Assert.That(text, Is.EqualTo(expected));
    }

    [TestCase(4, 0, 9, 2)]
    [TestCase(-4, 0, 0, 2)]
    [TestCase(0, 3, 2, 9)]
    [TestCase(1.2, 0, 1.8, 3)]
    [TestCase(double.NaN, 0, 1, 1)]
    public void Boxes_that_cover_no_pixel_are_not_drawn_and_not_used(double x1, double y1, double x2, double y2)
    {
        var box = new Box(x1, y1, x2, y2);
        Assert.That(box.Covers(4, 3), Is.False);
        Assert.That(box.Rasterize(4, 3).Values, Has.All.Zero);
        var census = new AnnotationCensus();
        var beside = new RegionAnnotation("a.png", ["x"], [new Box(0, 0, 1, 1), box]);
        Assert.That(census.UsableRegions(beside, 4, 3), Is.EqualTo((Box[])[new(0, 0, 1, 1)]));
        Assert.That(() => census.UsableRegions(new RegionAnnotation("a.png", ["x"], [box]), 4, 3),
            Throws.TypeOf<UnusableSampleException>().With.Message.Contains("a.png: box [").And.Message.Contains(
                "covers no pixel of the 4×3 picture"));
    }

    [Test]
    public void Resizing_takes_the_nearest_pixel()
    {
        Assert.That(new Box(2, 0, 4, 2).Rasterize(4, 4, 2, 2).Values, Is.EqualTo((float[])[0, 1, 0, 0]));
        Assert.That(new Box(1, 0, 2, 1).Rasterize(4, 4, 2, 2).Values, Has.All.Zero, "no cell takes its pixel");
        // Columns 0, 1, 3, 4 and 6 of 8: floor(i · 8 / 5).
        Assert.That(new Box(3, 0, 5, 1).Rasterize(8, 1, 5, 1).Values, Is.EqualTo((float[])[0, 0, 1, 1, 0]));
    }

    [Test]
    public void Several_boxes_are_drawn_over_one_another_and_none_leave_it_empty()
    {
        var both = RegionMask.Of([new Box(0, 0, 2, 2), new Box(1, 1, 4, 2)], 4, 3);
        Assert.That(string.Concat(both.Values), Is.EqualTo("110011110000"));
        Assert.That(RegionMask.Of([], 4, 3).Values, Is.EqualTo(new float[12]));
    }
}
