using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
public class AnnotationDatasetTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void SetUp()
    {
        _folder = new TempFolder();
        var picture = new RgbImage(40, 20);
        for (int i = 0; i < picture.Pixels.Length; i++)
            picture.Pixels[i] = (byte)(i * 7 % 251);
        picture.SavePng(_folder.PathOf("a.png"));
    }

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void Samples_are_resized_normalised_and_masked()
    {
        RegionSample sample = Dataset(AugmentationOptions.None, new RegionAnnotation("a.png", ["A red-car!"], [new(20, 0, 40, 10)])).Get(0, 1, 0);

        RgbImage resized = ImageOps.ResizeBilinear(RgbImage.Load(_folder.PathOf("a.png")), 8, 8);
        Assert.Multiple(() =>
        {
            Assert.That(sample.Caption, Is.EqualTo("a red car"));
            Assert.That((sample.OriginalWidth, sample.OriginalHeight), Is.EqualTo((40, 20)));
            Assert.That(sample.Picture.Pixels, Is.EqualTo(resized.Pixels));
            Assert.That(sample.Image, Is.EqualTo(ImageOps.Normalize(resized, ImageOps.DefaultMean, ImageOps.DefaultStd)));
            Assert.That(sample.Mask, Is.EqualTo(Enumerable.Range(0, 64).Select(i => (byte)(i < 32 && i % 8 >= 4 ? 1 : 0))));
        });
    }

    [Test]
    public void Draws_depend_only_on_seed_epoch_and_index()
    {
        AnnotationDataset dataset = Dataset(AugmentationOptions.Recipe, ManyBoxes());
        RegionSample first = dataset.Get(0, 5, 3);
        dataset.Get(0, 5, 4);
        RegionSample again = Dataset(AugmentationOptions.Recipe, ManyBoxes()).Get(0, 5, 3);
        Assert.Multiple(() =>
        {
            Assert.That(again.Image, Is.EqualTo(first.Image));
            Assert.That(again.Mask, Is.EqualTo(first.Mask));
            Assert.That(again.Caption, Is.EqualTo(first.Caption));
        });
    }

    [Test]
    public void Every_box_and_phrase_is_drawn_in_time()
    {
        AnnotationDataset dataset = Dataset(AugmentationOptions.None, ManyBoxes());
        RegionSample[] samples = [.. Enumerable.Range(0, 60).Select(epoch => dataset.Get(0, 1, epoch))];
        Assert.Multiple(() =>
        {
            Assert.That(samples.Select(s => (s.Caption, string.Concat(s.Mask))).Distinct().Count(), Is.EqualTo(4), "two boxes times two phrases");
            Assert.That(samples, Has.All.Property(nameof(RegionSample.Boxes)).Count.EqualTo(3), "the box without pixels is passed over");
        });
    }

    [Test]
    public void Augmentation_comes_as_often_as_the_recipe_says()
    {
        AnnotationDataset dataset = Dataset(AugmentationOptions.Recipe with { JitterProbability = 0 }, ManyBoxes());
        RgbImage plain = ImageOps.ResizeBilinear(RgbImage.Load(_folder.PathOf("a.png")), 8, 8);
        byte[] flipped = ImageOps.FlipHorizontal(plain).Pixels, gray = ImageOps.ToGray(plain).Pixels;
        byte[] both = ImageOps.FlipHorizontal(ImageOps.ToGray(plain)).Pixels;
        byte[][] pictures = [.. Enumerable.Range(0, 1_000).Select(epoch => dataset.Get(0, 1, epoch).Picture.Pixels)];
        Assert.Multiple(() =>
        {
            Assert.That(pictures.Count(p => p.SequenceEqual(flipped) || p.SequenceEqual(both)), Is.InRange(450, 550));
            Assert.That(pictures.Count(p => p.SequenceEqual(gray) || p.SequenceEqual(both)), Is.InRange(160, 240));
        });
    }

    [Test]
    public void Flips_take_the_mask_along()
    {
        AnnotationDataset dataset = Dataset(AugmentationOptions.None with { FlipProbability = 1 }, new RegionAnnotation("a.png", ["x"], [new(20, 0, 40, 10)]));
        Assert.That(dataset.Get(0, 1, 0).Mask, Is.EqualTo(Enumerable.Range(0, 64).Select(i => (byte)(i < 32 && i % 8 < 4 ? 1 : 0))));
    }

    [Test]
    public void Files_are_concatenated()
    {
        string file = Save(ManyBoxes());
        Assert.That(new AnnotationDataset([file, file], _folder.Path).Count, Is.EqualTo(2));
    }

    [Test]
    public void Bad_input_is_named()
    {
        AnnotationDataset noPixel = Dataset(AugmentationOptions.None, new RegionAnnotation("a.png", ["x"], [new(50, 0, 60, 10)]));
        AnnotationDataset noPicture = Dataset(AugmentationOptions.None, new RegionAnnotation("none.png", ["x"], [new(0, 0, 1, 1)]));
        Assert.Multiple(() =>
        {
            Assert.That(() => new AnnotationDataset([Save(ManyBoxes())], _folder.PathOf("none")), Throws.TypeOf<DataException>().With.Message.Contains("picture folder does not exist"));
            Assert.That(() => noPixel.Get(0, 1, 0), Throws.TypeOf<DataException>().With.Message.Contains("a.png: bbox[0]"));
            Assert.That(() => noPicture.Get(0, 1, 0), Throws.InstanceOf<DataException>().With.Message.Contains("picture not found"));
            Assert.That(() => noPixel.Get(1, 1, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [Test]
    public void Evaluation_asks_every_phrase_with_all_boxes()
    {
        var annotation = new RegionAnnotation("a.png", ["A!", "b"], [new(0, 0, 5, 5), new(5, 5, 9, 9)]);
        var set = new AnnotationEvaluationSet([Save(annotation)], _folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(set.Select(s => s.Caption), Is.EqualTo((string[])["a", "b"]));
            Assert.That(set[1].Boxes, Has.Count.EqualTo(2));
            Assert.That(set[0].Picture.Width, Is.EqualTo(40));
        });
    }

    [Test]
    public void Evaluation_rejects_boxes_outside_the_picture()
    {
        var set = new AnnotationEvaluationSet([Save(new RegionAnnotation("a.png", ["x"], [new(0, 0, 1, 1), new(50, 0, 60, 10)]))], _folder.Path);
        Assert.That(() => set[0], Throws.TypeOf<DataException>().With.Message.Contains("bbox[1]"));
    }

    // The last box lies to the right of the picture.
    private static RegionAnnotation ManyBoxes() => new("a.png", ["one", "two"], [new(0, 0, 20, 20), new(20, 0, 40, 20), new(50, 0, 60, 10)]);

    private AnnotationDataset Dataset(AugmentationOptions augmentation, RegionAnnotation annotation) =>
        new([Save(annotation)], _folder.Path, new AnnotationDatasetOptions { ImageSize = 8, Augmentation = augmentation });

    private string Save(RegionAnnotation annotation)
    {
        string path = _folder.PathOf($"{Guid.NewGuid():N}.json");
        AnnotationFile.Save(path, [annotation]);
        return path;
    }
}
