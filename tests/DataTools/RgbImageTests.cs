using AmcEngine.DataTools;
using AmcEngine.Files;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
internal sealed class RgbImageTests : FolderTests
{
    [TestCase("pixel.png", 1, 1, 10, 20, 30, 0)]
    [TestCase("rgb16.png", 3, 2, 200, 100, 50, 0)]
    [TestCase("palette.png", 3, 2, 128, 128, 128, 1)]
    [TestCase("alpha.png", 3, 2, 255, 127, 127, 1)]
    [TestCase("cmyk.jpg", 8, 8, 200, 100, 50, 3)]
    public void Every_kind_of_picture_becomes_8_bit_rgb(
        string name, int width, int height, int r, int g, int b, int tolerance)
    {
        var image = RgbImage.Load(TempFolder.Fixture(name));

        Assert.That((image.Width, image.Height), Is.EqualTo((width, height)));
        for (var i = 0; i < image.Pixels.Length; i += 3)
        {
            Assert.That(image.Pixels[i], Is.EqualTo(r).Within(tolerance), "red");
            Assert.That(image.Pixels[i + 1], Is.EqualTo(g).Within(tolerance), "green");
            Assert.That(image.Pixels[i + 2], Is.EqualTo(b).Within(tolerance), "blue");
        }
    }

    [TestCase("gray.png")]
    [TestCase("gray16.png")]
    public void Gray_pictures_get_three_equal_channels(string name)
    {
        var image = RgbImage.Load(TempFolder.Fixture(name));
        Assert.That(
            image.Pixels, Is.EqualTo((byte[])[0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255, 255, 255, 255, 255, 255, 255, 255]));
    }

