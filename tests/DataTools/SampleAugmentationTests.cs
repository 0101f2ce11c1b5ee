using AmcEngine.DataTools;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>
/// A sample against the specification's section 5, written again here as plainly as can be. Pictures agree to a few
/// levels (the program rounds as OpenCV's fixed-point arithmetic does); what a wrong order or constant does is far
/// larger.
/// </summary>
[TestFixture]
internal sealed class SampleAugmentationTests : FolderTests
{
    private const int Side = 8;
    private const ulong Seed = 5;

    private static readonly Box[] Boxes = [new(0, 0, 8, 6), new(20, 10, 32, 16), new(6, 2, 30, 14)];
    private static readonly string[] Captions = ["one", "two", "three"];

    private AnnotationDataset _dataset = null!;
    private RgbImage _picture = null!;

    [SetUp]
    public void SetUp()
    {
        // Blocks of one colour: every pixel of the small picture comes from one block, so that resampling cannot blur.
        _picture = new RgbImage(32, 16);
        for (var i = 0; i < 32 * 16; i++)
        {
            var block = i % 32 / 4 + 8 * (i / 32 / 2);
            (_picture.Pixels[3 * i], _picture.Pixels[3 * i + 1], _picture.Pixels[3 * i + 2]) =
                ((byte)(40 + 3 * block), (byte)(230 - block * 2), (byte)(block * 37 % 180));
        }
        _picture.SavePng(_folder.PathOf("a.png"));
        var file = _folder.PathOf("a.json");
        AnnotationFile.Save(file, [new RegionAnnotation("a.png", Captions, Boxes)]);
        _dataset = new AnnotationDataset([file], _folder.Path, new AnnotationDatasetOptions { ImageSize = Side });
    }

    [Test]
    public void Samples_follow_the_specification_step_by_step()
    {
        HashSet<(bool, bool, bool)> seen = [];
        for (var epoch = 0; epoch < 128; epoch++)
        {
            var draws = Draws.Of(epoch);
            var sample = _dataset.Get(0, Seed, epoch);
            var expected = Augment(draws);
            double[] errors = [.. sample.Picture.Pixels.Select((v, i) => Math.Abs(v - expected[i]))];
            Assert.That(sample.Caption, Is.EqualTo(Captions[draws.Caption]), $"epoch {epoch}");
            Assert.That(sample.Mask, Is.EqualTo(Mask(draws)), $"mask of epoch {epoch}");
            Assert.That(errors.Max(), Is.LessThan(draws.Jitters ? 14 : 1.01), $"picture of epoch {epoch}, {draws}");
            Assert.That(errors.Average(), Is.LessThan(draws.Jitters ? 2.5 : 0.6), $"picture of epoch {epoch}, {draws}");
            seen.Add((draws.Flips, draws.Grays, draws.Jitters));
        }
        Assert.That(seen, Has.Count.EqualTo(8), "every combination was looked at");
    }

    [Test]
    public void Pictures_are_normalised_by_the_recipes_numbers()
    {
        double[] mean = [0.48145466, 0.4578275, 0.40821073], deviation = [0.26862954, 0.26130258, 0.27577711];
        var sample = _dataset.Get(0, Seed, 1);
        for (var c = 0; c < 3; c++)
        {
            double[] actual = [.. sample.Image[(c * Side * Side)..((c + 1) * Side * Side)]];
            double[] expected =
                [.. Enumerable.Range(0, Side * Side).Select(
                    i => (sample.Picture.Pixels[3 * i + c] / 255.0 - mean[c]) / deviation[c])];
            Closeness.ElementsAreClose($"channel {c}", actual, expected, 1e-6);
        }
    }

    [Test]
    public void The_default_augmentation_is_the_recipes()
    {
        var options = new AugmentationOptions();
        Assert.That(
            (options.FlipProbability, options.GrayProbability, options.JitterProbability), Is.EqualTo((0.5, 0.2, 0.5)));
        Assert.That(new AnnotationDatasetOptions(), Has.Property("Augmentation")
            .EqualTo(options).And.Property("MaxWords").EqualTo(50).And.Property("ImageSize").EqualTo(256));
    }

    [Test]
    public void Boxes_and_phrases_are_drawn_independently()
    {
        var plain = new AnnotationDataset([_folder.PathOf("a.json")], _folder.Path,
            new AnnotationDatasetOptions { ImageSize = Side, Augmentation = AugmentationOptions.None });
        var pairs = Enumerable.Range(0, 900).Select(epoch => plain.Get(0, Seed, epoch))
            .CountBy(s => (s.Caption, string.Concat(s.Mask))).ToDictionary();
        Assert.That(pairs, Has.Count.EqualTo(9));
        Assert.That(pairs.Values, Has.All.InRange(60, 140), "a hundred each, by chance more or less");
    }

