using System.Runtime.InteropServices;
using AmcEngine.DataTools;
using NUnit.Framework;
using SkiaSharp;

namespace AmcEngine.Tests.DataTools;

/// <summary>A window of a JPEG has the pixels of the whole, and samples are the same however they are read.</summary>
[TestFixture]
internal sealed class JpegWindowTests : FolderTests
{
    // Colours that change from pixel to pixel: what is interpolated otherwise, or cut elsewhere, shows.
    [Test]
    public void It_has_the_pixels_of_the_whole([Values] SKJpegEncoderDownsample colours,
        [Values("97x83", "160x96", "500x375")] string size)
    {
        var (path, width, height) = Noise(size, colours);
        Compare(path, width, height);
    }

    [Test]
    public void Progressive_pictures_and_those_of_four_colours_too()
    {
        foreach (var path in new[] { Cases.Path("pictures", "progressive.jpg"), TempFolder.Fixture("cmyk.jpg") })
        {
            var whole = PictureFile.Read(path).Picture;
            Compare(path, whole.Width, whole.Height);
        }
    }

    private static void Compare(string path, int width, int height)
    {
        var whole = PictureFile.Read(path).Picture;
        var random = new SeededRandom(7);
        for (var i = 0; i < 40; i++)
        {
            var (w, h) = (1 + random.NextInt(width), 1 + random.NextInt(height));
            var window = new PictureWindow(random.NextInt(width - w + 1), random.NextInt(height - h + 1), w, h);
            var views = JpegWindow.TryRead(path, (_, _) => window, ExifOrientation.Apply, null)!;
            Assert.That((views.Width, views.Height, views.Window), Is.EqualTo((width, height, window)));
            Assert.That(views.Images[0].Pixels.SequenceEqual(
                ImageOps.Crop(whole, window.X, window.Y, w, h).Pixels), Is.True, $"{window}");
        }
    }

    [Test]
    public void At_a_fraction_of_the_size_it_is_no_smaller_than_needed_and_near()
    {
        var (path, width, height) = Noise("500x375", SKJpegEncoderDownsample.Downsample420, step: 40);
        var window = new PictureWindow(101, 52, 301, 250);
        var shown = JpegWindow.TryRead(path, (_, _) => window, ExifOrientation.Apply, 64)!.Images[0];
        Assert.That(shown.Width, Is.InRange(64, 120));
        Assert.That(shown.Height, Is.InRange(64, 100));
        var whole = PictureFile.Read(path).Picture;
        var expected = ImageOps.ResizeBicubic(ImageOps.Crop(whole, 101, 52, 301, 250), 64, 64);
        var far = ImageOps.ResizeBicubic(shown, 64, 64).Pixels
            .Zip(expected.Pixels, (a, b) => Math.Abs(a - b)).Average();
        Assert.That(far, Is.LessThan(6), "grey levels");
        // Where the window is needed larger than it is, it comes in its own size.
        Assert.That(JpegWindow.TryRead(path, (_, _) => window, ExifOrientation.Apply, 300)!.Images[0].Width,
            Is.EqualTo(301));
    }

    [Test]
    public void Others_are_left_to_what_reads_the_whole()
    {
        var (path, _, _) = Noise("97x83", SKJpegEncoderDownsample.Downsample420);
        string png = _folder.PathOf("a.png"), cut = _folder.PathOf("cut.jpg"), turned = _folder.PathOf("turned.jpg");
        PictureFile.Read(path).Picture.SavePng(png);
        byte[] jpeg = File.ReadAllBytes(path), exif = File.ReadAllBytes(TempFolder.Fixture("exif.jpg"));
        File.WriteAllBytes(cut, jpeg[..^100]);
        File.WriteAllBytes(turned, [.. jpeg[..2], .. exif[2..38], .. jpeg[2..]]);
        var target = PictureTarget.WholeOr((_, _) => new PictureWindow(3, 4, 50, 40), 32);
        foreach (var file in new[] { png, cut, turned })
        {
            var (views, damage) = PictureFile.Read(file, [target]);
            Assert.That(views.Window, Is.Null, file);
            Assert.That(views.Images[0].Pixels, Is.EqualTo(PictureFile.Read(file).Picture.Pixels), file);
            Assert.That(damage is not null, Is.EqualTo(file == cut), file);
        }
        Assert.That(PictureFile.Read(path, [target]).Views.Window, Is.Not.Null);
        Assert.That(PictureFile.Read(turned, [target], ExifOrientation.Ignore).Views.Window, Is.Not.Null);
    }

    /// <summary>The cache keeps whole pictures: the same draws, and the same pixels.</summary>
    [Test]
    public void Samples_are_those_of_whole_pictures()
    {
        var (path, _, _) = Noise("160x96", SKJpegEncoderDownsample.Downsample420);
        var file = _folder.PathOf("a.json");
        AnnotationFile.Save(file, [new RegionAnnotation(
            Path.GetFileName(path), ["one", "two"], [new Box(0, 0, 80, 60), new Box(50, 20, 140, 90)])]);
        AnnotationDataset Dataset(PictureOptions pictures) => new([file], _folder.Path, new AnnotationDatasetOptions
        {
            ImageSize = 32,
            Augmentation = AugmentationOptions.Albef,
            Pictures = pictures,
        });
        var windows = Dataset(new PictureOptions());
        var whole = Dataset(new PictureOptions { Cache = PictureCache.Open(_folder.PathOf("cache"), 1 << 30) });
        var fast = Dataset(new PictureOptions { FastDecode = true });
        var near = 0;
        for (var epoch = 0; epoch < 30; epoch++)
        {
            var (a, b, c) = (windows.Get(0, 3, epoch), whole.Get(0, 3, epoch), fast.Get(0, 3, epoch));
            Assert.That(a.Picture.Pixels, Is.EqualTo(b.Picture.Pixels), $"epoch {epoch}");
            Assert.That(a.Mask, Is.EqualTo(b.Mask), $"epoch {epoch}");
            Assert.That((a.Caption, c.Caption), Is.EqualTo((b.Caption, b.Caption)));
            Assert.That(c.Mask, Is.EqualTo(b.Mask), $"epoch {epoch}");
            if (!c.Picture.Pixels.SequenceEqual(b.Picture.Pixels)) near++;
        }
        Assert.That(near, Is.InRange(10, 30), "most windows are larger than what is wanted of them");
    }

    private (string Path, int Width, int Height) Noise(string size, SKJpegEncoderDownsample colours, int step = 1)
    {
        var sides = Array.ConvertAll(size.Split('x'), int.Parse);
        var (width, height) = (sides[0], sides[1]);
        var random = new SeededRandom((ulong)width);
        var pixels = new byte[4 * width * height];
        // Squares of one colour, so many pixels wide.
        var squares = Enumerable.Range(0, 3 * (width / step + 1) * (height / step + 1))
            .Select(_ => (byte)random.NextInt(256)).ToArray();
        for (var i = 0; i < width * height; i++)
        {
            var square = i % width / step + (width / step + 1) * (i / width / step);
            squares.AsSpan(3 * square, 3).CopyTo(pixels.AsSpan(4 * i));
            pixels[4 * i + 3] = 255;
        }
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Opaque));
        Marshal.Copy(pixels, 0, bitmap.GetPixels(), pixels.Length);
        using var map = bitmap.PeekPixels()!;
        using var data = map.Encode(new SKJpegEncoderOptions(90, colours, SKJpegEncoderAlphaOption.Ignore))!;
        var path = _folder.PathOf($"{size}-{colours}.jpg");
        File.WriteAllBytes(path, data.ToArray());
        return (path, width, height);
    }
}
