using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>
/// What is computed several values at a time against one value at a time, at sizes around those of the vectors.
/// </summary>
[TestFixture]
internal sealed class VectorPathTests
{
    // One channel alone takes the plain way.
    [Test]
    public void A_channel_is_resized_as_it_is_alone([Values] Resampling rule)
    {
        (int Width, int Height, int NewWidth, int NewHeight)[] sizes =
            [(1, 1, 7, 5), (2, 3, 9, 2), (5, 4, 3, 8), (17, 9, 6, 5), (40, 33, 11, 13), (13, 21, 33, 40),
                (64, 5, 5, 64), (100, 37, 99, 36), (50, 60, 50, 23), (50, 60, 19, 60)];
        foreach (var (width, height, newWidth, newHeight) in sizes)
        {
            var pixels = Noise(width * height * 3, seed: width);
            var all = Resize(pixels, 3);
            for (var c = 0; c < 3; c++)
                Assert.That(Channel(all, c), Is.EqualTo(Resize(Channel(pixels, c), 1)),
                    $"{width}×{height} to {newWidth}×{newHeight}, channel {c}");

            byte[] Resize(byte[] source, int channels) => rule == Resampling.Bicubic
                ? BicubicResampler.Resize(source, width, height, channels, newWidth, newHeight)
                : BilinearResampler.Resize(source, width, height, channels, newWidth, newHeight);
        }
    }

    [Test]
    public void A_mirrored_row_is_the_row_backwards()
    {
        for (var width = 1; width < 40; width++)
        {
            var image = new RgbImage(width, 2, Noise(width * 6, seed: width));
            var mirrored = ImageOps.FlipHorizontal(image);
            for (var i = 0; i < image.Pixels.Length; i++)
            {
                int y = i / (3 * width), x = i / 3 % width, c = i % 3;
                Assert.That(mirrored.Pixels[i], Is.EqualTo(image.Pixels[3 * (y * width + width - 1 - x) + c]),
                    $"width {width}, value {i}");
            }
        }
    }

    [Test]
    public void Opaque_pixels_beside_transparent_ones_are_laid_on_white()
    {
        for (var count = 1; count < 60; count++)
        {
            var rgba = Noise(4 * count, seed: count);
            // Runs of opaque pixels of every length.
            for (var i = 0; i < count; i++)
                rgba[4 * i + 3] = i % 13 < count % 13 ? (byte)255 : rgba[4 * i + 3];
            var rgb = new byte[3 * count];
            ImageDecoder.OnWhite(rgba, rgb);
            for (var i = 0; i < rgb.Length; i++)
            {
                int value = rgba[i / 3 * 4 + i % 3], alpha = rgba[i / 3 * 4 + 3];
                Assert.That(rgb[i], Is.EqualTo((int)Math.Round((value * alpha + 255 * (255 - alpha)) / 255.0)),
                    $"{count} pixels, value {i}");
            }
        }
    }

    // By whole pixels nothing is mixed: inside of the picture and at its edges.
    [TestCase(0, 0)]
    [TestCase(3, -2)]
    [TestCase(-1, 5)]
    public void A_picture_that_is_shifted_keeps_its_pixels(int dx, int dy)
    {
        foreach (var (width, height) in new[] { (1, 1), (2, 2), (3, 4), (9, 7), (20, 11) })
        {
            var image = new RgbImage(width, height, Noise(width * height * 3, seed: width));
            var moved = AugmentOps.Warp(image, AffineMap.Shift(dx, dy));
            for (var i = 0; i < image.Pixels.Length; i++)
            {
                int x = i / 3 % width - dx, y = i / (3 * width) - dy;
                var inside = x >= 0 && y >= 0 && x < width && y < height;
                Assert.That(moved.Pixels[i], Is.EqualTo(inside ? image.Pixels[3 * (y * width + x) + i % 3] : 128));
            }
        }
    }

    // Where a picture is turned, each channel is mixed of its own pixels alone; all borders are the same grey.
    [Test]
    public void A_turned_picture_mixes_the_pixels_of_each_channel()
    {
        var pixels = Noise(23 * 19 * 3, seed: 1);
        var map = AffineMap.Rotation(21, 23, 19);
        var all = AugmentOps.Warp(new RgbImage(23, 19, pixels), map).Pixels;
        for (var c = 0; c < 3; c++)
        {
            var only = pixels.Select((v, i) => i % 3 == c ? v : (byte)0).ToArray();
            var alone = AugmentOps.Warp(new RgbImage(23, 19, only), map).Pixels;
            Assert.That(Channel(alone, c), Is.EqualTo(Channel(all, c)));
        }
    }

    private static byte[] Channel(byte[] pixels, int c) => [.. pixels.Where((_, i) => i % 3 == c)];

    private static byte[] Noise(int count, int seed)
    {
        var random = new SeededRandom((ulong)seed);
        // The ends of the range as often as all between: sums that leave it are cut.
        return [.. Enumerable.Range(0, count).Select(
            _ => random.Chance(0.5) ? (byte)random.NextInt(256) : random.Chance(0.5) ? (byte)0 : (byte)255)];
    }
}
