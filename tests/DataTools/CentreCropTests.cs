using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>The geometry of CLIP's own preparation of a picture, worked out by hand.</summary>
[TestFixture]
internal sealed class CentreCropTests
{
    // 640×480 to 224: 224·640/480 = 298.67, so 298; (298 − 224)/2 = 37 are cut at either side. In the picture these are
    // 37·640/298 = 79.46 and 261·640/298 = 560.54 pixels.
    [TestCase(640, 480, 224, 298, 224, 79, 0, 482, 480)]
    // 300×500 to 4: 4·500/300 = 6.67, so 6; one row is cut at either end: 500/6 = 83.33 and 5·500/6 = 416.67.
    [TestCase(300, 500, 4, 4, 6, 0, 83, 300, 334)]
    // Halves go to even: of (8 − 5)/2 = 1.5 columns two are cut on the left, of (6 − 5)/2 = 0.5 none.
    [TestCase(8, 5, 5, 8, 5, 2, 0, 5, 5)]
    [TestCase(6, 5, 5, 6, 5, 0, 0, 5, 5)]
    // A square is seen as a whole.
    [TestCase(50, 50, 16, 16, 16, 0, 0, 50, 50)]
    public void The_square_lies_in_the_middle(
        int width, int height, int side, int resizedWidth, int resizedHeight, int x, int y,
        int seenWidth, int seenHeight)
    {
        var crop = new CentreCrop(side);
        Assert.That(crop.Resized(width, height), Is.EqualTo((resizedWidth, resizedHeight)));
        Assert.That(crop.Window(width, height), Is.EqualTo((x, y, seenWidth, seenHeight)));
    }

    [Test]
    public void What_is_cut_out_are_the_pixels_of_the_resized_picture_in_the_middle([Values] bool wide)
    {
        var picture = wide ? Numbered(6, 2) : Numbered(2, 6);
        var seen = PictureViews.Of(picture, [PictureTarget.Centre(2)]);
        Assert.That((seen.Width, seen.Height), Is.EqualTo((picture.Width, picture.Height)));
        Assert.That((seen.Images[0].Width, seen.Images[0].Height), Is.EqualTo((2, 2)));
        // Already of the right size: columns 2 and 3 of both rows, or rows 2 and 3.
        byte[] expected = wide ? [2, 3, 8, 9] : [4, 5, 6, 7];
        Assert.That(seen.Images[0].Pixels.Where((_, i) => i % 3 == 0), Is.EqualTo(expected));
    }

    [Test]
    public void The_resizing_before_is_bicubic()
    {
        var picture = Numbered(12, 4);
        var whole = ImageOps.ResizeBicubic(picture, 6, 2);
        byte[] expected =
            [.. Enumerable.Range(0, 2).SelectMany(y => whole.Pixels[((y * 6 + 2) * 3)..((y * 6 + 4) * 3)])];
        Assert.That(PictureViews.Of(picture, [PictureTarget.Centre(2)]).Images[0].Pixels, Is.EqualTo(expected));
    }

    [Test]
    public void A_picture_too_narrow_is_refused() => Assert.That(
        () => new CentreCrop(336).Resized(1, 60_000), Throws.TypeOf<DataException>().With.Message.Contains("1×60000"));

    // The first channel of each pixel is its number.
    private static RgbImage Numbered(int width, int height)
    {
        var image = new RgbImage(width, height);
        for (var i = 0; i < width * height; i++)
            image.Pixels[3 * i] = (byte)i;
        return image;
    }
}
