using System.Buffers.Binary;
using AmcEngine.DataTools;
using NUnit.Framework;
using SkiaSharp;

namespace AmcEngine.Tests.DataTools;

/// <summary>
/// What is read of pictures that are cut off or damaged. Expected levels of JPEG files are those of Pillow 9.4 with
/// LOAD_TRUNCATED_IMAGES, as the reference sets it.
/// </summary>
[TestFixture]
public class DamagedPictureTests
{
    private static readonly int[] Gray = [128, 128, 128];

    [Test]
    public void A_jpeg_cut_in_the_middle_is_grey_below_the_cut()
    {
        var read = PictureFile.Read(Cases.Path("pictures", "cuthalf.jpg"));
        int[][] middle = [.. Enumerable.Range(0, 8).Select(i => Pixel(read.Picture, 48, 8 * i))];
        Assert.Multiple(() =>
        {
            Assert.That(read.Damage, Does.Contain("cuthalf.jpg").And.Contain("cut off"));
            Assert.That(middle, Is.EqualTo(
                (int[][])[[39, 120, 199], [39, 120, 199], [111, 132, 151], Gray, Gray, Gray, Gray, Gray]));
        });
    }

    [Test]
    public void A_jpeg_that_lacks_its_last_bytes_is_read_to_the_last_row()
    {
        var read = PictureFile.Read(Cases.Path("pictures", "cut7.jpg"));
        Assert.That(read.Damage, Is.Not.Null);
        Assert.That(Pixel(read.Picture, 48, 56), Is.EqualTo((int[])[39, 121, 195]));
    }

    [TestCase(0.3, 123, 0, 90, 132, 192, 120)]
    [TestCase(0.6, 123, 2, 7, 120, 196, 106)]
    public void A_cut_progressive_jpeg_is_coarse_and_known_to_be_cut(
        double share, int r, int g, int b, int lastR, int lastG, int lastB)
    {
        var file = File.ReadAllBytes(Cases.Path("pictures", "progressive.jpg"));
        var read = PictureFile.Decode(file.AsSpan(0, (int)(file.Length * share)), "p.jpg");
        Assert.Multiple(() =>
        {
            Assert.That(read.Damage, Is.Not.Null, "Skia calls it a success");
            Assert.That(Pixel(read.Picture, 32, 0), Is.EqualTo((int[])[r, g, b]));
            Assert.That(Pixel(read.Picture, 32, 40), Is.EqualTo((int[])[lastR, lastG, lastB]));
            Assert.That(PictureFile.Decode(file, "p.jpg").Damage, Is.Null);
        });
    }

    [Test]
    public void What_follows_the_end_of_a_jpeg_does_not_make_it_cut()
    {
        // Phones append films, in which the bytes of a scan's mark occur.
        byte[] file = [.. File.ReadAllBytes(Cases.Path("pictures", "exif6.jpg")), 1, 2, 0xFF, 0xDA, 0, 8, 3, 4];
        Assert.That(PictureFile.Decode(file, "film.jpg").Damage, Is.Null);
    }

    [Test]
    public void A_thumbnail_does_not_hide_that_a_jpeg_is_cut()
    {
        var cut = File.ReadAllBytes(Cases.Path("pictures", "cuthalf.jpg"));
        var thumbnail = File.ReadAllBytes(Cases.Path("pictures", "exif6.jpg"));
        var length = thumbnail.Length + 2;
        // An APP5 segment that holds a whole JPEG, end mark included, right behind the start mark.
        byte[] file = [.. cut[..2], 0xFF, 0xE5, (byte)(length >> 8), (byte)length, .. thumbnail, .. cut[2..]];
        Assert.That(PictureFile.Decode(file, "thumb.jpg").Damage, Is.Not.Null);
    }

    [TestCase(0.2)]
    [TestCase(0.5)]
    [TestCase(0.9)]
    public void A_cut_png_is_exact_above_and_grey_below(double share)
    {
        var whole = Ramp(32, 24);
        var file = PngWriter.Write(whole);
        var read = PictureFile.Decode(file.AsSpan(0, (int)(file.Length * share)), "a.png");
        var rows = Enumerable.Range(0, 24).TakeWhile(y => Row(read.Picture, y).SequenceEqual(Row(whole, y))).Count();
        Assert.Multiple(() =>
        {
            Assert.That(read.Damage, Is.Not.Null);
            // The file is stored: a share of its bytes is about the same share of its rows.
            Assert.That(rows, Is.InRange(24 * share - 2, 24 * share + 1));
            Assert.That(read.Picture.Pixels.Skip(rows * 96), Has.All.EqualTo((byte)128));
        });
    }

