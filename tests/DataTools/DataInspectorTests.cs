using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
internal sealed class DataInspectorTests : FolderTests
{
    [SetUp]
    public void SetUp() => new RgbImage(20, 10).SavePng(_folder.PathOf("a.png"));

    [Test]
    public void Counts_and_means_are_right()
    {
        var path = Save(new RegionAnnotation("a.png", ["red car", "a"], [new Box(0, 0, 10, 10), new Box(-5, 0, 5, 2)]));
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
            Assert.That(DataInspector.Inspect(path, _folder.Path).Summary, Is.EqualTo(expected));
            Assert.That(DataInspector.Inspect(path).Summary, Is.EqualTo(expected with { MeanBoxShare = null }));
        });
    }

    [Test]
    public void Boxes_outside_their_picture_and_bad_pictures_are_listed()
    {
        File.Copy(Cases.Path("pictures", "cuthalf.jpg"), _folder.PathOf("cut.jpg"));
        RegionAnnotation[] entries =
        [
            new("a.png", ["x"], [new Box(30, 0, 40, 10)]), new("cut.jpg", ["x"], [new Box(0, 0, 96, 32)]),
            .. Enumerable.Range(0, 25).Select(i => new RegionAnnotation($"{i}.png", ["x"], [new Box(0, 0, 9, 9)])),
        ];
        var path = _folder.PathOf("a.json");
        AnnotationFile.Save(path, entries);
        var found = DataInspector.Inspect(path, _folder.Path);
        Assert.Multiple(() =>
        {
            Assert.That(found.Annotations.Lines()[0], Does.Contain(
                "entry 0: a.png: box [30, 0, 40, 10] covers no pixel of the 20×10 picture"));
            Assert.That(
                (found.Pictures!.Partial, found.Pictures.Undecodable), Is.EqualTo((1, 25)), "whatever the share");
            Assert.That(found.PictureProblems, Has.Count.EqualTo(20));
            Assert.That(
                found.Summary.MeanBoxShare, Is.EqualTo(0.5), "of the one picture that can be read, whose box fits");
        });
    }

    private string Save(RegionAnnotation annotation)
    {
        var path = _folder.PathOf("a.json");
        AnnotationFile.Save(path, [annotation]);
        return path;
    }
}
