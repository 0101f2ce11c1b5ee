using System.Collections.Concurrent;
using AmcEngine.Amc.Evaluation.Game;
using AmcEngine.DataTools;
using AmcEngine.Tests.Amc.Evaluation.Explainers;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Game;

/// <summary>Each question is a letter, the picture that it is about.</summary>
[TestFixture]
internal sealed class PicturesAheadTests
{
    private static readonly PictureTarget[] Input = [PictureTarget.Square(4, Resampling.Bilinear)];

    private readonly ConcurrentQueue<char> _read = [];

    [SetUp]
    public void Start() => _read.Clear();

    // 48 bytes a picture. With room for one, c stays for the next question; b and a give way and are read again.
    [TestCase(long.MaxValue, "abc")]
    [TestCase(48, "abcba")]
    public void A_picture_is_read_once_while_there_is_room_for_it(long mostBytes, string read)
    {
        Assert.That(Names("abccba", [0, 1, 2, 3, 4, 5], ahead: 0, mostBytes), Is.EqualTo("abccba"));
        Assert.That(string.Concat(_read), Is.EqualTo(read));
    }

    [Test]
    public void Questions_that_are_not_asked_or_passed_over_read_nothing()
    {
        using (var pictures = new PicturesAhead(Questions("abcad"), [1, 3, 4], Input, ahead: 0))
        {
            Assert.That(pictures.NextOf(1), Is.Null);
            Assert.That(pictures.Take(4)!().Views.Width, Is.EqualTo('d'));
        }
        Assert.That(string.Concat(_read), Is.EqualTo("d"));
        using var all = new PicturesAhead(Questions("abcad"), [0, 1, 2, 3, 4], Input, ahead: 0);
        Assert.That((all.NextOf(0), all.NextOf(3)), Is.EqualTo(((int?)3, (int?)null)));
    }

    [Test]
    public void Pictures_are_read_as_far_ahead_as_allowed()
    {
        using (var pictures = new PicturesAhead(Questions("abcde"), [0, 1, 2, 3, 4], Input, ahead: 2))
            _ = pictures.Take(0);
        // Disposal has waited for all that was begun.
        Assert.That(_read.Order(), Is.EqualTo("abc"));
    }

    [Test]
    public void What_a_reader_throws_comes_with_every_question_about_the_picture()
    {
        using var pictures = new PicturesAhead(Questions("axbx"), [0, 1, 2, 3], Input, ahead: 4);
        Assert.That(pictures.Take(0)!().Views.Width, Is.EqualTo('a'));
        var torn = pictures.Take(1)!;
        Assert.That(() => torn(), Throws.TypeOf<UnreadablePictureException>().With.Message.EqualTo("torn"));
        Assert.That(pictures.Take(2)!().Views.Width, Is.EqualTo('b'));
        Assert.That(() => pictures.Take(3)!(), Throws.TypeOf<UnreadablePictureException>());
        Assert.That(_read.Count(c => c == 'x'), Is.EqualTo(1));
    }

    private string Names(string names, int[] order, int ahead, long mostBytes)
    {
        using var pictures = new PicturesAhead(Questions(names), order, Input, ahead, mostBytes);
        return string.Concat(order.Select(i => (char)pictures.Take(i)!().Views.Width));
    }

    // A picture is as wide as its letter's number, so that it can be told.
    private StubQuestions Questions(string names) => new(
        [.. names.Select(c => new EvaluationSample(c.ToString(), new PictureViews(c, 1, []), "", []))])
    {
        Reader = i => () =>
        {
            _read.Enqueue(names[i]);
            return names[i] == 'x' ? throw new UnreadablePictureException("torn")
                : (new PictureViews(names[i], 1, [new RgbImage(4, 4)]), null);
        },
    };
}
