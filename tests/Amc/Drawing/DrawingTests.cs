using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Evaluation;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;
using SkiaSharp;

namespace AmcEngine.Tests.Amc.Drawing;

[TestFixture]
internal sealed class DrawingTests
{
    [Test]
    public void The_embedded_typeface_has_every_printable_letter()
    {
        using var font = new SKFont(EmbeddedFont.Typeface, 20);
        for (char c = ' '; c <= '~'; c++)
            Assert.That(font.ContainsGlyph(c), $"'{c}'");
        Assert.That(font.ContainsGlyphs("“”…×≥–é"));
    }

    [Test]
    public void Text_leaves_ink()
    {
        using var sheet = new Sheet(200, 40);
        sheet.Text("red circle", 5, 28, 20, SKColors.Black);
        RgbImage image = RgbImage.Decode(sheet.Encode(), "sheet");
        Assert.That(image.Pixels.Count(p => p < 64), Is.GreaterThan(300));
    }

    [Test]
    public void Curves_have_ink_where_their_title_is()
    {
        using var folder = new TempFolder();
        string path = folder.PathOf("curves.png");
        CurvePlot.Save(path, [new Curve("total", [1, 2, 3], [3, 2, 1])], null, 0);
        RgbImage image = RgbImage.Load(path);
        int ink = 0;
        for (int y = 4; y < 28; y++)
        {
            for (int x = image.Width / 3; x < 2 * image.Width / 3; x++)
                ink += image.Pixels[(y * image.Width + x) * 3] < 100 ? 1 : 0;
        }
        Assert.That(ink, Is.GreaterThan(50));
    }

    [TestCase(0.0, 0, 0, 127.5)]
    [TestCase(0.25, 0, 127.5, 255)]
    [TestCase(0.5, 127.5, 255, 127.5)]
    [TestCase(0.75, 255, 127.5, 0)]
    [TestCase(1.0, 127.5, 0, 0)]
    public void Jet_goes_from_blue_to_red(double value, double r, double g, double b)
    {
        (double R, double G, double B) color = JetColors.At(value);
        Assert.That(new[] { color.R, color.G, color.B }, Is.EqualTo(new[] { r, g, b }).Within(1e-9));
    }

    [Test]
    public void The_overlay_follows_the_demonstration()
    {
        var picture = new RgbImage(3, 1, [100, 100, 100, 100, 100, 100, 100, 100, 100]);
        RgbImage overlay = HeatmapOverlay.Draw(picture, new Heatmap(3, 1, [-1, 1, 3]));
        // a = 0, 0.5, 1: untouched, (1 − 0.5^0.7)·100 + 0.5^0.7·jet(0.5), jet(1).
        double a = Math.Pow(0.5, 0.7);
        byte mixed = (byte)Math.Round((1 - a) * 100 + a * 127.5), green = (byte)Math.Round((1 - a) * 100 + a * 255);
        Assert.That(overlay.Pixels, Is.EqualTo(new byte[] { 100, 100, 100, mixed, green, mixed, 128, 0, 0 }));
    }

    [Test]
    public void A_flat_map_leaves_the_picture_as_it_is()
    {
        var picture = new RgbImage(2, 1, [9, 8, 7, 6, 5, 4]);
        Assert.That(HeatmapOverlay.Draw(picture, new Heatmap(2, 1, [3, 3])).Pixels, Is.EqualTo(picture.Pixels));
    }

    [TestCase(1, 1, 320)]
    [TestCase(64, 64, 5)]
    [TestCase(200, 100, 1)]
    [TestCase(2000, 100, 1)]
    public void Only_tiny_pictures_are_enlarged(int width, int height, int factor) =>
        Assert.That(ExplanationPicture.Factor(width, height), Is.EqualTo(factor));
}