    [Test]
    public void Shifts_are_truncated_towards_zero()
    {
        // trunc(255 · −0.39) = −99, not −100; trunc(255 · 0.305) = 77, not 78, takes 77 of 255 from green and blue. Red
        // has hue 0.
        var red = ImageOps.ColorJitter(new RgbImage(1, 1, [200, 0, 0]), 1, 1, 0, -0.39).Pixels;
        var gray = ImageOps.ColorJitter(new RgbImage(1, 1, [255, 255, 255]), 1, 1, 0.305, 0).Pixels;
        Assert.Multiple(() =>
        {
            var hsv = new byte[3];
            HsvConversion.FromRgb(red, hsv);
            Assert.That(hsv[0], Is.EqualTo(81));
            Assert.That(gray, Is.EqualTo((byte[])[255, 178, 178]));
        });
    }

    [Test]
    public void All_boxes_are_masked_where_that_is_asked_for()
    {
        var dataset = new AnnotationDataset([_folder.PathOf("a.json")], _folder.Path,
            new AnnotationDatasetOptions { ImageSize = Side, MaskAll = true, Augmentation = AugmentationOptions.None });
        byte[] union = [.. Enumerable.Range(0, Side * Side).Select(i => (byte)(Boxes.Any(b => Inside(b, i)) ? 1 : 0))];
        Assert.That(dataset.Get(0, Seed, 0).Mask, Is.EqualTo(union));
        Assert.That(union.Sum(v => v), Is.GreaterThan(Mask(Draws.Of(0)).Sum(v => v)));
    }

    private static bool Inside(Box box, int target)
    {
        int x = target % Side * 4, y = target / Side * 2;
        return x >= (int)box.X1 && x < (int)box.X2 && y >= (int)box.Y1 && y < (int)box.Y2;
    }

    // The mask at the small size: 1 where the pixel floor(target · scale) of the original lies in the box.
    private static byte[] Mask(Draws draws) =>
        [.. Enumerable.Range(0, Side * Side).Select(
            i => (byte)(Inside(Boxes[draws.Box], draws.Flips ? i - i % Side + Side - 1 - i % Side : i) ? 1 : 0))];

    private double[] Augment(Draws draws)
    {
        var pixels = new double[Side * Side][];
        for (var i = 0; i < pixels.Length; i++)
        {
            int x = draws.Flips ? Side - 1 - i % Side : i % Side, source = (i / Side * 2 * 32 + x * 4) * 3;
            pixels[i] = [_picture.Pixels[source], _picture.Pixels[source + 1], _picture.Pixels[source + 2]];
        }
        if (draws.Grays)
            pixels = [.. pixels.Select(p => Math.Round(0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2]))
                .Select(v => (double[])[v, v, v])];
        if (draws.Jitters)
        {
            var mean = pixels.Average(p => p.Average());
            pixels = [.. pixels.Select(p => ShiftColour([.. p.Select(
                v => Math.Truncate(Math.Clamp(v * draws.Contrast + (draws.Brightness - 1) * mean, 0, 255)))], draws))];
        }
        return [.. pixels.SelectMany(p => p)];
    }

    private static double[] ShiftColour(double[] rgb, Draws draws)
    {
        double value = rgb.Max(), range = value - rgb.Min(), hue = 0;
        if (range > 0)
        {
            hue = value == rgb[0] ? (rgb[1] - rgb[2]) / range : value == rgb[1] ? 2 + (rgb[2] - rgb[0]) / range : 4
                + (rgb[0] - rgb[1]) / range;
            hue = Math.Round(30 * hue);
        }
        var saturation = value == 0 ? 0 : Math.Round(255 * range / value);
        hue = (hue + Math.Truncate(255 * draws.Hue) + 720) % 180;
        saturation = Math.Clamp(saturation + Math.Truncate(255 * draws.Saturation), 0, 255) / 255;
        // The standard's f(n) = V − V·S·max(0, min(k, 4 − k, 1)), k = (n + H/60°) mod 6, with steps of two degrees.
        return [.. ((double[])[5, 3, 1]).Select(n =>
        {
            var k = (n + hue / 30) % 6;
            return value - value * saturation * Math.Max(0, Math.Min(Math.Min(k, 4 - k), 1));
        })];
    }

    // In the order of the specification: box, phrase, flip, grey, jitter and its four numbers.
    private sealed record Draws(int Box, int Caption, bool Flips, bool Grays, bool Jitters, double Brightness,
        double Contrast, double Saturation, double Hue)
    {
        public static Draws Of(int epoch)
        {
            var random = new SeededRandom(Seed, 0x73616D706C65UL, (ulong)epoch, 0UL);
            int box = random.NextInt(Boxes.Length), caption = random.NextInt(Captions.Length);
            bool flips = random.NextDouble() < 0.5, grays = random.NextDouble() < 0.2,
                jitters = random.NextDouble() < 0.5;
            double Next(double a, double b) => jitters ? a + (b - a) * random.NextDouble() : 0;
            return new Draws(
                box, caption, flips, grays, jitters, Next(0.6, 1.4), Next(0.6, 1.4), Next(0.6, 1.4), Next(-0.4, 0.4));
        }
    }
}
