using AmcEngine.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>Areas, bounds, hits and pixels of every kind of region, against values worked out by hand.</summary>
[TestFixture]
public class RegionTests
{
    // An L: the square of side 6 from (1, 1) without its upper right quarter.
    private static readonly Polygon Corner = new([(1, 1), (4, 1), (4, 4), (7, 4), (7, 7), (1, 7)]);

    // Of 4 columns and 3 rows, by columns: 110 010 011 000.
    private static readonly RunLength Runs = new(4, 3, [0, 2, 2, 1, 2, 2, 3]);

    private static readonly MaskPicture Mask = new(4, 3, [255, 0, 0, 0, 255, 51, 1, 0, 0, 0, 102, 0]);

    [TestCase(1, 1, 0, 1, TestName = "Polygon: corner")]
    [TestCase(2, 1, 0, 1, TestName = "Polygon: upper edge")]
    [TestCase(1, 5, 0, 1, TestName = "Polygon: left edge")]
    [TestCase(4, 2, 0, 1, TestName = "Polygon: right edge")]
    [TestCase(4, 4, 0, 1, TestName = "Polygon: the corner that points inwards")]
    [TestCase(3, 4, 1, 1, TestName = "Polygon: inside, on the line of an edge")]
    [TestCase(4, 5, 1, 1, TestName = "Polygon: inside, below a corner")]
    [TestCase(5, 7, 0, 1, TestName = "Polygon: lower edge")]
    [TestCase(5, 3, 0, 0, TestName = "Polygon: the quarter that is cut out")]
    [TestCase(5, 1, 0, 0, TestName = "Polygon: outside, on the line of an edge")]
    [TestCase(0, 4, 0, 0, TestName = "Polygon: left of a corner's row")]
    public void Polygon_hits(double x, double y, int strict, int inclusive) => Hits(Corner, x, y, strict, inclusive);

    // The triangle's slanted edge goes through whole numbers.
    [TestCase(2, 2, 0, 1)]
    [TestCase(1, 2, 1, 1)]
    [TestCase(2, 1, 0, 0)]
    [TestCase(0, 0, 0, 1)]
    public void Hits_of_a_slanted_edge(double x, double y, int strict, int inclusive) =>
        Hits(new Polygon([(0, 0), (4, 4), (0, 4)]), x, y, strict, inclusive);

    [TestCase(2, 3, 0, 1)]
    [TestCase(6, 8, 0, 1)]
    [TestCase(3, 4, 1, 1)]
    [TestCase(6, 5, 0, 1)]
    [TestCase(7, 5, 0, 0)]
    public void Box_hits(double x, double y, int strict, int inclusive) =>
        Hits(new Box(2, 3, 6, 8), x, y, strict, inclusive);

    // Set pixels (column, row): (0,0) (0,1) (1,1) (2,1) (2,2).
    [TestCase(0, 0, 0, 1, TestName = "Mask: corner of the picture")]
    [TestCase(1, 1, 0, 1, TestName = "Mask: three of four")]
    [TestCase(2, 2, 0, 1, TestName = "Mask: three of four around (2, 2)")]
    [TestCase(3, 1, 0, 1, TestName = "Mask: one of four")]
    [TestCase(2, 0, 0, 0, TestName = "Mask: none of four")]
    [TestCase(3, 3, 0, 1, TestName = "Mask: lower edge of the picture")]
    [TestCase(4, 1, 0, 0, TestName = "Mask: right edge of the picture")]
    [TestCase(0.5, 1, 1, 1, TestName = "Mask: on the edge of two set pixels")]
    [TestCase(1.5, 1.5, 1, 1, TestName = "Mask: in the middle of a pixel")]
    [TestCase(1.5, 1, 0, 1, TestName = "Mask: on the edge of one")]
    [TestCase(-1, 0, 0, 0, TestName = "Mask: outside of the picture")]
    public void Mask_hits(double x, double y, int strict, int inclusive)
    {
        Hits(Runs, x, y, strict, inclusive);
        Hits(Mask, x, y, strict, inclusive);
    }

