using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
internal sealed class AnnotationDatasetTests : FolderTests
{
    [SetUp]
    public void SetUp()
    {
        var picture = new RgbImage(40, 20);
        for (var i = 0; i < picture.Pixels.Length; i++)
            picture.Pixels[i] = (byte)(i * 7 % 251);
        picture.SavePng(_folder.PathOf("a.png"));
    }

    [Test]
    public void Samples_are_resized_normalised_and_masked()
    {
        var sample = Dataset(AugmentationOptions.None,
            new RegionAnnotation("a.png", ["A red-car!"], [new Box(20, 0, 40, 10)])).Get(0, 1, 0);

        var resized = ImageOps.ResizeBilinear(RgbImage.Load(_folder.PathOf("a.png")), 8, 8);
        Assert.Multiple(() =>
        {
            Assert.That(sample.Caption, Is.EqualTo("a red car"));
            Assert.That(sample.Picture.Pixels, Is.EqualTo(resized.Pixels));
            Assert.That(sample.Image, Is.EqualTo(Normalised(resized)));
            Assert.That(
                sample.Mask, Is.EqualTo(Enumerable.Range(0, 64).Select(i => (byte)(i < 32 && i % 8 >= 4 ? 1 : 0))));
        });
    }

    [Test]
    public void Draws_depend_only_on_seed_epoch_and_index()
    {
        var dataset = Dataset(AugmentationOptions.Recipe, ManyBoxes());
        var first = dataset.Get(0, 5, 3);
        dataset.Get(0, 5, 4);
        var again = Dataset(AugmentationOptions.Recipe, ManyBoxes()).Get(0, 5, 3);
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
        var dataset = Dataset(AugmentationOptions.None, ManyBoxes());
        RegionSample[] samples = [.. Enumerable.Range(0, 60).Select(epoch => dataset.Get(0, 1, epoch))];
        Assert.That(
            samples.Select(s => (s.Caption, string.Concat(s.Mask))).Distinct().Count(),
            Is.EqualTo(4), "two boxes times two phrases: the box without pixels is passed over");
    }

    [Test]
    public void Augmentation_comes_as_often_as_the_recipe_says()
    {
        var dataset = Dataset(AugmentationOptions.Recipe with { JitterProbability = 0 }, ManyBoxes());
        var plain = ImageOps.ResizeBilinear(RgbImage.Load(_folder.PathOf("a.png")), 8, 8);
        byte[] flipped = ImageOps.FlipHorizontal(plain).Pixels, gray = ImageOps.ToGray(plain).Pixels;
        var both = ImageOps.FlipHorizontal(ImageOps.ToGray(plain)).Pixels;
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
        var dataset = Dataset(AugmentationOptions.None with { FlipProbability = 1 },
            new RegionAnnotation("a.png", ["x"], [new Box(20, 0, 40, 10)]));
        Assert.That(dataset.Get(0, 1, 0).Mask, Is.EqualTo(
            Enumerable.Range(0, 64).Select(i => (byte)(i < 32 && i % 8 < 4 ? 1 : 0))));
    }

    [Test]
    public void Files_are_concatenated()
    {
        var file = Save(ManyBoxes());
        Assert.That(new AnnotationDataset([file, file], _folder.Path).Count, Is.EqualTo(2));
    }