    [Test]
    public void A_cut_interlaced_png_is_coarse()
    {
        var whole = Ramp(32, 24);
        var file = PngWriter.Write(whole, interlaced: true);
        Assert.That(PictureFile.Decode(file, "a.png").Picture.Pixels, Is.EqualTo(whole.Pixels));
        var read = PictureFile.Decode(file.AsSpan(0, file.Length / 2), "a.png");
        Assert.That(read.Damage, Is.Not.Null);
        var worst = Enumerable.Range(0, whole.Pixels.Length).Max(
            i => Math.Abs(whole.Pixels[i] - read.Picture.Pixels[i]));
        Assert.That(
            worst, Is.InRange(1, 48), "pixels of the first passes stand for their neighbours: no grey, no black");
    }

    [TestCase(2)]
    [TestCase(500)]
    public void A_png_with_wrong_checksums_only_is_read_whole(int split)
    {
        var whole = Ramp(32, 24);
        var file = PngWriter.Write(whole);
        // The chunk of pixels follows the signature and the header; here it is cut in two, neither with its checksum.
        const int chunk = 8 + 25;
        var length = BinaryPrimitives.ReadInt32BigEndian(file.AsSpan(chunk));
        var data = file[(chunk + 8)..(chunk + 8 + length)];
        byte[] cut =
        [
            .. file[..chunk], .. Chunk(data[..split]), .. Chunk(data[split..]), .. file[(chunk + 12 + length)..]
        ];
        var read = PictureFile.Decode(cut, "a.png");
        Assert.That(read.Damage, Is.Not.Null);
        Assert.That(read.Picture.Pixels, Is.EqualTo(whole.Pixels));

        static byte[] Chunk(byte[] part)
        {
            var size = new byte[4];
            BinaryPrimitives.WriteInt32BigEndian(size, part.Length);
            return [.. size, .. "IDAT"u8, .. part, 0, 0, 0, 0];
        }
    }

    [Test]
    public void A_png_without_its_end_is_whole()
    {
        Assert.That(PictureFile.Read(Cases.Path("pictures", "noiend.png")).Damage, Is.Null);
    }

    [TestCase(SKEncodedImageFormat.Webp)]
    public void A_cut_webp_is_grey_below_the_cut(SKEncodedImageFormat format)
    {
        var whole = Ramp(64, 64);
        using var bitmap = whole.ToBitmap();
        using var data = bitmap.Encode(format, 90);
        var file = data.ToArray();
        var read = PictureFile.Decode(file.AsSpan(0, file.Length * 8 / 10), "a.webp");
        Assert.Multiple(() =>
        {
            Assert.That(read.Damage, Is.Not.Null);
            Assert.That(Math.Abs(Pixel(read.Picture, 30, 0)[0] - Pixel(whole, 30, 0)[0]), Is.LessThan(12));
            Assert.That(Row(read.Picture, 63), Has.All.EqualTo((byte)128));
        });
    }

    [Test]
    public void A_cut_bmp_lacks_its_upper_rows()
    {
        // Rows of a BMP come from the bottom up. 4 × 4, blue, 24 bits.
        byte[] file =
        [
            0x42, 0x4D, 102, 0, 0, 0, 0, 0, 0, 0, 54, 0, 0, 0, 40, 0, 0, 0, 4, 0, 0, 0, 4, 0, 0, 0, 1, 0, 24, 0, 0, 0,
            0, 0, 48, 0, 0, 0, .. new byte[16], .. Enumerable.Repeat((byte[])[255, 0, 0], 8).SelectMany(p => p)
        ];
        var read = PictureFile.Decode(file, "a.bmp");
        Assert.Multiple(() =>
        {
            Assert.That(read.Damage, Is.Not.Null);
            Assert.That(Pixel(read.Picture, 1, 0), Is.EqualTo(Gray));
            Assert.That(Pixel(read.Picture, 1, 3), Is.EqualTo((int[])[0, 0, 255]));
        });
    }

    [TestCase("badcrc.png", "damaged")]
    [TestCase("html.jpg", "not a picture")]
    [TestCase("none.jpg", "not found")]
    public void What_gives_no_pixel_is_an_error_of_its_kind(string name, string reason)
    {
        var e = Assert.Throws<UnreadablePictureException>(() => PictureFile.Read(Cases.Path("pictures", name)))!;
        Assert.That(e.Message, Does.Contain(name).And.Contain(reason).And.Not.Contain("\n"));
    }

