using AmcEngine.Amc.Reports.Page;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Reports.Page;

/// <summary>Outlines of regions as paths, worked out by hand.</summary>
[TestFixture]
internal sealed class RegionPathTests
{
    [Test]
    public void Boxes_polygons_and_points_keep_their_own_corners()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Path(new Box(1, 2, 3.25, 4)), Is.EqualTo("M1 2L3.2 2L3.2 4L1 4Z"));
            Assert.That(Path(new Polygon([(0, 0), (5.5, 1), (2, 7)])), Is.EqualTo("M0 0L5.5 1L2 7Z"));
            Assert.That(Path(new Points([(10, 4)], 3)), Is.EqualTo("M7 4a3 3 0 1 0 6 0a3 3 0 1 0 -6 0Z"));
            Assert.That(Path(new Union([new Box(0, 0, 1, 1), new Polygon([(2, 2), (3, 2), (3, 3)])])),
                Is.EqualTo("M0 0L1 0L1 1L0 1ZM2 2L3 2L3 3Z"));
        });
    }

    // Pixels are squares: # at (1, 1) is [1, 2] × [1, 2].
    [TestCase("....|.#..|....", "M1 1L2 1L2 2L1 2Z")]
    [TestCase("##..|##..|....", "M0 0L2 0L2 2L0 2Z")]
    [TestCase("#...|##..|....", "M0 0L1 0L1 1L2 1L2 2L0 2Z")]
    [TestCase("###|#.#|###", "M0 0L3 0L3 3L0 3ZM1 1L1 2L2 2L2 1Z", Description = "a hole")]
    [TestCase("#.|.#", "M0 0L1 0L1 1L0 1ZM1 1L2 1L2 2L1 2Z", Description = "two that touch at a corner")]
    [TestCase("....|....", "")]
    public void Masks_are_followed_along_the_edges_of_their_pixels(string rows, string path) =>
        Assert.That(Path(Mask(rows)), Is.EqualTo(path));

    [Test]
    public void A_scribble_is_followed_as_its_pixels_are() =>
        Assert.That(RegionPath.Of(new Scribble([(1, 2), (5, 2)], 2), 8, 4),
            Is.EqualTo(Path(Mask("........|.####...|.####...|........"))).Or.EqualTo(
                Path(Mask("........|######..|######..|........"))));

    [Test]
    public void Large_pictures_are_followed_on_a_coarser_grid_in_their_own_pixels()
    {
        // The left half of 960 × 480 pixels.
        var left = new MaskPicture(
            960, 480, [.. Enumerable.Range(0, 960 * 480).Select(i => (byte)(i % 960 < 480 ? 255 : 0))]);
        Assert.That(RegionPath.Of(left, 960, 480), Is.EqualTo("M0 0L480 0L480 480L0 480Z"));
    }

    [Test]
    public void No_region_takes_much_of_the_page()
    {
        var chess = new MaskPicture(
            400, 400, [.. Enumerable.Range(0, 400 * 400).Select(i => (byte)((i / 400 / 2 + i % 400 / 2) % 2 * 255))]);
        var star = new Polygon([.. Enumerable.Range(0, 3000).Select(
            i => (200 + 150 * Math.Cos(i * Math.Tau / 3000), 200 + (150 - i % 2) * Math.Sin(i * Math.Tau / 3000)))]);
        foreach (var region in new Region[] { chess, star })
            Assert.That(RegionPath.Of(region, 400, 400).Length, Is.InRange(10, 8000), region.GetType().Name);
    }

    private static string Path(Region region) =>
        region is MaskPicture mask ? RegionPath.Of(mask, mask.Width, mask.Height) : RegionPath.Of(region, 20, 20);

    private static MaskPicture Mask(string text)
    {
        var rows = text.Split('|');
        return new MaskPicture(
            rows[0].Length, rows.Length, [.. rows.SelectMany(r => r.Select(c => (byte)(c == '#' ? 255 : 0)))]);
    }
}
