using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>
/// A JPEG decoded at a fraction of its size is near the whole one, and never smaller than what is wanted.
/// </summary>
[TestFixture]
internal sealed class ScaledJpegTests : FolderTests
{
    // Width, height and side that is wanted; 96 × 64 decoded at 3/8 is 36 × 24.
    [TestCase(96, 64, 24, true)]
    [TestCase(96, 64, 32, true)]
    [TestCase(96, 64, 57, false)]
    [TestCase(96, 64, 64, false)]
    [TestCase(40, 40, 48, false)]
    [TestCase(801, 599, 256, true)]
    public void It_is_near_the_mean_of_the_pixels_it_stands_for(int width, int height, int side, bool gains)
    {
        var (path, smooth) = Smooth(width, height);
        var views = ScaledJpeg.TryRead(path, [PictureTarget.Square(side, Resampling.Bilinear)], ExifOrientation.Apply);
        Assert.That(views is not null, Is.EqualTo(gains));
        if (views is null)
            return;
        Assert.That((views.Width, views.Height), Is.EqualTo((width, height)), "its own size is told");
        var expected = ImageOps.ResizeBilinear(smooth, side, side);
        Assert.That((views.Images[0].Width, views.Images[0].Height), Is.EqualTo((side, side)));
        Assert.That(Farthest(views.Images[0], expected), Is.LessThan(12), "grey levels, on a smooth picture");
    }

    [TestCase(ExifOrientation.Apply)]
    [TestCase(ExifOrientation.Ignore)]
    public void Orientation_is_that_of_the_whole_picture(ExifOrientation exif)
    {
        var (path, _) = Smooth(128, 48);
        byte[] jpeg = File.ReadAllBytes(path), turned = File.ReadAllBytes(TempFolder.Fixture("exif.jpg"));
        File.WriteAllBytes(path, [.. jpeg[..2], .. turned[2..38], .. jpeg[2..]]);
        // A target that is not square tells the sides apart.
        var target = PictureTarget.Centre(16);
        var fast = ScaledJpeg.TryRead(path, [target], exif)!;
        var (whole, _) = PictureFile.Read(path, [target], exif);
        Assert.That((fast.Width, fast.Height), Is.EqualTo((whole.Width, whole.Height)));
        Assert.That(Farthest(fast.Images[0], whole.Images[0]), Is.LessThan(12));
    }

    [Test]
    public void Others_are_left_to_the_whole_decoder()
    {
        var (path, smooth) = Smooth(96, 64);
        string png = _folder.PathOf("a.png"), cut = _folder.PathOf("cut.jpg");
        smooth.SavePng(png);
        File.WriteAllBytes(cut, File.ReadAllBytes(path)[..^100]);
        PictureTarget[] small = [PictureTarget.Square(16, Resampling.Bilinear)];
        foreach (var file in new[] { png, cut, _folder.Write("empty.jpg", ""), _folder.PathOf("missing.jpg") })
            Assert.That(ScaledJpeg.TryRead(file, small, ExifOrientation.Apply), Is.Null, file);
        var (views, damage) = PictureFile.Read(cut, small, fast: true);
        Assert.That(damage, Is.Not.Null);
        Assert.That(views.Images[0].Pixels, Is.EqualTo(PictureFile.Read(cut, small).Views.Images[0].Pixels));
        Assert.That(PictureFile.Read(png, small, fast: true).Views.Images[0].Pixels,
            Is.EqualTo(PictureFile.Read(png, small).Views.Images[0].Pixels));
    }

    private static int Farthest(RgbImage one, RgbImage other) =>
        one.Pixels.Zip(other.Pixels, (a, b) => Math.Abs(a - b)).Max();

    private (string Path, RgbImage Picture) Smooth(int width, int height)
    {
        var picture = new RgbImage(width, height);
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
            {
                var i = 3 * (y * width + x);
                picture.Pixels[i] = (byte)(40 + 170 * x / width);
                picture.Pixels[i + 1] = (byte)(60 + 150 * y / height);
                picture.Pixels[i + 2] = (byte)(200 - 90 * x / width - 60 * y / height);
            }
        }
        var path = _folder.PathOf($"{width}.jpg");
        picture.SaveJpeg(path, 98);
        return (path, picture);
    }
}
