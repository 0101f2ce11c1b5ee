using AmcEngine.Amc.Evaluation.Metrics;
using AmcEngine.Amc.Maps;
using AmcEngine.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Metrics;

/// <summary>Measures of maps against regions, on maps of a few pixels whose numbers can be worked out by
/// hand.</summary>
[TestFixture]
internal sealed class RegionMetricsTests
{
    [Test]
    public void Energy_is_the_share_of_the_positive_heat_inside()
    {
        // Negative values are no energy: 3 + 1·½ of 3 + 1 + 4.
        Assert.That(EnergyInRegion.Of([3, -5, 1, 4], [1, 1, 0.5f, 0]), Is.EqualTo(3.5 / 8));
        Assert.That(EnergyInRegion.Of([-1, 0, -2], [1, 1, 1]), Is.Null);
        Assert.That(EnergyInRegion.Of([2, 2], [1, 1]), Is.EqualTo(1));
    }

    [TestCase(0.25, 3 / 4.0)]
    [TestCase(0.5, 2 / 4.0)]
    [TestCase(0.75, 1 / 4.0)]
    public void IoU_compares_what_is_at_or_above_a_share_of_the_range(double threshold, double expected)
    {
        // Range 2 … 10: thresholds at 4, 6 and 8. Inside the region lie 10, 6, 4 and 2.
        Assert.That(RegionIou.Of([10, 6, 4, 2, 3, 2], [1, 1, 1, 1, 0, 0], threshold), Is.EqualTo(expected));
    }

    [Test]
    public void IoU_counts_what_is_outside_and_soft_pixels_by_their_weight()
    {
        // Chosen: the first two. Both: 1·1 + 0; either: 1 + 1 + ½.
        Assert.That(RegionIou.Of([1, 1, 0, 0], [1, 0, 0.5f, 0], 0.5), Is.EqualTo(1 / 2.5));
        Assert.That(RegionIou.Of([1, 1, 1], [1, 0, 0], 0.5), Is.Null, "a flat map");
    }

    [Test]
    public void AUC_is_how_often_a_pixel_of_the_region_is_hotter()
    {
        Assert.Multiple(() =>
        {
            Assert.That(RegionAuc.Of([4, 3, 2, 1], [1, 1, 0, 0]), Is.EqualTo(1));
            Assert.That(RegionAuc.Of([1, 2, 3, 4], [1, 1, 0, 0]), Is.EqualTo(0));
            // Pairs inside/outside: 4>3, 4>1, 2<3, 2>1.
            Assert.That(RegionAuc.Of([4, 2, 3, 1], [1, 1, 0, 0]), Is.EqualTo(0.75));
            // Equal values count half.
            Assert.That(RegionAuc.Of([2, 2, 2, 1], [1, 0, 0, 0]), Is.EqualTo((0.5 + 0.5 + 1) / 3));
            Assert.That(RegionAuc.Of([7, 7, 7], [1, 0, 0]), Is.EqualTo(0.5), "a flat map");
            Assert.That(RegionAuc.Of([1, 2], [1, 1]), Is.Null);
            Assert.That(RegionAuc.Of([1, 2], [0, 0]), Is.Null);
            // A soft pixel stands on both sides: inside 1 + ½, outside ½ + 1; in order 3>2 (½), 3>1, 2=2 (half of ¼),
            // 2>1 (½).
            Assert.That(RegionAuc.Of([3, 2, 1], [1, 0.5f, 0]), Is.EqualTo((0.5 + 1 + 0.125 + 0.5) / (1.5 * 1.5)));
        });
    }

    [Test]
    public void The_box_of_a_map_is_around_its_largest_group()
    {
        // 6 × 4: a hot single pixel, and a group of three that touch by sides; the corner at (3, 1) does not belong to
        // it.
        float[] map =
        [
            9, 0, 0, 0, 0, 0,
            0, 0, 0, 6, 0, 0,
            0, 6, 6, 0, 0, 0,
            0, 6, 0, 0, 0, 0,
        ];
        Assert.That(MapBox.Of(map, 6), Is.EqualTo(new Box(1, 2, 3, 4)));
        Assert.That(MapBox.Of(map, 6, 0.9), Is.EqualTo(new Box(0, 0, 1, 1)));
        Assert.That(MapBox.Of([1, 1, 1, 1], 2), Is.Null);
        // The right edge of a row and the left edge of the next do not touch.
        Assert.That(MapBox.Of([0, 1, 1, 0], 2), Is.EqualTo(new Box(1, 0, 2, 1)));
    }

