using AmcEngine.Amc.Evaluation;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation;

[TestFixture]
internal sealed class PointingGameTests
{
    private static readonly Box[] Boxes = [new(2, 3, 6, 8), new(10, 10, 12, 12)];

    [TestCase(3, 4, true)]
    [TestCase(5, 7, true)]
    [TestCase(11, 11, true)]
    [TestCase(2, 4, false, TestName = "A point on the left edge misses")]
    [TestCase(6, 4, false, TestName = "A point on the right edge misses")]
    [TestCase(3, 3, false, TestName = "A point on the top edge misses")]
    [TestCase(3, 8, false, TestName = "A point on the bottom edge misses")]
    [TestCase(8, 9, false, TestName = "A point between two boxes misses: they are not merged")]
    public void A_hit_is_strictly_inside_any_box(int x, int y, bool hit) => Assert.That(PointingGame.IsHit(x, y, Boxes), Is.EqualTo(hit));

    [Test]
    public void A_random_point_hits_by_the_share_of_pixels_strictly_inside() =>
        // 3 × 4 pixels of the first box and 1 of the second.
        Assert.That(PointingGame.RandomChance(20, 20, Boxes), Is.EqualTo(13 / 400.0));

    [Test]
    public void Overlapping_boxes_count_once() =>
        Assert.That(PointingGame.RandomChance(10, 10, [new Box(0, 0, 5, 5), new Box(0, 0, 5, 5)]), Is.EqualTo(16 / 100.0));

    [Test]
    public void The_point_is_the_first_maximum_row_by_row() =>
        Assert.That(new Heatmap(3, 2, [0, 1, 2, 2, 2, 0]).Peak(), Is.EqualTo((2, 0)));

    [Test]
    public void A_flat_map_points_at_the_first_pixel() => Assert.That(new Heatmap(2, 2, [0, 0, 0, 0]).Peak(), Is.EqualTo((0, 0)));
}
