using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
public class PictureCensusTests
{
    private readonly List<string> _said = [];

    [SetUp]
    public void SetUp() => _said.Clear();

    [Test]
    public void Pictures_that_are_not_whole_are_counted_and_named_once()
    {
        var census = Census(40, BadPictures.Load);
        for (var round = 0; round < 3; round++)
        {
            Assert.That(census.Read(Picture("cuthalf.jpg")).Width, Is.EqualTo(96));
            Assert.That(census.Read(Picture("noiend.png")).Width, Is.EqualTo(96), "all of it is there");
            Assert.That(() => census.Read(Picture("html.jpg")), Throws.TypeOf<UnreadablePictureException>());
            Assert.That(() => census.Read(Picture("none.jpg")), Throws.TypeOf<UnreadablePictureException>());
        }
        Assert.Multiple(() =>
        {
            Assert.That((census.Partial, census.Undecodable, census.HasBad), Is.EqualTo((1, 2, true)));
            Assert.That(_said, Has.Count.EqualTo(3).And.All.Not.Contains("\n"));
            Assert.That(_said[0], Does.Contain("cuthalf.jpg").And.Contain("the rest is grey"));
            Assert.That(_said[1], Does.Contain("html.jpg").And.Contain("left out"));
            Assert.That(_said[2], Does.Contain("none.jpg").And.Contain("not found"));
            Assert.That(census.Summary, Is.EqualTo(
                "of 40 pictures 2 could not be decoded and were left out, 1 in part (used, the rest grey)"));
        });
    }

    [Test]
    public void Skip_leaves_out_both_kinds()
    {
        var census = Census(40, BadPictures.Skip);
        Assert.Multiple(() =>
        {
            Assert.That(() => census.Read(Picture("cut7.jpg")),
                Throws.TypeOf<UnreadablePictureException>().With.Message.Contains("cut7.jpg"));
            Assert.That(() => census.Read(Picture("badcrc.png")),
                Throws.TypeOf<UnreadablePictureException>().With.Message.Contains("damaged"));
            Assert.That((census.Partial, census.Undecodable), Is.EqualTo((1, 1)));
        });
    }

    [TestCase("cut7.jpg")]
    [TestCase("html.jpg")]
    [TestCase("none.jpg")]
    public void Error_stops_at_the_first(string name)
    {
        var census = Census(40, BadPictures.Error);
        // Not of the kind that callers pass over.
        Assert.That(() => census.Read(Picture(name)),
            Throws.TypeOf<DataException>().With.Message.Contains(name).And.Message.Contains("bad_pictures: load"));
    }

    [TestCase(10, 40, 0.01, false)]
    [TestCase(11, 40, 0.01, true)]
    [TestCase(11, 1100, 0.01, false)]
    [TestCase(11, 1099, 0.01, true)]
    [TestCase(40, 40, 1.0, false)]
    public void Too_many_undecodable_pictures_end_the_work(int bad, int all, double share, bool ends)
    {
        var census = new PictureCensus(all, new PictureOptions { MaxBadShare = share }, _said.Add);
        for (var i = 1; i < bad; i++)
            Assert.That(() => census.Read($"none/{i}.jpg"), Throws.TypeOf<UnreadablePictureException>());
        // Parts and repetitions do not count towards the bound.
        census.Read(Picture("cuthalf.jpg"));
        Assert.That(() => census.Read("none/1.jpg"), Throws.TypeOf<UnreadablePictureException>());
        if (ends)
        {
            Assert.That(() => census.Read("none/last.jpg"),
                Throws.TypeOf<DataException>().With.Message.Contains($"{bad} of {all} pictures could not be decoded")
                    .And.Message.Contains("max_bad_share").And.Message.Contains("none/last.jpg"));
        }
        else
            Assert.That(() => census.Read("none/last.jpg"), Throws.TypeOf<UnreadablePictureException>());
    }

    [Test]
    public void Counting_is_safe_from_several_threads()
    {
        var census = Census(1_000_000, BadPictures.Load);
        Parallel.For(0, 400, i =>
            Assert.That(() => census.Read($"none/{i % 100}.jpg"), Throws.TypeOf<UnreadablePictureException>()));
        Assert.That((census.Undecodable, _said.Count), Is.EqualTo((100, 100)));
    }

    private static string Picture(string name) => Cases.Path("pictures", name);

    private PictureCensus Census(int pictures, BadPictures bad) =>
        new(pictures, new PictureOptions { Bad = bad }, line =>
        {
            lock (_said)
                _said.Add(line);
        });
}