    // Where the red top left quarter of a 16×8 picture comes to lie.
    [TestCase(1, 16, "top left")]
    [TestCase(2, 16, "top right")]
    [TestCase(3, 16, "bottom right")]
    [TestCase(4, 16, "bottom left")]
    [TestCase(5, 8, "top left")]
    [TestCase(6, 8, "top right")]
    [TestCase(7, 8, "bottom right")]
    [TestCase(8, 8, "bottom left")]
    public void Exif_orientation_is_applied(int orientation, int width, string corner)
    {
        var file = File.ReadAllBytes(TempFolder.Fixture("exif.jpg"));
        var entry = file.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x01, 0x12, 0, 3, 0, 0, 0, 1]);
        file[entry + 9] = (byte)orientation;
        var image = RgbImage.Decode(file, "exif");
        var x = corner.EndsWith("left", StringComparison.Ordinal) ? 0 : width - 1;
        var y = corner.StartsWith("top", StringComparison.Ordinal) ? 0 : image.Height - 1;
        Assert.Multiple(() =>
        {
            Assert.That((image.Width, image.Height), Is.EqualTo((width, 128 / width)));
            for (var i = 0; i < 4; i++)
            {
                (var cx, var cy) = (i % 2 * (width - 1), i / 2 * (image.Height - 1));
                Assert.That(
                    image.Pixels[(cy * width + cx) * 3] > 128, Is.EqualTo((cx, cy) == (x, y)), $"red at {cx}, {cy}");
            }
        });
    }

    [Test]
    public void A_missing_file_is_named() =>
        AssertFails(_folder.PathOf("none.png"), "none.png: picture not found");

    [Test]
    public void A_folder_is_not_a_picture() => AssertFails(_folder.Path, "cannot be read");

    [Test]
    public void An_empty_file_is_named() => AssertFails(_folder.Write("a.png", ""), "a.png: the picture is empty");

    [Test]
    public void Text_is_not_a_picture() => AssertFails(_folder.Write("a.jpg", "hello"), "a.jpg: not a picture");

    [TestCase("big.jpg")]
    [TestCase("big.png")]
    public void A_cut_off_picture_is_named(string name)
    {
        var path = _folder.PathOf(name);
        var noise = Noise(40, 30);
        if (name.EndsWith(".png", StringComparison.Ordinal))
            noise.SavePng(path);
        else
            noise.SaveJpeg(path);
        var bytes = File.ReadAllBytes(path);
        foreach (var share in (double[])[0.5, 0.9])
            AssertFails(_folder.Write(name, bytes[..(int)(bytes.Length * share)]), $"{name}: the picture is");
    }

    [Test]
    public void Png_keeps_every_pixel_and_leaves_no_temporary_file()
    {
        var image = Noise(7, 5);
        var path = _folder.PathOf("a.png");
        image.SavePng(path);
        image.SavePng(path);
        Assert.Multiple(() =>
        {
            Assert.That(RgbImage.Load(path).Pixels, Is.EqualTo(image.Pixels));
            Assert.That(Directory.GetFiles(_folder.Path), Is.EqualTo((string[])[path]));
        });
    }

    [Test]
    public void Jpeg_comes_back_close()
    {
        var image = new RgbImage(16, 16);
        Array.Fill(image.Pixels, (byte)120);
        image.SaveJpeg(_folder.PathOf("a.jpg"));
        Assert.That(RgbImage.Load(_folder.PathOf("a.jpg")).Pixels, Has.All.InRange(117, 123));
    }

    [Test]
    public void Saving_below_a_file_fails_in_one_line()
    {
        var path = Path.Combine(_folder.Write("file", "x"), "a.png");
        var e = Assert.Throws<FileWriteException>(() => Noise(2, 2).SavePng(path))!;
        Assert.That(e.Message, Does.Contain("cannot be written").And.Not.Contain("\n"));
    }

    [Test]
    public void Skia_bitmaps_go_back_and_forth()
    {
        var image = Noise(6, 4);
        using var bitmap = image.ToBitmap();
        Assert.That(RgbImage.FromBitmap(bitmap).Pixels, Is.EqualTo(image.Pixels));
    }

    [Test]
    public void Wrong_sizes_are_rejected()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => new RgbImage(0, 3), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new RgbImage(2, 2, new byte[5]), Throws.ArgumentException);
            Assert.That(
                () => ImageOps.ResizeBilinear(new RgbImage(2, 2), 0, 1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => ImageOps.Normalize(new RgbImage(1, 1), [0, 0, 0], [1, 0, 1], new float[3]),
                Throws.ArgumentException);
            Assert.That(() => ImageOps.Normalize(new RgbImage(1, 1), [0, 0, 0], [1, 1, 1], new float[4]),
                Throws.ArgumentException);
        });
    }

    [Test]
    public void Normalize_is_channels_first()
    {
        var image = new RgbImage(2, 1, [255, 0, 51, 0, 255, 102]);
        var numbers = new float[6];
        ImageOps.Normalize(image, [0.5f, 0f, 0f], [0.5f, 1f, 0.2f], numbers);
        Closeness.ElementsAreClose("normalised", [.. numbers], [1, -1, 0, 1, 1, 2], 1e-7);
    }

    [Test]
    public void Exact_halving_averages_as_OpenCV_does()
    {
        // Two by two values a channel, mean rounded half up: (1 + 2 + 3 + 4 + 2) / 4 = 3.
        var image = new RgbImage(2, 2, [1, 10, 0, 2, 10, 0, 3, 10, 255, 4, 11, 255]);
        Assert.That(ImageOps.ResizeBilinear(image, 1, 1).Pixels, Is.EqualTo((byte[])[3, 10, 128]));
    }

    [Test]
    public void One_pixel_grows_to_a_plain_picture()
    {
        var image = new RgbImage(1, 1, [7, 100, 255]);
        byte[] expected = [.. Enumerable.Repeat(image.Pixels, 12).SelectMany(p => p)];
        Assert.That(ImageOps.ResizeBicubic(image, 4, 3).Pixels, Is.EqualTo(expected));
        // OpenCV's rows beyond the edge may lose one level.
        Assert.That(ImageOps.ResizeBilinear(image, 4, 3).Pixels.Zip(expected, (a, b) => b - a), Has.All.InRange(0, 1));
    }

    [Test]
    public void Flips_mirror_picture_and_mask()
    {
        Assert.Multiple(() =>
        {
            Assert.That(ImageOps.FlipHorizontal(new RgbImage(2, 1, [1, 2, 3, 4, 5, 6])).Pixels,
                Is.EqualTo((byte[])[4, 5, 6, 1, 2, 3]));
            Assert.That(ImageOps.FlipHorizontal([1, 0, 0, 0, 1, 0], 3, 2), Is.EqualTo((float[])[0, 0, 1, 0, 1, 0]));
        });
    }

    [Test]
    public void Jitter_adds_a_share_of_the_mean_and_truncates()
    {
        // Mean 60; 1.3 · 60 + (1.25 − 1) · 60 = 93; grey has no hue, and saturation is not moved.
        var image = new RgbImage(1, 1, [60, 60, 60]);
        Assert.That(ImageOps.ColorJitter(image, 1.25, 1.31, 0, 0).Pixels, Is.EqualTo((byte[])[93, 93, 93]));
    }

    [Test]
    public void Jitter_colours_grey_pixels_as_the_recipe_does()
    {
        // Saturation 153 or more is added: hue 0 (red), so green and blue fall.
        var pixels = ImageOps.ColorJitter(new RgbImage(1, 1, [200, 200, 200]), 1, 1, 0.6, 0).Pixels;
        Assert.That(pixels, Is.EqualTo((byte[])[200, 80, 80]));
    }

    private static RgbImage Noise(int width, int height)
    {
        var image = new RgbImage(width, height);
        var random = new SeededRandom(1);
        for (var i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)random.NextInt(256);
        return image;
    }

    private static void AssertFails(string path, string message)
    {
        var e = Assert.Throws<UnreadablePictureException>(() => RgbImage.Load(path))!;
        Assert.That(e.Message, Does.Contain(message).And.Not.Contain("\n"));
    }
}
