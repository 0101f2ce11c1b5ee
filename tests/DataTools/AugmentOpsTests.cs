using System.Security.Cryptography;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

/// <summary>
/// RandAugment's operations beside what NumPy 1.24 and OpenCV 4.6 make of the same picture: hashes of their pixels, so
/// that not one level may differ.
/// </summary>
[TestFixture]
internal sealed class AugmentOpsTests : FolderTests
{
    private const int Width = 40;
    private const int Height = 30;
    private const float Shear = 0.21f;

    // The third channel holds no 0.
    private static RgbImage Picture
    {
        get
        {
            var picture = new RgbImage(Width, Height);
            for (var i = 0; i < picture.Pixels.Length; i++)
            {
                var value = (byte)((i * 37 + i * i / 7) % 256);
                picture.Pixels[i] = i % 3 == 2 ? Math.Max(value, (byte)9) : value;
            }
            return picture;
        }
    }

    [Test]
    public void Levels_are_those_of_numpy_and_opencv()
    {
        var darker = Picture;
        for (var i = 0; i < darker.Pixels.Length; i++)
            darker.Pixels[i] = i % 3 == 1 ? (byte)7 : Math.Min(darker.Pixels[i], (byte)200);
        var contrast = AugmentOps.AutoContrast(Picture);
        Assert.Multiple(() =>
        {
            Assert.That(Hash(Picture), Is.EqualTo("86d166fea9463634"), "the same picture");
            Assert.That(Hash(contrast), Is.EqualTo("ec9ca9f063c4f547"));
            Assert.That(contrast.Pixels.Where((_, i) => i % 3 == 2), Is.All.EqualTo(255), "white where no 0 is");
            Assert.That(Hash(AugmentOps.AutoContrast(darker)), Is.EqualTo("3f962986be8335cd"));
            Assert.That(Hash(AugmentOps.Equalize(Picture)), Is.EqualTo("4e1a0e8fbf86cf90"));
            Assert.That(Hash(AugmentOps.Brightness(Picture, 1.36f)), Is.EqualTo("210187fc611e0e71"));
            Assert.That(Hash(AugmentOps.Sharpness(Picture, 1.36f)), Is.EqualTo("04c1f1ca70a2a1de"));
        });
    }

    [TestCase("shear x", +1, "b5f5512be0673985")]
    [TestCase("shear x", -1, "b81857f560b2428b")]
    [TestCase("shear y", +1, "87c61daa17e5ddb5")]
    [TestCase("shear y", -1, "cfcf54fe2c5d1098")]
    [TestCase("shift x", -1, "2a51a8abd2202cbe")]
    [TestCase("shift x", +1, "e7200b1f4e0ac368")]
    [TestCase("shift y", -1, "ba9378bd72e25cff")]
    [TestCase("shift y", +1, "f808d9e666be83f7")]
    [TestCase("rotation", +1, "b7b1bdf8d21f99b6")]
    [TestCase("rotation", -1, "4fe1f227c81d4a38")]
    public void Moved_pixels_are_those_of_opencv(string what, int sign, string hash) =>
        Assert.That(Hash(AugmentOps.Warp(Picture, Map(what, sign))), Is.EqualTo(hash));

    [TestCase("shear x", +1)]
    [TestCase("shear y", -1)]
    [TestCase("shift x", +1)]
    [TestCase("shift y", -1)]
    [TestCase("rotation", +1)]
    [TestCase("rotation", -1)]
    public void A_region_moves_with_its_picture(string what, int sign)
    {
        // A bright box on the border's grey: where the picture is bright, there the mask is.
        var picture = new RgbImage(Width, Height);
        Array.Fill(picture.Pixels, (byte)128);
        var mask = RegionMask.Of([new Box(14, 9, 27, 21)], Width, Height).Values;
        for (var i = 0; i < picture.Pixels.Length; i++)
            if (mask[i / 3] > 0) picture.Pixels[i] = 248;
        var map = Map(what, sign);
        var moved = AugmentOps.Warp(mask, Width, Height, map);
        var pixels = AugmentOps.Warp(picture, map).Pixels;
        var differing = Enumerable.Range(0, mask.Length).Count(i => (pixels[3 * i] > 188) != (moved[i] > 0));
        Assert.That(moved.Sum(), Is.EqualTo(13 * 12).Within(13));
        Assert.That(moved.SequenceEqual(mask), Is.False);
        Assert.That(differing, Is.LessThanOrEqualTo(what == "rotation" ? 6 : 0), "pixels half in and half out");
    }

