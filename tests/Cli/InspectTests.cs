using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary><c>amcx data inspect</c> of files with regions of other kinds than boxes, and its sheet.</summary>
[TestFixture]
internal sealed class InspectTests : FolderTests
{
    [Test]
    public void Regions_are_counted_by_kind_and_drawn_on_a_sheet()
    {
        var made = Amcx.RunPlain("data", "scenes", "--output", _folder.Path, "--count", "30", "--regions", "mixed");
        Assert.That((made.Code, made.Error), Is.EqualTo((0, "")));
        Assert.That(made.Out, Does.Contain("regions (mixed): ").And.Contain("annotations.regions.json"));
        string file = _folder.PathOf("annotations.regions.json"), sheet = _folder.PathOf("sheet.png");
        Dictionary<string, int> kinds = new(AnnotationFile.Load(file).CountBy(a => a.Regions[0].Kind));

        var found = Amcx.RunPlain("data", "inspect", file, "--image-root", _folder.Path, "--sheet", sheet);
        Assert.That((found.Code, found.Error), Is.EqualTo((0, "")));
        Assert.That(kinds.Keys, Is.SupersetOf((string[])["box", "polygon", "mask", "points", "scribble"]));
        foreach (var (kind, count) in kinds)
            Assert.That(found.Out, Does.Match($"(?m)^regions    {count} {kind}, [0-9.]+ % of the picture on average$"));
        Assert.That(found.Out, Does.Contain("all pictures can be read and all regions fit"));
        Assert.That(found.Out, Does.Contain($"sheet      {sheet}"));
        var drawn = RgbImage.Load(sheet);
        // Four columns and six rows of pictures enlarged to 224.
        Assert.That(
            (drawn.Width, drawn.Height), Is.EqualTo((2 * 24 + 4 * 224 + 3 * 16, 56 + 6 * (224 + 48 + 16) + 24)));
        Assert.That(drawn.Pixels.Distinct().Count(), Is.GreaterThan(100), "pictures are on it");
    }

    [Test]
    public void A_sheet_needs_pictures_and_a_name_that_says_its_format()
    {
        var file = _folder.Write("a.json", """[{"image":"a.png","caption":"x","bbox":[0,0,9,9]}]""");
        Amcx.ExpectBadInput(Amcx.RunPlain("data", "inspect", file, "--sheet", _folder.PathOf("s.png")), "--image-root");
        Amcx.ExpectBadInput(Inspect("s.bmp"), ".png");
        Amcx.ExpectBadInput(Inspect("s.png"), "no entry can be drawn");
        Assert.That(Directory.GetFiles(_folder.Path), Has.Length.EqualTo(1), "nothing is written");

        Answer Inspect(string sheet) =>
            Amcx.RunPlain("data", "inspect", file, "--image-root", _folder.Path, "--sheet", _folder.PathOf(sheet));
    }
}
