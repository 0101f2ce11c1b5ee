using AmcEngine.Amc.Evaluation.Answers;
using AmcEngine.Amc.Evaluation.Results;
using AmcEngine.Amc.Evaluation.Statistics;
using AmcEngine.DataTools;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Evaluation.Results;

[TestFixture]
internal sealed class PairedComparisonTests : FolderTests
{
    [Test]
    public void Hits_and_measures_are_compared_question_by_question()
    {
        // The second alone hits three, the first alone one; question 9 is in one file only.
        AnswerLine[] first = [Line(0, true, 0.5), Line(1, false, 0.2), Line(2, false, 0.1), Line(3, false),
            Line(4, true, 0.4), Line(9, true)];
        AnswerLine[] second =
        [
            Line(4, false, 0.4), Line(3, true, 0.9), Line(2, true, 0.3), Line(1, true, 0.5), Line(0, true, 0.5)
        ];
        var comparison = PairedComparison.Of(first, second, ("a", "b"), new Bootstrap());
        var hits = comparison.Metrics[0];
        Assert.Multiple(() =>
        {
            Assert.That(comparison.Left, Is.EqualTo(1));
            Assert.That(
                (hits.Name, hits.First, hits.Second, hits.Pair.Count), Is.EqualTo(("pointing_accuracy", 0.4, 0.8, 5)));
            Assert.That(hits.Pair.Difference, Is.EqualTo(0.4).Within(1e-15));
            Assert.That(hits.Pair.PValue, Is.EqualTo(2 * (1 + 4) / 16.0).Within(1e-15), "McNemar of 1 and 3");
            Assert.That(comparison.Metrics.Skip(1).Select(m => (m.Name, m.Pair.Count)),
                Is.EqualTo(new[] { ("energy", 4) }), "question 3 has it once");
            Assert.That(comparison.Metrics[1].Pair.Difference, Is.EqualTo(0.5 / 4).Within(1e-15));
        });
    }

    [Test]
    public void Answers_to_other_questions_are_refused()
    {
        var other = Line(0, true) with { Phrase = "blue" };
        Assert.That(() => PairedComparison.Of([Line(0, true)], [other], ("a.jsonl", "b.jsonl"), new Bootstrap()),
            Throws.TypeOf<DataException>().With.Message.Contains("a.jsonl").And.Message.Contains("question 0"));
        Assert.That(() => PairedComparison.Of([Line(0, true)], [Line(1, true)], ("a", "b"), new Bootstrap()),
            Throws.TypeOf<DataException>().With.Message.Contains("no question is in both"));
    }

    [Test]
    public void A_file_of_answers_is_read_back()
    {
        var path = _folder.Write("a.jsonl", """
            {"index":3,"phrase":"red","image":"x.png","boxes":[],"point":null,"hit":true,"later":[1],"measures":{"energy":0.25}}

            {"index":4,"phrase":"blue","image":"x.png","hit":false}
            """);
        var lines = AnswerFileReader.Read(path);
        Assert.That(lines.Select(l => (l.Index, l.Phrase, l.Image, l.Hit, l.Measures.Count)),
            Is.EqualTo(new[] { (3, "red", "x.png", true, 1), (4, "blue", "x.png", false, 0) }));
        Assert.That(lines[0].Measures["energy"], Is.EqualTo(0.25));
    }

    [TestCase("", "holds no answer")]
    [TestCase("""{"index":1,"phrase":"a","image":"b","hit":true}""" + "\n{\"index\":2,", "line 2")]
    [TestCase("""{"index":1,"phrase":"a","image":"b"}""", "line 1")]
    [TestCase("""{"index":"one","phrase":"a","image":"b","hit":true}""", "line 1")]
    [TestCase("[1]", "line 1")]
    [TestCase("""{"index":1,"phrase":"a","image":"b","hit":true}""" + "\n"
        + """{"index":1,"phrase":"a","image":"b","hit":true}""", "question 1")]
    public void Other_files_are_refused_by_the_line(string text, string part)
    {
        var path = _folder.Write("bad.jsonl", text);
        Assert.That(() => AnswerFileReader.Read(path),
            Throws.TypeOf<DataException>().With.Message.Contains(path).And.Message.Contains(part));
        Assert.That(() => AnswerFileReader.Read(path + "x"),
            Throws.TypeOf<DataException>().With.Message.Contains("bad.jsonlx"));
    }

    private static AnswerLine Line(int index, bool hit, double? energy = null) => new(
        index, "red", $"picture {index}", hit,
        energy is { } e ? new Dictionary<string, double> { ["energy"] = e } : []);
}