    [Test]
    public void A_full_two_by_two_block_is_hit_strictly_at_its_middle_only()
    {
        var block = new RunLength(4, 4, [5, 2, 2, 2, 5]);
        for (var y = 0; y <= 4; y++)
        {
            for (var x = 0; x <= 4; x++)
                Hits(block, x, y, x == 2 && y == 2 ? 1 : 0, x is >= 1 and <= 3 && y is >= 1 and <= 3 ? 1 : 0);
        }
    }

    [TestCase(5, 5, 1, 1)]
    [TestCase(8, 9, 0, 1)]
    [TestCase(10, 5, 0, 1)]
    [TestCase(9, 9, 0, 0)]
    [TestCase(20, 24, 1, 1)]
    public void Points_hits(double x, double y, int strict, int inclusive) =>
        Hits(new Points([(5, 5), (20, 20)], 5), x, y, strict, inclusive);

    [TestCase(5, 2, 1, 1)]
    [TestCase(5, 4, 0, 1)]
    [TestCase(0, 2, 0, 1)]
    [TestCase(0, 1, 0, 0)]
    [TestCase(12, 9, 0, 1)]
    [TestCase(8, 4, 0, 1)]
    [TestCase(7, 5, 0, 0)]
    [TestCase(10, 12, 0, 1)]
    public void Scribble_hits(double x, double y, int strict, int inclusive) =>
        Hits(new Scribble([(2, 2), (10, 2), (10, 10)], 4), x, y, strict, inclusive);

    [Test]
    public void A_union_is_hit_where_a_part_is_and_strictly_not_on_a_common_edge()
    {
        Union both = new([new Box(0, 0, 5, 5), new Polygon([(5, 0), (9, 0), (9, 5), (5, 5)])]);
        Hits(both, 2, 2, 1, 1);
        Hits(both, 7, 2, 1, 1);
        Hits(both, 5, 2, 0, 1);
        Hits(both, 9.5, 2, 0, 0);
    }