    [Test]
    public void Crops_have_the_shares_and_shapes_of_torchvision_and_the_middle_where_none_fits()
    {
        var random = new SeededRandom(3);
        List<double> shares = [], shapes = [], places = [];
        for (var i = 0; i < 4000; i++)
        {
            var (x, y, w, h) = RandomCrop.Draw(500, 400, 0.2, random);
            Assert.That(x >= 0 && y >= 0 && x + w <= 500 && y + h <= 400);
            shares.Add(w * h / 200_000.0);
            shapes.Add((double)w / h);
            if (w < 500) places.Add(x / (500.0 - w));
        }
        Assert.Multiple(() =>
        {
            Assert.That(shares.Min(), Is.InRange(0.195, 0.21));
            Assert.That(shares.Max(), Is.GreaterThan(0.97));
            Assert.That(shapes.Min(), Is.InRange(0.745, 0.76));
            Assert.That(shapes.Max(), Is.InRange(1.32, 1.34));
            Assert.That(places.Average(), Is.EqualTo(0.5).Within(0.02));
            // No window of the whole area is as narrow as these.
            Assert.That(RandomCrop.Draw(1000, 10, 0.99, random), Is.EqualTo(new PictureWindow(493, 0, 13, 10)));
            Assert.That(RandomCrop.Draw(10, 1000, 0.99, random), Is.EqualTo(new PictureWindow(0, 493, 10, 13)));
        });
    }

    [Test]
    public void Albefs_samples_are_crops_with_their_part_of_the_region()
    {
        // The left half is red and the phrase's region; the right half is blue.
        var picture = new RgbImage(64, 48);
        for (var i = 0; i < picture.Pixels.Length; i += 3)
            picture.Pixels[i / 3 % 64 < 32 ? i : i + 2] = 255;
        picture.SavePng(_folder.PathOf("a.png"));
        var file = _folder.PathOf("a.json");
        AnnotationFile.Save(file, [new RegionAnnotation("a.png", ["red"], [new Box(0, 0, 32, 48)])]);
        var crops = AugmentationOptions.Albef with { RandAugments = false };
        var data = new AnnotationDataset(
            [file], _folder.Path, new AnnotationDatasetOptions { ImageSize = 16, Augmentation = crops });
        HashSet<int> areas = [];
        for (var epoch = 0; epoch < 60; epoch++)
        {
            var sample = data.Get(0, 7, epoch);
            var red = Enumerable.Range(0, 256).Where(i => sample.Picture.Pixels[3 * i] > 127).ToArray();
            var inside = Enumerable.Range(0, 256).Where(i => sample.Mask[i] > 0).ToArray();
            Assert.That(Math.Abs(red.Length - inside.Length), Is.LessThanOrEqualTo(16), "a column at most");
            areas.Add(inside.Length);
        }
        Assert.That(areas, Has.Count.GreaterThan(8).And.Contain(0).And.Contain(256), "crops of one half alone too");
    }

    [Test]
    public void Randaugment_draws_two_of_ten_operations_and_carries_half_of_them_out()
    {
        var random = new SeededRandom(5);
        int untouched = 0, moved = 0;
        var mask = RegionMask.Of([new Box(14, 9, 27, 21)], Width, Height).Values;
        const int trials = 2000;
        for (var i = 0; i < trials; i++)
        {
            var (changed, other) = RandomAugment.Apply(Picture, mask, random);
            untouched += changed.Pixels.SequenceEqual(Picture.Pixels) ? 1 : 0;
            moved += other.SequenceEqual(mask) ? 0 : 1;
        }
        // Each draw leaves the picture alone with probability ½ + ½·1/10; half of the ten operations move it.
        Assert.That((double)untouched / trials, Is.EqualTo(0.55 * 0.55).Within(0.03));
        Assert.That((double)moved / trials, Is.EqualTo(1 - 0.75 * 0.75).Within(0.03));
    }

    [Test]
    public void The_presets_are_albefs()
    {
        var albef = AugmentationOptions.Albef;
        Assert.That((albef.FlipProbability, albef.GrayProbability, albef.JitterProbability, albef.LeastCrop,
            albef.RandAugments, albef.Resize), Is.EqualTo((0.5, 0.0, 0.0, 0.2, true, Resampling.Bicubic)));
        Assert.That(AugmentationOptions.Grounding, Is.EqualTo(albef with { LeastCrop = 1 }));
        Assert.That((AugmentationOptions.Recipe.LeastCrop, AugmentationOptions.Recipe.RandAugments,
            AugmentationOptions.Recipe.Resize), Is.EqualTo((1.0, false, Resampling.Bilinear)));
    }

    private static AffineMap Map(string what, int sign) => what switch
    {
        "shear x" => AffineMap.ShearX(sign * Shear),
        "shear y" => AffineMap.ShearY(sign * Shear),
        "shift x" => AffineMap.Shift(sign * 7, 0),
        "shift y" => AffineMap.Shift(0, sign * 7),
        _ => AffineMap.Rotation(sign * 21, Width, Height),
    };

    private static string Hash(RgbImage image) => Convert.ToHexStringLower(SHA256.HashData(image.Pixels))[..16];
}