    [Test]
    public void A_box_scores_its_heat_over_a_power_of_its_area()
    {
        var map = new Heatmap(4, 3, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
        // Corners are cut to whole numbers, the area is not: pixels 1 and 2 of row 1, area 2.5 × 1.6 = 4.
        var box = new Box(1.4, 1.2, 3.9, 2.8);
        Assert.That(DetectorScore.Of(map, box, 0.5), Is.EqualTo((6 + 7) / Math.Sqrt(box.Area)));
        Assert.That(DetectorScore.Of(map, box, 1), Is.EqualTo((6 + 7) / box.Area));
        // What lies beyond the picture counts for the area alone.
        Assert.That(DetectorScore.Of(map, new Box(2, 2, 6, 4), 1), Is.EqualTo((11 + 12) / 8.0));
        Box[] boxes = [new(0, 0, 1, 1), new(3, 2, 4, 3), new(9, 9, 10, 10)];
        Assert.That(DetectorScore.Ranked(map, boxes, 1), Is.EqualTo(new[] { boxes[1], boxes[0] }),
            "a box without heat is no choice");
    }

    [Test]
    public void Overlaps_of_boxes_are_those_of_the_rectangles_or_of_the_reference()
    {
        Box a = new(0, 0, 4, 4), b = new(2, 0, 6, 4);
        Assert.That(BoxOverlap.Of(a, b), Is.EqualTo(8 / 24.0));
        Assert.That(BoxOverlap.Reference(a, b), Is.EqualTo(8 / 24.0));
        Assert.That(BoxOverlap.Of(a, new Box(4, 0, 8, 4)), Is.Zero, "they touch");
        // One pixel in common is none to the reference.
        Box narrow = new(3, 0, 4, 4);
        Assert.That((BoxOverlap.Of(narrow, narrow), BoxOverlap.Reference(narrow, narrow)), Is.EqualTo((1.0, 0.0)));
    }

    [Test]
    public void Rank_correlation_sees_order_alone()
    {
        Closeness.Near("same order", RankCorrelation.Of([1, 2, 3, 4], [10, 20, 30, 1000]), 1, 1e-15);
        Closeness.Near("reverse", RankCorrelation.Of([1, 2, 3, 4], [4, 3, 2, 1]), -1, 1e-15);
        // 1 − 6·Σd²/(n(n² − 1)) with d² = 0, 1, 1, 0.
        Closeness.Near("one pair exchanged", RankCorrelation.Of([1, 2, 3, 4], [1, 3, 2, 4]), 1 - 6 * 2 / 60.0, 1e-15);
        // Ranks 0, 1.5, 1.5, 3 beside 0, 1, 2, 3.
        Closeness.Near(
            "ties share their rank", RankCorrelation.Of([1, 2, 2, 4], [1, 2, 3, 4]), 4.5 / Math.Sqrt(4.5 * 5), 1e-15);
        Assert.That(RankCorrelation.Of([1, 1, 1], [1, 2, 3]), Is.Zero);
    }

    [Test]
    public void Structural_similarity_is_one_for_equal_maps_and_falls_with_their_likeness()
    {
        float[] map = [0, 1, 2, 3, 4, 5, 6, 7, 8], turned = [8, 7, 6, 5, 4, 3, 2, 1, 0];
        Closeness.Near("itself", StructuralSimilarity.Of(map, map, 3), 1, 1e-12);
        Closeness.Near("another unit", StructuralSimilarity.Of(map, [.. map.Select(v => 3 * v - 5)], 3), 1, 1e-6);
        // One window: both means ½, variance v, covariance −v; so (2·¼ + c₁)(−2v + c₂)/((2·¼ + c₁)(2v + c₂)).
        var v = map.Select(m => (m / 8.0 - 0.5) * (m / 8.0 - 0.5)).Average();
        Closeness.Near("turned", StructuralSimilarity.Of(map, turned, 3), (9e-4 - 2 * v) / (9e-4 + 2 * v), 1e-12);
    }

    [Test]
    public void Proposals_are_found_by_number_path_name_and_stem()
    {
        using var folder = new DataTools.TempFolder();
        var path = folder.Write("dets.json",
            """{"5555": [[1, 2, 3, 4, 0.9, 7]], "a/b.jpg": [[0, 0, 1, 1]], "c.jpg": [], "7": [[2, 2, 2, 2]]}""");
        var file = ProposalFile.Load(path);
        Assert.Multiple(() =>
        {
            Assert.That(
                file.Of("train2014/COCO_train2014_000000005555.jpg"), Is.EqualTo(new[] { new Box(1, 2, 4, 6) }));
            Assert.That(file.Of("a/b.jpg"), Is.EqualTo(new[] { new Box(0, 0, 1, 1) }));
            Assert.That(file.Of("other/c.jpg"), Is.Empty);
            Assert.That(file.Of("7.jpg"), Is.EqualTo(new[] { new Box(2, 2, 4, 4) }));
            Assert.That(file.Of("55.jpg"), Is.Null);
        });
    }

    [TestCase("[]", "one object")]
    [TestCase("""{"5": [[1, 2, 3]]}""", "\"5\": box 0")]
    [TestCase("""{"5": [[1, 2, 3, 4], [1, 2, 0, 4]]}""", "\"5\": box 1")]
    [TestCase("""{"5": 3}""", "\"5\": must be a list")]
    [TestCase("""{"5": [[1, 2,""", "line 1")]
    public void Bad_proposals_are_named(string text, string part)
    {
        using var folder = new DataTools.TempFolder();
        var path = folder.Write("dets.json", text);
        Assert.That(() => ProposalFile.Load(path),
            Throws.TypeOf<DataException>().With.Message.Contains(path).And.Message.Contains(part));
    }
}
