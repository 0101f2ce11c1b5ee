using AmcEngine.Amc.Drawing;
using AmcEngine.Amc.Maps;
using AmcEngine.Amc.Reports;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine;
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
        for (var c = ' '; c <= '~'; c++)
            Assert.That(font.ContainsGlyph(c), $"'{c}'");
        Assert.That(font.ContainsGlyphs("“”…×≥–é"));
    }

    [Test]
    public void Text_leaves_ink()
    {
        using var sheet = new Sheet(200, 40);
        sheet.Text("red circle", 5, 28, 20, SKColors.Black);
        var image = RgbImage.Decode(sheet.Encode(), "sheet");
        Assert.That(image.Pixels.Count(p => p < 64), Is.GreaterThan(300));
    }

    [Test]
    public void Curves_have_ink_where_their_title_is()
    {
        using var folder = new TempFolder();
        var path = folder.PathOf("curves.png");
        CurvePlot.Save(path, [new Curve("total", [1, 2, 3], [3, 2, 1])], null, 0);
        var image = RgbImage.Load(path);
        var ink = 0;
        for (var y = 4; y < 28; y++)
        {
            for (var x = image.Width / 3; x < 2 * image.Width / 3; x++)
                ink += image.Pixels[(y * image.Width + x) * 3] < 100 ? 1 : 0;
        }
        Assert.That(ink, Is.GreaterThan(50));
    }

    /// <summary>
    /// A run of one logged step has points, which no line joins: left of the legend, in the first colour.
    /// </summary>
    [Test]
    public void Curves_of_one_step_are_seen()
    {
        using var folder = new TempFolder();
        var path = folder.PathOf("curves.png");
        CurvePlot.Save(path, [new Curve("total", [1], [3])], null, 0);
        var image = RgbImage.Load(path);
        var blue = Enumerable.Range(0, image.Width * image.Height).Count(i => i % image.Width < image.Width * 3 / 4
            && (image.Pixels[3 * i], image.Pixels[3 * i + 1], image.Pixels[3 * i + 2]) == (0x1f, 0x77, 0xb4));
        Assert.That(blue, Is.GreaterThan(5));
    }

    [TestCase(0.0, 0, 0, 127.5)]
    [TestCase(0.25, 0, 127.5, 255)]
    [TestCase(0.5, 127.5, 255, 127.5)]
    [TestCase(0.75, 255, 127.5, 0)]
    [TestCase(1.0, 127.5, 0, 0)]
    public void Jet_goes_from_blue_to_red(double value, double r, double g, double b)
    {
        var color = ColorMap.Default.At(value);
        Closeness.ElementsAreClose("color", [color.R, color.G, color.B], [r, g, b], 1e-15);
    }

    [Test]
    public void The_overlay_follows_the_demonstration()
    {
        var picture = new RgbImage(3, 1, [100, 100, 100, 100, 100, 100, 100, 100, 100]);
        var overlay = HeatmapOverlay.Draw(picture, new Heatmap(3, 1, [-1, 1, 3]));
        // a = 0, 0.5, 1: untouched, (1 − 0.5^0.7)·100 + 0.5^0.7·jet(0.5), jet(1).
        var a = Math.Pow(0.5, 0.7);
        byte mixed = (byte)Math.Round((1 - a) * 100 + a * 127.5), green = (byte)Math.Round((1 - a) * 100 + a * 255);
        Assert.That(overlay.Pixels, Is.EqualTo(new byte[] { 100, 100, 100, mixed, green, mixed, 128, 0, 0 }));
    }

    [Test]
    public void A_flat_map_leaves_the_picture_as_it_is()
    {
        var picture = new RgbImage(2, 1, [9, 8, 7, 6, 5, 4]);
        Assert.That(HeatmapOverlay.Draw(picture, new Heatmap(2, 1, [3, 3])).Pixels, Is.EqualTo(picture.Pixels));
    }

    [Test]
    public void Where_the_map_is_highest_the_grid_still_shows_the_picture()
    {
        // Two pictures that differ as much as can be, under a map that is high nearly everywhere.
        var map = new Heatmap(3, 1, [0, 1, 1]);
        var black = new RgbImage(3, 1);
        var white = new RgbImage(3, 1, [.. Enumerable.Repeat((byte)255, 9)]);
        int Seen(double strength) =>
            HeatmapOverlay.Draw(white, map, strength).Pixels[3] - HeatmapOverlay.Draw(black, map, strength).Pixels[3];
        Assert.That(Seen(HeatmapOverlay.SeeThrough), Is.GreaterThan(90));
        Assert.That(Seen(1), Is.Zero, "as in the demonstration");
    }

    [TestCase(1, 1, 320, 320)]
    [TestCase(64, 64, 320, 320)]
    [TestCase(64, 30, 320, 150)]
    [TestCase(200, 100, 200, 100)]
    [TestCase(2000, 100, 2000, 100)]
    [TestCase(2048, 2000, 2048, 2000)]
    [TestCase(16000, 8000, 2048, 1024)]
    [TestCase(10, 60000, 1, 2048)]
    public void Tiny_pictures_are_enlarged_and_huge_ones_drawn_smaller(
        int width, int height, int shownWidth, int shownHeight) =>
        Assert.That(ExplanationPicture.Shown.Size(width, height), Is.EqualTo((shownWidth, shownHeight)));

    [TestCase("o.png", 0x89, 0x50, 0x4E, 0x47)]
    [TestCase("o.jpg", 0xFF, 0xD8, 0xFF, 0xE0)]
    [TestCase("o.JPEG", 0xFF, 0xD8, 0xFF, 0xE0)]
    [TestCase("o.webp", 0x52, 0x49, 0x46, 0x46)]
    public void An_explanation_is_written_as_its_name_says(string name, params int[] start)
    {
        using var folder = new TempFolder();
        var path = folder.PathOf(name);
        ExplanationPicture.Save(path, new RgbImage(30, 20), new PatchMap(2, [0, 1, 2, 3]), (4, 5), "red circle",
            OverlayStyle.Default);
        Assert.That(File.ReadAllBytes(path)[..4].Select(b => (int)b), Is.EqualTo(start));
    }

    [TestCase(100, 50, 112)]
    [TestCase(50, 100, 336)]
    [TestCase(40, 40, 224)]
    [TestCase(4000, 3000, 168)]
    [TestCase(1000, 10, 28)]
    public void Rows_of_the_grid_are_as_high_as_their_pictures(int width, int height, int expected)
    {
        var frame = SceneGrid.RowHeight(Sample(224, 224)) - 224;
        Assert.That(SceneGrid.RowHeight(Sample(width, height)) - frame, Is.EqualTo(expected));
    }

    [Test]
    public void Pictures_of_the_grid_are_held_no_larger_than_they_are_drawn()
    {
        Assert.That(SceneGrid.Picture.Size(4000, 3000), Is.EqualTo((224, 168)));
        Assert.That(SceneGrid.Picture.Size(64, 48), Is.EqualTo((64, 48)));
    }

    [Test]
    public void The_grid_is_as_high_as_its_rows_and_marks_the_point_in_the_picture()
    {
        using var folder = new TempFolder();
        var path = folder.PathOf("grid.png");
        // The point is at the right end of a wide picture: a hit after, and a miss before.
        var right = new PatchMap(2, [0, 1, 0, 0]);
        var left = new PatchMap(2, [1, 0, 0, 0]);
        GridScene scene = new(Sample(200, 50, new Box(100, 0, 200, 50)), left, right),
            tall = new(Sample(50, 100, new Box(0, 0, 10, 20)), new PatchMap(2, new float[4]), left);
        SceneGrid.Save(path, [scene, tall], new GridHeading(0.25, 0.5, 0.1, 7));
        var grid = RgbImage.Load(path);
        Assert.That(
            grid.Height, Is.EqualTo(144 + 92 + SceneGrid.RowHeight(scene.Sample) + SceneGrid.RowHeight(tall.Sample)));
        int[] green = Columns(grid, Sheet.Hit, 144, SceneGrid.RowHeight(scene.Sample)),
            red = Columns(grid, Sheet.Miss, 144, SceneGrid.RowHeight(scene.Sample));
        // Columns of 224 pixels at 24, 262 and 500.
        Assert.That(green, Is.Not.Empty.And.All.InRange(650, 735));
        Assert.That(red, Is.Not.Empty.And.All.InRange(250, 340));
        Assert.That(Columns(grid, Sheet.Hit, 144 + SceneGrid.RowHeight(scene.Sample), SceneGrid.RowHeight(tall.Sample)),
            Is.Not.Empty.And.All.GreaterThan(500), "a flat map has no point");
    }

    private static int[] Columns(RgbImage image, SKColor color, int top, int height) =>
        [.. Enumerable.Range(top * image.Width, height * image.Width)
            .Where(i => image.Pixels[i * 3] == color.Red && image.Pixels[i * 3 + 1] == color.Green
                && image.Pixels[i * 3 + 2] == color.Blue)
            .Select(i => i % image.Width).Distinct()];

    private static EvaluationSample Sample(int width, int height, params Box[] boxes) =>
        new(new RgbImage(width, height), "a phrase", boxes);
}
