using AmcEngine.DataTools;
using NUnit.Framework;
using SkiaSharp;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
internal sealed class LargePictureTests
{
    private static readonly PictureTarget[] Targets =
    [
        PictureTarget.Whole,
        PictureTarget.Square(16, Resampling.Bilinear),
        PictureTarget.Square(16, Resampling.Bicubic),
        PictureTarget.Square(150, Resampling.Bilinear),
        PictureTarget.Square(150, Resampling.Bicubic),
        PictureTarget.Centre(16),
        PictureTarget.Centre(150),
        new((w, h) => (Math.Max(1, w / 2), Math.Max(1, h / 2)), Resampling.Bilinear),
        new((w, h) => (w, 40), Resampling.Bicubic),
        new((w, h) => (9, h), Resampling.Bicubic),
    ];

    private static IEnumerable<string> Pictures =>
        new[] { "alpha.png", "cmyk.jpg", "exif.jpg", "gray.png", "gray16.png", "palette.png", "pixel.png",
            "rgb16.png" }.Select(TempFolder.Fixture)
            .Concat(new[] { "exif6.jpg", "exif6.png", "exif6.webp", "gray16.png", "la.png", "pal_trans.png" }.Select(
                n => Cases.Path("pictures", n)));

    [TestCaseSource(nameof(Pictures))]
    public void Bands_give_what_the_whole_picture_gives(string path)
    {
        foreach (var exif in Enum.GetValues<ExifOrientation>())
            AssertSame(path, exif);
    }

    [Test]
    public void Every_orientation_gives_what_the_whole_picture_gives(
        [Range(1, 8)] int orientation, [Values(true, false)] bool big)
    {
        using var folder = new TempFolder();
        var path = folder.Write("o.jpg", WithOrientation(Jpeg(big ? 150 : 30, big ? 90 : 70), orientation));
        AssertSame(path, ExifOrientation.Apply);
        AssertSame(path, ExifOrientation.Ignore);
        var turned = LargePicture.TryRead(path, [PictureTarget.Whole], ExifOrientation.Apply, 0)!.Images[0];
        Assert.That(
            turned.Width > turned.Height, Is.EqualTo(big == orientation < 5), "the sides are exchanged from 5 on");
    }

    [TestCase("badcrc.png")]
    [TestCase("cut7.jpg")]
    [TestCase("cuthalf.jpg")]
    [TestCase("html.jpg")]
    [TestCase("none.jpg")]
    public void Damaged_and_missing_files_are_left_to_the_decoder_that_knows_them(string name) =>
        Assert.That(LargePicture.TryRead(Cases.Path("pictures", name), Targets, ExifOrientation.Apply, 0), Is.Null);

    [Test]
    public void Small_pictures_are_left_to_the_decoder_too() =>
        Assert.That(LargePicture.TryRead(TempFolder.Fixture("rgb16.png"), Targets, ExifOrientation.Apply), Is.Null);

    /// <summary>The whole picture would take nine million bytes.</summary>
    [Test]
    public void A_large_jpeg_is_never_held()
    {
        using var folder = new TempFolder();
        var path = folder.Write("large.jpg", Jpeg(2000, 1500));
        PictureTarget[] targets = [PictureTarget.Square(64, Resampling.Bilinear)];
        PictureFile.Read(path, targets);
        var before = GC.GetAllocatedBytesForCurrentThread();
        (var views, var damage) = PictureFile.Read(path, targets);
        Assert.That(GC.GetAllocatedBytesForCurrentThread() - before, Is.LessThan(1_500_000));
        Assert.That((views.Width, views.Height, damage), Is.EqualTo((2000, 1500, (string?)null)));
    }

    /// <summary>Rows one by one, in odd groups, and all at once.</summary>
    [TestCase(Resampling.Bilinear)]
    [TestCase(Resampling.Bicubic)]
    public void It_does_not_matter_how_many_rows_come_at_a_time(Resampling rule)
    {
        foreach ((var width, var height, var newWidth, var newHeight) in new[] { (13, 150, 7, 9), (7, 9, 20, 31),
            (8, 6, 4, 3), (5, 5, 5, 5), (6, 70, 6, 33), (70, 6, 33, 6), (3, 1, 2, 4) })
        {
            var pixels = new byte[width * height * 3];
            new Random(1).NextBytes(pixels);
            byte[][] results = [.. new[] { 1, 7, height }.Select(group =>
            {
                var rows = RowResampler.Create(rule, width, height, newWidth, newHeight);
                for (var y = 0; y < height; y += group)
                    rows.Push(pixels.AsSpan(y * width * 3, Math.Min(group, height - y) * width * 3));
                return rows.Result;
            })];
            Assert.That(results[0], Is.EqualTo(results[2]));
            Assert.That(results[1], Is.EqualTo(results[2]));
        }
    }

    private static void AssertSame(string path, ExifOrientation exif)
    {
        var bands = LargePicture.TryRead(path, Targets, exif, 0);
        var whole = PictureViews.Of(RgbImage.Load(path, exif), Targets);
        Assert.That(bands, Is.Not.Null, $"{path} is whole");
        Assert.That((bands!.Width, bands.Height), Is.EqualTo((whole.Width, whole.Height)));
        for (var i = 0; i < Targets.Length; i++)
        {
            Assert.That((bands.Images[i].Width, bands.Images[i].Height),
                Is.EqualTo((whole.Images[i].Width, whole.Images[i].Height)), $"target {i}");
            Assert.That(bands.Images[i].Pixels, Is.EqualTo(whole.Images[i].Pixels), $"target {i}");
        }
    }

    private static byte[] Jpeg(int width, int height)
    {
        var image = new RgbImage(width, height);
        for (var i = 0; i < image.Pixels.Length; i++)
            image.Pixels[i] = (byte)(i / 3 % width * 255 / width + i / 3 / width * 7 + i % 3 * 40);
        using var bitmap = image.ToBitmap();
        using var data = bitmap.Encode(SKEncodedImageFormat.Jpeg, 90);
        return data.ToArray();
    }

    // An EXIF segment with this one tag, behind the mark that begins a JPEG.
    private static byte[] WithOrientation(byte[] jpeg, int orientation) =>
    [
        .. jpeg[..2], 0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0,
        (byte)orientation, 0, 0, 0, 0, 0, 0, .. jpeg[2..],
    ];
}
