using AmcEngine.Amc.Drawing;
using AmcEngine.DataTools;
using NUnit.Framework;
using SkiaSharp;

namespace AmcEngine.Tests.Amc.Drawing;

/// <summary>
/// Where the outlines of regions are drawn: a picture of 10×10 pixels, ten times as large, at (5, 3).
/// </summary>
[TestFixture]
public class RegionOutlineTests
{
    private const int Scale = 10;

    private static readonly SKColor Ground = new(90, 90, 90);

    // Points on the outline, and points beside it, in pixels of the picture.
    private static IEnumerable<TestCaseData> Cases =>
    [
        Case(new Box(2, 3, 6, 7), [(2, 5), (6, 5), (4, 3), (4, 7)], [(4, 5), (8, 5)]),
        Case(new Polygon([(1, 1), (9, 1), (1, 9)]), [(5, 1), (1, 5), (5, 5)], [(3, 3), (7, 7)]),
        Case(new Points([(3, 5), (8, 5)], 1.5), [(1.5, 5), (3, 3.5), (6.5, 5), (8, 6.5)], [(3, 5), (8, 5), (5.5, 5)]),
        Case(new Scribble([(2, 5), (8, 5)], 2), [(5, 4), (5, 6), (9, 5), (1, 5)], [(5, 5), (5, 8), (2, 5)]),
        Case(new Scribble([(5, 5)], 4), [(3, 5), (5, 7)], [(5, 5), (8, 5)]),
        // The first pixel of all is set, so that the picture's edge is an outline.
        Case(RunLength.Of(RegionMask.Of([new Box(3, 2, 6, 7), new Box(0, 0, 1, 1)], 10, 10)),
            [(3, 4), (6, 4), (4, 2), (4, 7), (0, 0.5), (1, 0.5)], [(4, 4), (8, 4)]),
        Case(new Union([new Box(0.5, 1, 3, 4), new Polygon([(5, 5), (9, 5), (5, 9)])]),
            [(3, 2), (7, 5), (7, 7)], [(2, 2), (6, 6), (4, 4.5)]),
    ];

    [TestCaseSource(nameof(Cases))]
    public void Outlines_are_where_the_edge_is(object what, object on, object off)
    {
        using Sheet sheet = new(110, 110);
        sheet.Fill(SKRect.Create(0, 0, 110, 110), Ground);
        RegionOutline.Draw(sheet, (Region)what, 5, 3, Scale, Scale);
        var image = RgbImage.Decode(sheet.Encode(), "sheet");
        Assert.Multiple(() =>
        {
            foreach (var p in ((double X, double Y)[])on)
                Assert.That(At(image, p), Is.GreaterThan(200), $"{p} is on the outline");
            foreach (var p in ((double X, double Y)[])off)
                Assert.That(At(image, p), Is.EqualTo(90), $"{p} is not");
        });
    }

    private static TestCaseData Case(Region what, (double, double)[] on, (double, double)[] off) =>
        new TestCaseData(what, on, off).SetName($"Outline of a {what.Kind}: {what}");

    private static int At(RgbImage image, (double X, double Y) p) =>
        image.Pixels[((int)(3 + Scale * p.Y) * image.Width + (int)(5 + Scale * p.X)) * 3];
}
