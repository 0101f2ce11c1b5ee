using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
public class DataInspectorTests
{
    private TempFolder _folder = null!;

    [SetUp]
    public void SetUp()
    {
        _folder = new TempFolder();
        new RgbImage(20, 10).SavePng(_folder.PathOf("a.png"));
    }

    [TearDown]
    public void TearDown() => _folder.Dispose();

    [Test]
    public void Counts_and_means_are_right()
    {
        string path = Save(new RegionAnnotation("a.png", ["red car", "a"], [new(0, 0, 10, 10), new(-5, 0, 5, 2)]));
        AnnotationSummary expected = new()
        {
            Entries = 1,
            Pictures = 1,
            Captions = 2,
            MeanWords = 1.5,
            Boxes = 2,
            MeanBoxWidth = 10,
            MeanBoxHeight = 6,
            MeanBoxShare = (0.5 + 0.05) / 2,
        };
        Assert.Multiple(() =>
        {
            Assert.That(DataInspector.Inspect(path, _folder.Path), Is.EqualTo(expected));
            Assert.That(DataInspector.Inspect(path), Is.EqualTo(expected with { MeanBoxShare = null }));
        });
    }

    [Test]
    public void Boxes_outside_their_picture_are_named()
    {
        string path = Save(new RegionAnnotation("a.png", ["x"], [new(30, 0, 40, 10)]));
        Assert.That(() => DataInspector.Inspect(path, _folder.Path), Throws.TypeOf<DataException>().With.Message.Contains("a.png: bbox[0]"));
    }

    private string Save(RegionAnnotation annotation)
    {
        string path = _folder.PathOf("a.json");
        AnnotationFile.Save(path, [annotation]);
        return path;
    }
}