    [Test]
    public void A_picture_that_ends_before_its_first_pixel_is_undecodable()
    {
        byte[] jpeg = File.ReadAllBytes(Cases.Path("pictures", "cuthalf.jpg")), png = PngWriter.Write(Ramp(8, 8));
        int scan = jpeg.AsSpan().LastIndexOf((ReadOnlySpan<byte>)[0xFF, 0xDA]), data = png.AsSpan().IndexOf("IDAT"u8);
        Assert.That(
            () => PictureFile.Decode(jpeg.AsSpan(0, scan), "a.jpg"), Throws.TypeOf<UnreadablePictureException>());
        Assert.That(
            () => PictureFile.Decode(png.AsSpan(0, data + 4), "a.png"), Throws.TypeOf<UnreadablePictureException>());
    }

    [TestCase("exif6.jpg")]
    [TestCase("exif6.png")]
    [TestCase("exif6.webp")]
    public void Orientation_is_applied_or_ignored_in_every_format(string name)
    {
        var path = Cases.Path("pictures", name);
        RgbImage upright = RgbImage.Load(path), stored = RgbImage.Load(path, ExifOrientation.Ignore);
        Assert.Multiple(() =>
        {
            Assert.That((upright.Width, upright.Height), Is.EqualTo((64, 96)));
            Assert.That((stored.Width, stored.Height), Is.EqualTo((96, 64)));
            // Orientation 6: the first row is the right side.
            for (var i = 0; i < 64; i += 9)
                Assert.That(Pixel(upright, 63 - i, 5), Is.EqualTo(Pixel(stored, 5, i)));
        });
    }

    [Test]
    public void Every_orientation_of_a_png_matches_that_of_a_jpeg(
        [Range(1, 8)] int orientation, [Values] bool bigEndian)
    {
        var jpeg = File.ReadAllBytes(TempFolder.Fixture("exif.jpg"));
        jpeg[jpeg.AsSpan().IndexOf((ReadOnlySpan<byte>)[0x01, 0x12, 0, 3, 0, 0, 0, 1]) + 9] = (byte)orientation;
        var stored = RgbImage.Decode(jpeg, "jpeg", ExifOrientation.Ignore);
        // Another tag first, so that the directory is searched.
        byte[] exif = bigEndian
            ? [.. "MM"u8, 0, 42, 0, 0, 0, 8, 0, 2, 1, 0, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0, 1, 0x12, 0, 3, 0, 0, 0, 1, 0,
                (byte)orientation, 0, 0, 0, 0, 0, 0]
            : [.. "II"u8, 42, 0, 8, 0, 0, 0, 2, 0, 0, 1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0, 0x12, 1, 3, 0, 1, 0, 0, 0,
                (byte)orientation, 0, 0, 0, 0, 0, 0, 0];
        RgbImage png = RgbImage.Decode(PngWriter.Write(stored, exif: exif), "png"),
            expected = RgbImage.Decode(jpeg, "jpeg");
        Assert.That((png.Width, png.Height), Is.EqualTo((expected.Width, expected.Height)));
        Assert.That(png.Pixels, Is.EqualTo(expected.Pixels));
    }

    [TestCase(new byte[] { })]
    [TestCase(new byte[] { 0x4D, 0x4D, 0, 42 })]
    [TestCase(new byte[] { 0x4D, 0x4D, 0, 42, 0xFF, 0xFF, 0xFF, 0xFF })]
    [TestCase(new byte[] { 0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0xFF, 0xFF, 1, 0x12 })]
    [TestCase(new byte[] { 0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 9, 0, 0 })]
    public void Broken_exif_data_turns_nothing(byte[] exif)
    {
        var whole = Ramp(8, 4);
        Assert.That(RgbImage.Decode(PngWriter.Write(whole, exif: exif), "a.png").Pixels, Is.EqualTo(whole.Pixels));
    }

    private static int[] Pixel(RgbImage picture, int x, int y) =>
        [.. picture.Pixels.AsSpan((y * picture.Width + x) * 3, 3).ToArray().Select(v => (int)v)];

    private static byte[] Row(RgbImage picture, int y) =>
        picture.Pixels[(y * picture.Width * 3)..((y + 1) * picture.Width * 3)];

    private static RgbImage Ramp(int width, int height)
    {
        var image = new RgbImage(width, height);
        for (var i = 0; i < width * height; i++)
            (image.Pixels[3 * i], image.Pixels[3 * i + 1], image.Pixels[3 * i + 2]) =
                ((byte)(i % width * 3), (byte)(i / width * 3), 10);
        return image;
    }
}
