using AmcEngine.DataTools;
using AmcEngine.Files;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
internal sealed class SceneDatasetTests : FolderTests
{
    private static readonly ShapeScenes Scenes = new();

    [Test]
    public void Samples_carry_the_scene_and_its_box()
    {
        var sample = new SceneDataset(Scenes, new SceneDatasetOptions { Count = 10, Seed = 3 }).Get(4, 99, 2);
        var scene = Scenes.Render(3, SceneSplit.Train, 4);
        Assert.Multiple(() =>
        {
            Assert.That(sample.Picture.Pixels, Is.EqualTo(scene.Picture.Pixels));
            Assert.That(sample.Caption, Is.EqualTo(scene.Phrase));
            Assert.That(sample.Paraphrase, Is.EqualTo(CaptionCleaner.Clean(scene.Paraphrase, 50)));
            Assert.That(sample.Mask.Sum(v => v), Is.EqualTo(scene.Box.Area));
            Assert.That(sample.Mask, Is.EqualTo(scene.Box.Rasterize(64, 64).Values));
            Assert.That(sample.Image, Has.Length.EqualTo(3 * 64 * 64));
        });
    }

    [Test]
    public void New_scenes_each_epoch_go_on_in_the_stream()
    {
        var options = new SceneDatasetOptions { Count = 10, NewScenesEachEpoch = true };
        var sample = new SceneDataset(Scenes, options).Get(4, 0, 2);
        Assert.That(sample.Picture.Pixels, Is.EqualTo(Scenes.Render(0, SceneSplit.Train, 24).Picture.Pixels));
    }

    [Test]
    public void Many_threads_get_the_same_samples()
    {
        var dataset = new SceneDataset(
            Scenes, new SceneDatasetOptions { Count = 64, Augmentation = AugmentationOptions.Recipe });
        float[][] alone = [.. Enumerable.Range(0, 64).Select(i => dataset.Get(i, 1, 0).Image)];
        var together = new float[64][];
        Parallel.For(0, 64, i => together[i] = dataset.Get(i, 1, 0).Image);
        Assert.That(together, Is.EqualTo(alone));
    }

    [Test]
    public void Evaluation_uses_the_test_stream()
    {
        var set = new SceneEvaluationSet(Scenes, 5, 7);
        Assert.Multiple(() =>
        {
            Assert.That(set, Has.Count.EqualTo(5));
            Assert.That(set[2].Picture.Pixels, Is.EqualTo(Scenes.Render(7, SceneSplit.Test, 2).Picture.Pixels));
            Assert.That(set.Count(s => s.Boxes.Count == 1), Is.EqualTo(5));
            Assert.That(() => set[5], Throws.TypeOf<ArgumentOutOfRangeException>());
        });
    }

    [TestCase(SceneFormat.Png)]
    [TestCase(SceneFormat.Jpeg)]
    public void Exported_scenes_load_as_an_annotation_data_set(SceneFormat format)
    {
        var file = SceneExporter.Export(
            SceneKinds.Create(SceneKinds.Shapes), _folder.PathOf("out"), 4, 7, SceneSplit.Test, format);
        var exported = new AnnotationEvaluationSet([file], _folder.PathOf("out"));
        var generated = new SceneEvaluationSet(Scenes, 4, 7);
        for (var i = 0; i < 4; i++)
        {
            Assert.That(exported[i].Caption, Is.EqualTo(generated[i].Caption));
            Assert.That(exported[i].Boxes, Is.EqualTo(generated[i].Boxes));
            if (format == SceneFormat.Png)
                Assert.That(exported[i].Picture.Pixels, Is.EqualTo(generated[i].Picture.Pixels));
        }
    }

    [Test]
    public void Export_writes_the_same_files_again()
    {
        var first = SceneExporter.Export(
            SceneKinds.Create(SceneKinds.Shapes), _folder.PathOf("a"), 3, 7, SceneSplit.Train, SceneFormat.Png);
        var second = SceneExporter.Export(
            SceneKinds.Create(SceneKinds.Shapes), _folder.PathOf("b"), 3, 7, SceneSplit.Train, SceneFormat.Png);
        Assert.Multiple(() =>
        {
            Assert.That(File.ReadAllBytes(second), Is.EqualTo(File.ReadAllBytes(first)));
            Assert.That(File.ReadAllBytes(_folder.PathOf("b/images/000002.png")),
                Is.EqualTo(File.ReadAllBytes(_folder.PathOf("a/images/000002.png"))));
        });
    }

    [Test]
    public void Export_into_a_file_fails_in_one_line()
    {
        var path = Path.Combine(_folder.Write("file", "x"), "out");
        var e = Assert.Throws<FileWriteException>(() =>
            SceneExporter.Export(SceneKinds.Create(SceneKinds.Shapes), path, 1, 0, SceneSplit.Train, SceneFormat.Png))!;
        Assert.That(e.Message, Does.Contain("cannot be written").And.Not.Contain("\n"));
    }

    [Test]
    public void Export_of_an_unknown_kind_names_the_known_ones() =>
        Assert.That(
            () => SceneExporter.Export(SceneKinds.Create("x"), _folder.Path, 1, 0, SceneSplit.Train, SceneFormat.Png),
            Throws.TypeOf<DataException>().With.Message.Contains("use one of"));
}
