using AmcEngine.Amc.Evaluation.Protocols;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Protocols;

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
    public void A_hit_is_strictly_inside_any_box(int x, int y, bool hit) =>
        Assert.That(PointingGame.IsHit(x, y, Boxes), Is.EqualTo(hit));

    [Test]
    public void A_random_point_hits_by_the_share_of_pixels_strictly_inside() =>
        // 3 × 4 pixels of the first box and 1 of the second.
        Assert.That(PointingGame.RandomChance(20, 20, Boxes), Is.EqualTo(13 / 400.0));

    [Test]
    public void Overlapping_boxes_count_once() =>
        Assert.That(
            PointingGame.RandomChance(10, 10, [new Box(0, 0, 5, 5), new Box(0, 0, 5, 5)]), Is.EqualTo(16 / 100.0));

    /// <summary>Boxes with fractions, outside the picture, over each other and without any pixel.</summary>
    [Test]
    public void The_chance_is_that_of_counting_every_pixel([Range(0, 19)] int seed)
    {
        var random = new Random(seed);
        int width = random.Next(1, 40), height = random.Next(1, 40);
        Box[] boxes = [.. Enumerable.Range(0, random.Next(0, 6)).Select(_ =>
        {
            double x = Edge(-5, width), y = Edge(-5, height);
            return new Box(x, y, x + Edge(0, 25), y + Edge(0, 25));
        })];
        var hits = 0;
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
                hits += PointingGame.IsHit(x, y, boxes) ? 1 : 0;
        }
        Assert.That(PointingGame.RandomChance(width, height, boxes), Is.EqualTo(hits / ((double)width * height)));

        // Whole numbers, halves, and others.
        double Edge(int from, int to) =>
            Math.Round(from + random.NextDouble() * (to - from), random.Next(3)) + (random.Next(4) == 0 ? 0.5 : 0);
    }

    /// <summary>
    /// Strictly inside an L, in the middle of four set pixels, and in one of two discs that overlap: counted once each.
    /// </summary>
    [Test]
    public void The_chance_of_other_regions_counts_pixels()
    {
        Polygon corner = new([(1, 1), (4, 1), (4, 4), (7, 4), (7, 7), (1, 7)]);
        RunLength block = new(4, 4, [5, 2, 2, 2, 5]);
        Assert.Multiple(() =>
        {
            Assert.That(PointingGame.RandomChance(10, 10, [corner]), Is.EqualTo(16 / 100.0));
            Assert.That(
                PointingGame.RandomChance(10, 10, [corner, new Box(0, 0, 5, 5)]), Is.EqualTo((16 + 16 - 6) / 1e2));
            Assert.That(PointingGame.RandomChance(4, 4, [block]), Is.EqualTo(1 / 16.0));
            Assert.That(PointingGame.RandomChance(10, 10, [new Points([(3, 3), (4, 3)], 1.5)]), Is.EqualTo(12 / 100.0));
            Polygon around = new([(-9, -9), (9, -9), (9, 9), (-9, 9)]);
            Assert.That(PointingGame.RandomChance(2, 2, [around]), Is.EqualTo(1), "clamped to the picture");
        });
    }

    [Test]
    public void Inclusive_hits_take_the_edge() =>
        Assert.That(new[] { (2, 5), (12, 12), (1, 5) }.Select(p =>
            PointingGame.IsHit(p.Item1, p.Item2, Boxes, Edges.Inclusive)), Is.EqualTo((bool[])[true, true, false]));

    [Test]
    public void The_chance_in_a_huge_picture_takes_no_time() =>
        Assert.That(PointingGame.RandomChance(2_000_000, 1_000_000, [new Box(0, 0, 1_000_001, 500_001)]),
            Is.EqualTo(0.25).Within(1e-6));
}
