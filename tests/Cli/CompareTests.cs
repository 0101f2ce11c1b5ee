using System.Globalization;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

[TestFixture]
internal sealed class CompareTests : FolderTests
{
    [Test]
    public void Runs_of_a_group_are_averaged_with_their_extremes()
    {
        string first = Run("a", (0, 0.2), (10, 0.6)), second = Run("b", (0, 0.4), (10, 0.9)), other = Run("c", (0, 0.3));
        var png = _folder.PathOf("curves.png");
        var answer = Amcx.Run("compare", $"amc={first},{second}", $"base={other}", "--output", png);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out.ReplaceLineEndings("\n"), Is.EqualTo("""
            | step | amc (2 runs) | base (1 runs) |
            |---|---|---|
            | 0 | 0.300 (0.200–0.400) | 0.300 (0.300–0.300) |
            | 10 | 0.750 (0.600–0.900) |  |

            """.ReplaceLineEndings("\n")));
        Assert.That(new FileInfo(png).Length, Is.GreaterThan(1000));
    }

    [Test]
    public void Bad_groups_get_a_line()
    {
        Amcx.ExpectBadInput(Amcx.Run("compare", "runs/a"), "NAME=DIR");
        Amcx.ExpectBadInput(Amcx.Run("compare", "a=/nowhere"), "/nowhere", "log.jsonl");
        var empty = Run("empty");
        Amcx.ExpectBadInput(Amcx.Run("compare", $"a={empty}"), empty, "no evaluation");
    }

    private string Run(string name, params (int Step, double Accuracy)[] evaluations)
    {
        var folder = Directory.CreateDirectory(_folder.PathOf(name)).FullName;
        File.WriteAllLines(Path.Combine(folder, "log.jsonl"), evaluations.Select(e => string.Create(
            CultureInfo.InvariantCulture,
            $"{{\"kind\":\"eval\",\"step\":{e.Step},\"pointing_accuracy\":{e.Accuracy},\"random_accuracy\":0.1,\"count\":8,\"seconds\":0}}")));
        return folder;
    }
}