    [Test]
    public void Areas()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new Box(1, 2, 4, 8.5).Area, Is.EqualTo(19.5));
            Assert.That(Corner.Area, Is.EqualTo(27));
            Assert.That(new Polygon([.. Corner.Points.Reverse()]).Area, Is.EqualTo(27), "the other way round");
            Assert.That(Runs.Area, Is.EqualTo(5));
            Assert.That(Mask.Area, Is.EqualTo(5), "whatever the weights");
            Assert.That(new Union([new Box(0, 0, 4, 4), new Box(2, 2, 6, 6)]).Area, Is.EqualTo(28));
            Assert.That(new Union([new Box(0, 0, 4.1, 4), new Box(4.1, 0.3, 6, 6)]).Area,
                Is.EqualTo(16.4 + 1.9 * 5.7).Within(1e-12));
            Assert.That(new Choice([Runs, new Box(0, 0, 2, 1)]).Area, Is.EqualTo(6), "one pixel is in both");
        });
        Closeness.Near("a disc", new Points([(3, 4)], 2).Area, 4 * Math.PI, 1e-13);
        Closeness.Near("a point given twice", new Points([(3, 4), (3, 4)], 2).Area, 4 * Math.PI, 1e-13);
        Closeness.Near("discs that touch", new Points([(3, 4), (7, 4)], 2).Area, 8 * Math.PI, 1e-13);
        // The lens of two unit circles at distance 1 is 2π/3 − √3/2.
        Closeness.Near("discs that overlap", new Points([(0, 0), (0, 1)], 1).Area,
            Math.Tau - (Math.Tau / 3 - Math.Sqrt(3) / 2), 1e-13);
        Closeness.Near("a straight scribble", new Scribble([(0, 0), (3, 4)], 2).Area, 10 + Math.PI, 1e-13);
        Closeness.Near("a dot", new Scribble([(1, 1)], 2).Area, Math.PI, 1e-13);
        // Two arms of 8 · 4 with round ends: at the bend, a square of side 2 and a quarter of a disc in place of two
        // half discs.
        Closeness.Near("a scribble with a bend", new Scribble([(2, 2), (10, 2), (10, 10)], 4).Area,
            2 * 32 - 4 + 5 * Math.PI, 3e-3);
    }

    [Test]
    public void Bounds_and_equality()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Corner.Bounds, Is.EqualTo(new Box(1, 1, 7, 7)));
            Assert.That((Runs.Bounds, Mask.Bounds), Is.EqualTo((new Box(0, 0, 3, 3), new Box(0, 0, 3, 3))));
            Assert.That(new RunLength(4, 3, [4, 1, 7]).Bounds, Is.EqualTo(new Box(1, 1, 2, 2)));
            Assert.That(
                new RunLength(4, 3, [5, 2, 5]).Bounds, Is.EqualTo(new Box(1, 0, 3, 3)), "a run over two columns");
            Assert.That(new RunLength(4, 3, [12]).Bounds, Is.EqualTo(new Box(0, 0, 0, 0)));
            Assert.That(new Points([(5, 5), (20, 18)], 5).Bounds, Is.EqualTo(new Box(0, 0, 25, 23)));
            Assert.That(new Scribble([(2, 3), (10, 2)], 4).Bounds, Is.EqualTo(new Box(0, 0, 12, 5)));
            Assert.That(new Union([Corner, new Box(0, 5, 2, 9)]).Bounds, Is.EqualTo(new Box(0, 1, 7, 9)));
            Assert.That((new Box(1, 2, 3, 4) { Weight = 0.5 }).Bounds, Is.EqualTo(new Box(1, 2, 3, 4)));
            Assert.That(new Polygon([.. Corner.Points]), Is.EqualTo(Corner));
            Assert.That(Corner with { Weight = 0.5 }, Is.Not.EqualTo(Corner));
            Union one = new([Corner]), other = new([Corner with { Weight = 1 }]);
            Assert.That(one, Is.EqualTo(other).And.Not.EqualTo((Region)new Choice([Corner])));
            Assert.That(() => Corner with { Weight = 0 }, Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Corner with { Weight = double.NaN }, Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [Test]
    public void Pixels_are_those_whose_centres_lie_inside()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Picture(new Polygon([(0, 0), (4, 4), (0, 4)]), 4, 4), Is.EqualTo("0000 1000 1100 1110"),
                "a centre on the edge is right of it");
            Assert.That(Picture(new Polygon([(1.5, 0.5), (3.5, 0.5), (3.5, 2.5), (1.5, 2.5)]), 4, 4),
                Is.EqualTo("0110 0110 0000 0000"));
            Assert.That(Picture(Runs, 4, 3), Is.EqualTo("1000 1110 0010"));
            Assert.That(Picture(new Points([(2.5, 1.5)], 1), 5, 3), Is.EqualTo("00100 01110 00100"));
            Assert.That(Picture(new Scribble([(1.5, 1.5), (3.5, 1.5)], 1), 5, 3), Is.EqualTo("00000 01110 00000"));
            Assert.That(
                Picture(new Union([new Box(0, 0, 1, 1), new Box(3, 2, 9, 9)]), 4, 3), Is.EqualTo("1000 0000 0001"));
        });
    }

    [Test]
    public void Grids_of_another_size_take_the_nearest_pixels()
    {
        Region[] kinds =
        [
            new Box(1.5, 2, 11, 8.5), Corner, new Points([(4, 4), (9, 7)], 3), new Scribble([(1, 1), (11, 8)], 3),
            new Union([Corner, new Box(9, 0, 12, 3)]),
            RunLength.Of(new Polygon([(2, 0), (12, 4), (3, 9)]).Rasterize(13, 9)),
            new Choice([Corner]) { Weight = 0.5 },
        ];
        foreach (var region in kinds)
        {
            var whole = region.Rasterize(13, 9).Values;
            byte[] bytes = [.. whole.Select(v => (byte)(255 * v))];
            foreach (var (width, height) in new[] { (5, 4), (13, 9), (29, 31) })
                Assert.That(region.Rasterize(13, 9, width, height).Values.Select(v => (byte)(255 * v)), Is.EqualTo(
                    NearestMask.Resize(bytes, 13, 9, width, height)), $"{region} at {width}×{height}");
        }
    }

    [Test]
    public void Weights_reach_the_mask_and_the_greatest_counts()
    {
        var both = RegionMask.Of([new Box(0, 0, 3, 1) { Weight = 0.5 }, new Box(2, 0, 4, 1) { Weight = 0.25 }], 5, 1);
        Assert.That(both.Values, Is.EqualTo((float[])[0.5f, 0.5f, 0.5f, 0.25f, 0]));
        var nested = new Union([new Box(0, 0, 1, 1) { Weight = 0.5 }, new Box(1, 0, 2, 1)]) { Weight = 0.5 };
        Assert.That(nested.Rasterize(3, 1).Values, Is.EqualTo((float[])[0.25f, 0.5f, 0]));
        Assert.That((Mask with { Weight = 0.5 }).Rasterize(4, 3).Values,
            Is.EqualTo((float[])[0.5f, 0, 0, 0, 0.5f, 0.1f, 0.5f / 255, 0, 0, 0, 0.2f, 0]));
    }

    [Test]
    public void Run_lengths_come_back_from_their_mask()
    {
        Assert.That(RunLength.Of(Runs.Rasterize(4, 3)), Is.EqualTo(Runs));
        Assert.That(RunLength.Of(new Box(0, 0, 2, 2).Rasterize(2, 2)).Counts, Is.EqualTo((int[])[0, 4]));
    }

    [TestCase(4, 3, "6,7", "more than its 12 pixels")]
    [TestCase(4, 3, "6,5", "hold 11 pixels instead of 12 (4×3)")]
    [TestCase(4, 3, "13,-1", "more than its 12 pixels")]
    [TestCase(4, 3, "6,-1,7", "a negative run")]
    [TestCase(0, 3, "0", "the size [3, 0]")]
    public void Run_lengths_must_fill_their_picture(int width, int height, string counts, string said) =>
        Assert.That(() => new RunLength(width, height, [.. counts.Split(',').Select(int.Parse)]),
            Throws.TypeOf<DataException>().With.Message.Contains(said));

    [TestCase("0,0 4,0 4,4 0,4", true)]
    [TestCase("0,0 4,4 4,0 0,4", false, TestName = "Crosses itself")]
    [TestCase("0,0 2,2 4,4 4,0 2,2 0,4", false, TestName = "Crosses itself in a corner")]
    [TestCase("0,0 4,0 4,4 2,0 0,4", false, TestName = "Touches its own edge")]
    [TestCase("0,0 4,0 2,0 2,4", false, TestName = "Goes back on itself")]
    [TestCase("0,0 2,0 4,0 4,4", true, TestName = "A corner on a straight line")]
    [TestCase("1,1 4,1 4,4 7,4 7,7 1,7", true)]
    public void Polygons_know_whether_they_meet_themselves(string points, bool simple) =>
        Assert.That(new Polygon([.. points.Split(' ').Select(p => p.Split(','))
            .Select(p => (double.Parse(p[0]), double.Parse(p[1])))]).IsSimple, Is.EqualTo(simple));

    private static void Hits(Region region, double x, double y, int strict, int inclusive) =>
        Assert.That((region.Contains(x, y, Edges.Strict) ? 1 : 0, region.Contains(x, y, Edges.Inclusive) ? 1 : 0),
            Is.EqualTo((strict, inclusive)), $"{region} at ({x}, {y})");

    private static string Picture(Region region, int width, int height) =>
        string.Join(' ', region.Rasterize(width, height).Values.Chunk(width).Select(row => string.Concat(row)));
}
