using System.Security.Cryptography;
using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
public class ShapeScenesTests
{
    /// <summary>Each shape with the share of its box that geometry says it covers.</summary>
    internal static readonly object[][] AreaShares =
    [
        [ShapeKind.Circle, 0.785],
        [ShapeKind.Square, 1.0],
        [ShapeKind.Triangle, 0.5],
        [ShapeKind.Star, 0.331],
        [ShapeKind.Cross, 0.564],
        [ShapeKind.Diamond, 0.5],
        [ShapeKind.Ring, 0.548],
    ];

    private const int Many = 3_000;

    private static readonly ShapeScenes Scenes = new();

    [Test]
    public void Pixels_and_phrases_are_the_same_on_every_machine()
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        for (var i = 0; i < 50; i++)
        {
            var scene = Scenes.Render(0, SceneSplit.Train, i);
            hash.AppendData(scene.Picture.Pixels);
            hash.AppendData(System.Text.Encoding.UTF8.GetBytes(scene.Phrase + scene.Box.X1 + scene.Box.Y2));
        }
        Assert.That(Convert.ToHexString(hash.GetHashAndReset()),
            Is.EqualTo("F57510FAB34A1F5C641262725AA685A5897C3CF49B2CDBF860CF5214CFB00248"));
    }

    [Test]
    public void Every_phrase_fits_exactly_one_item()
    {
        for (var i = 0; i < Many; i++)
        {
            (var items, var phrase) = Scenes.Describe(1, SceneSplit.Train, i);
            Assert.That(PhraseOracle.Matches(phrase, items), Is.EqualTo((int[])[0]), $"scene {i}: {phrase}");
        }
    }

    [Test]
    public void Items_do_not_touch_and_stay_inside()
    {
        for (var i = 0; i < Many; i++)
        {
            var items = Scenes.Describe(2, SceneSplit.Train, i).Items;
            Assert.That(items.Length, Is.InRange(3, 4));
            Assert.That(items.All(a => a.X >= 0 && a.Y >= 0 && a.X + a.Side <= 64 && a.Y + a.Side <= 64), $"scene {i}");
            foreach (var a in items)
            {
                var close = items.Count(
                    b => a.X < b.X + b.Side && b.X < a.X + a.Side && a.Y < b.Y + b.Side && b.Y < a.Y + a.Side);
                Assert.That(close, Is.EqualTo(1), $"scene {i}: an item only overlaps itself");
            }
        }
    }

    [TestCase(ShapeKind.Circle)]
    [TestCase(ShapeKind.Square)]
    [TestCase(ShapeKind.Triangle)]
    [TestCase(ShapeKind.Star)]
    [TestCase(ShapeKind.Cross)]
    [TestCase(ShapeKind.Diamond)]
    [TestCase(ShapeKind.Ring)]
    public void The_box_is_the_bounds_of_the_pixels_that_changed(object kind)
    {
        var picture = new RgbImage(64, 64);
        var box = ShapeRasterizer.Draw(picture, new ShapeItem((ShapeKind)kind, 0, true, 21, 9, 30), (255, 255, 255));
        int[] drawn = [.. Enumerable.Range(0, 64 * 64).Where(i => picture.Pixels[3 * i] > 0)];
        var bounds = new Box(
            drawn.Min(i => i % 64), drawn.Min(i => i / 64), drawn.Max(i => i % 64) + 1, drawn.Max(i => i / 64) + 1);
        Assert.That(box, Is.EqualTo(bounds));
        Assert.That(box.Width, Is.InRange(19, 21));
    }

    [TestCaseSource(nameof(AreaShares))]
    public void Shapes_cover_the_area_that_geometry_says(object kind, double share)
    {
        foreach (var side in (int[])[6, 13, 29])
        {
            var picture = new RgbImage(64, 64);
            ShapeRasterizer.Draw(picture, new ShapeItem((ShapeKind)kind, 0, true, side, 9, 30), (255, 255, 255));
            var covered = picture.Pixels.Sum(v => v / 255.0) / 3;
            Assert.That(covered / (side * side), Is.EqualTo(share).Within(0.01), $"side {side}");
        }
    }

    [Test]
    public void A_random_point_seldom_hits_and_a_quarter_of_the_phrases_need_the_position()
    {
        Scene[] scenes = [.. Enumerable.Range(0, Many).Select(i => Scenes.Render(3, SceneSplit.Test, i))];
        var area = scenes.Average(s => s.Box.Area) / (64 * 64);
        var relational = scenes.Count(s => s.Phrase.StartsWith("the ", StringComparison.Ordinal)) / (double)Many;
        TestContext.Out.WriteLine($"mean box area {area:F4}, relational {relational:F3}");
        Assert.Multiple(() =>
        {
            Assert.That(area, Is.InRange(0.10, 0.15));
            Assert.That(relational, Is.InRange(0.22, 0.28));
        });
    }

    [Test]
    public void Words_are_exactly_those_of_the_phrases()
    {
        string[] used = [.. Enumerable.Range(0, Many)
            .SelectMany(i => Scenes.Describe(4, SceneSplit.Train, i).Phrase.Split(' ')).Distinct()];
        Assert.That(used, Is.EquivalentTo(SceneVocabulary.Words(SceneKinds.Shapes)));
        Assert.That(SceneVocabulary.Words(SceneKinds.Shapes), Is.Unique);
    }

    [Test]
    public void Splits_seeds_and_numbers_give_other_scenes()
    {
        var pixels = Scenes.Render(0, SceneSplit.Train, 0).Picture.Pixels;
        Assert.Multiple(() =>
        {
            Assert.That(Scenes.Render(0, SceneSplit.Train, 0).Picture.Pixels, Is.EqualTo(pixels));
            Assert.That(Scenes.Render(0, SceneSplit.Test, 0).Picture.Pixels, Is.Not.EqualTo(pixels));
            Assert.That(Scenes.Render(1, SceneSplit.Train, 0).Picture.Pixels, Is.Not.EqualTo(pixels));
            Assert.That(Scenes.Render(0, SceneSplit.Train, 1).Picture.Pixels, Is.Not.EqualTo(pixels));
        });
    }

    [TestCase(32)]
    [TestCase(128)]
    public void Other_sizes_work(int size)
    {
        var scenes = new ShapeScenes(size);
        for (var i = 0; i < 100; i++)
        {
            var scene = scenes.Render(0, SceneSplit.Train, i);
            Assert.That(scene.Picture.Width, Is.EqualTo(size));
            Assert.That(scene.Box.X2, Is.LessThanOrEqualTo(size));
        }
    }

    [Test]
    public void Wrong_arguments_are_rejected()
    {
        Assert.Multiple(() =>
        {
            Assert.That(() => new ShapeScenes(31), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => Scenes.Render(0, SceneSplit.Train, -1), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => SceneKinds.Create("shapes"),
                Throws.TypeOf<DataException>().With.Message.Contains("use one of: scenes, fashion-scenes"));
            Assert.That(() => SceneVocabulary.Words("x"), Throws.TypeOf<DataException>());
        });
    }
}