    [Test]
    public void Bad_input_is_named()
    {
        var noPixel = Dataset(AugmentationOptions.None, new RegionAnnotation("a.png", ["x"], [new Box(50, 0, 60, 10)]));
        var noPicture = Dataset(
            AugmentationOptions.None, new RegionAnnotation("none.png", ["x"], [new Box(0, 0, 1, 1)]));
        Assert.Multiple(() =>
        {
            Assert.That(() => new AnnotationDataset([Save(ManyBoxes())], _folder.PathOf("none")),
                Throws.TypeOf<DataException>().With.Message.Contains("picture folder does not exist"));
            Assert.That(() => noPixel.Get(0, 1, 0), Throws.TypeOf<UnusableSampleException>().With.Message.Contains(
                "a.png: box [50, 0, 60, 10] covers no pixel"));
            Assert.That(() => noPicture.Get(0, 1, 0),
                Throws.InstanceOf<DataException>().With.Message.Contains("picture not found"));
            Assert.That(() => noPixel.Get(1, 1, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [Test]
    public void Evaluation_asks_every_phrase_with_all_boxes()
    {
        var annotation = new RegionAnnotation("a.png", ["A!", "b"], [new Box(0, 0, 5, 5), new Box(5, 5, 9, 9)]);
        var set = new AnnotationEvaluationSet([Save(annotation)], _folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(set.Select(s => s.Caption), Is.EqualTo((string[])["a", "b"]));
            Assert.That(set[1].Boxes, Has.Count.EqualTo(2));
            Assert.That(set[0].Picture.Width, Is.EqualTo(40));
        });
    }

    [Test]
    public void Evaluation_drops_boxes_outside_the_picture_and_passes_over_entries_without_another()
    {
        List<string> said = [];
        var mixed = Save(new RegionAnnotation("a.png", ["x"], [new Box(0, 0, 5, 5), new Box(50, 0, 60, 10)]));
        var set = new AnnotationEvaluationSet([mixed], _folder.Path, warn: said.Add);
        Assert.That(set[0].Boxes, Is.EqualTo((Box[])[new(0, 0, 5, 5)]));
        _ = set[0];
        Assert.That((set.Annotations.DroppedBoxes, set.Annotations.BadEntries, said.Count), Is.EqualTo((1, 0, 1)),
            "counted and said once");
        var outside = new AnnotationEvaluationSet(
            [Save(new RegionAnnotation("a.png", ["x"], [new Box(50, 0, 60, 10)]))], _folder.Path);
        Assert.That(() => outside[0], Throws.TypeOf<UnusableSampleException>());
        Assert.That(outside.Annotations.BadEntries, Is.EqualTo(1));
    }

    [Test]
    public void Entries_without_a_box_train_with_an_empty_mask_and_ask_nothing()
    {
        var file = _folder.Write("nobox.json", """
            [{"image": "a.png", "caption": "one"}, {"image": "a.png", "caption": "two", "bbox": []}, {"image": "a.png", "caption": "three", "bbox": null},
             {"image": "a.png", "caption": "four", "bbox": [2, 2, 9, 9]}]
            """);
        var dataset = new AnnotationDataset([file], _folder.Path, new AnnotationDatasetOptions { ImageSize = 8 });
        var set = new AnnotationEvaluationSet([file], _folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(
                (dataset.Count, dataset.Annotations.WithoutBox, dataset.Annotations.HasBad), Is.EqualTo((4, 3, false)));
            for (var i = 0; i < 3; i++)
                Assert.That(dataset.Get(i, 1, 0).Mask, Has.All.Zero);
            Assert.That(dataset.Get(3, 1, 0).Mask, Has.Some.EqualTo((byte)1));
            Assert.That(set.Select(q => q.Caption), Is.EqualTo((string[])["four"]));
            var none = _folder.Write("none.json", """[{"image": "a.png", "caption": "one"}]""");
            Assert.That(() => new AnnotationEvaluationSet([none], _folder.Path),
                Throws.TypeOf<DataException>().With.Message.Contains("no entry has a region"));
        });
    }

    [Test]
    public void Normalised_boxes_become_pixels_of_their_picture()
    {
        var file = _folder.Write(
            "unit.json", """[{"image": "a.png", "caption": "one", "bbox": [[0.25, 0.5, 0.75, 1]]}]""");
        Assert.That(
            new AnnotationEvaluationSet([file], _folder.Path)[0].Boxes, Is.EqualTo((Box[])[new(10, 10, 30, 20)]));
        var sample = new AnnotationDataset([file], _folder.Path, new AnnotationDatasetOptions
        {
            ImageSize = 8,
            Augmentation = AugmentationOptions.None
        }).Get(0, 1, 0);
        Assert.That(sample.Mask, Is.EqualTo(
            Enumerable.Range(0, 64).Select(i => (byte)(i >= 32 && i % 8 is >= 2 and < 6 ? 1 : 0))));
    }

    [Test]
    public void Exif_orientation_follows_the_options()
    {
        File.Copy(Cases.Path("pictures", "exif6.png"), _folder.PathOf("e.png"));
        var file = Save(new RegionAnnotation("e.png", ["x"], [new Box(0, 0, 10, 10)]));
        foreach ((var exif, var width) in ((ExifOrientation, int)[])[(ExifOrientation.Apply, 64),
            (ExifOrientation.Ignore, 96)])
        {
            var options = new PictureOptions { Exif = exif };
            var whole = PictureFile.Read(_folder.PathOf("e.png"), exif).Picture;
            var plain = new AnnotationDatasetOptions
            {
                ImageSize = 8,
                Pictures = options,
                Augmentation = AugmentationOptions.None
            };
            var sample = new AnnotationDataset([file], _folder.Path, plain).Get(0, 1, 0);
            Assert.That(sample.Picture.Pixels, Is.EqualTo(ImageOps.ResizeBilinear(whole, 8, 8).Pixels));
            Assert.That(new AnnotationEvaluationSet([file], _folder.Path, pictures: options)[0].Picture.Width,
                Is.EqualTo(width));
        }
    }

    private static float[] Normalised(RgbImage picture)
    {
        var numbers = new float[picture.Pixels.Length];
        ImageOps.Normalize(picture, ImageOps.DefaultMean, ImageOps.DefaultStd, numbers);
        return numbers;
    }

    // The last box lies to the right of the picture.
    private static RegionAnnotation ManyBoxes() =>
        new("a.png", ["one", "two"], [new Box(0, 0, 20, 20), new Box(20, 0, 40, 20), new Box(50, 0, 60, 10)]);

    private AnnotationDataset Dataset(AugmentationOptions augmentation, RegionAnnotation annotation) =>
        new([Save(annotation)], _folder.Path,
            new AnnotationDatasetOptions { ImageSize = 8, Augmentation = augmentation });

    private string Save(RegionAnnotation annotation)
    {
        var path = _folder.PathOf($"{Guid.NewGuid():N}.json");
        AnnotationFile.Save(path, [annotation]);
        return path;
    }
}
