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
        string first = Run("a", (0, 0.2), (10, 0.6)), second = Run("b", (0, 0.4), (10, 0.9)),
            other = Run("c", (0, 0.3));
        var png = _folder.PathOf("curves.png");
        var answer = Amcx.Run("compare", $"amc={first},{second}", $"base={other}", "--output", png);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out.ReplaceLineEndings("\n"), Is.EqualTo("""
            | step | amc (2 runs) | base (1 run) |
            |---|---|---|
            | 0 | 0.300 (0.200–0.400) | 0.300 (0.300–0.300) |
            | 10 | 0.750 (0.600–0.900) |  |

            """.ReplaceLineEndings("\n")));
        Assert.That(new FileInfo(png).Length, Is.GreaterThan(1000));
    }

    [Test]
    public void Runs_are_compared_in_a_page_with_their_curves()
    {
        string first = Run("a", (0, 0.2), (10, 0.6)), second = Run("b", (0, 0.4), (10, 0.9)),
            html = _folder.PathOf("runs.html");
        var answer = Amcx.Run("compare", $"amc={first},{second}", $"base={first}", "--report", html);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var page = ReportData.Of(html);
        Assert.That(page["runs"]!.AsArray().Select(r => (string)r!["name"]!), Is.EqualTo(new[] { "amc", "base" }));
        var line = page["charts"]![0]!["lines"]![0]!;
        Assert.That(line["y"]!.AsArray().Select(v => (double)v!), Is.EqualTo(new[] { 0.3, 0.75 }));
        Assert.That(line["low"]!.AsArray().Select(v => (double)v!), Is.EqualTo(new[] { 0.2, 0.6 }));
        Assert.That(page["cases"]!.AsArray(), Is.Empty);
        Amcx.ExpectBadInput(Amcx.Run("compare", $"amc={first}", "--report", _folder.PathOf("no/where.html")),
            "--report", "no/where.html");
        Amcx.ExpectBadInput(Amcx.Run("compare", $"amc={first}", "--config", html), "--report");
    }

    [Test]
    public void With_test_data_the_runs_and_the_methods_are_asked_the_same_questions()
    {
        (var config, var run) = Amcx.Train(_folder, "--steps", "2");
        string other = _folder.PathOf("other"), runs = _folder.PathOf("runs.html"),
            methods = _folder.PathOf("methods.html");
        Assert.That(
            Amcx.Run("train", "--config", config, "--output", other, "--steps", "2", "--seed", "9").Code, Is.Zero);
        var answer = Amcx.Run(
            "compare", $"one={run}", $"other={other}", "--config", config, "--count", "5", "--report", runs);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        var page = ReportData.Of(runs);
        Assert.That(
            page["cases"]!.AsArray().Select(c => (int)c!["index"]!).Order(), Is.EqualTo(Enumerable.Range(0, 5)));
        Assert.That(page["cases"]!.AsArray().Select(c => c!["answers"]!.AsArray().Count), Is.All.EqualTo(2));
        var maps = page["cases"]![0]!["answers"]!.AsArray().Select(a => (string)a!["map"]!);
        Assert.That(maps.Distinct().Count(), Is.EqualTo(2), "each run's own map");
        foreach (var r in Enumerable.Range(0, 2))
        {
            var hits = page["cases"]!.AsArray().Count(c => (bool)c!["answers"]![r]!["hit"]!);
            Assert.That((double)page["runs"]![r]!["numbers"]![0]!["value"]!, Is.EqualTo(hits / 5.0));
        }

        string[] samples = [_folder.PathOf("one.jsonl"), _folder.PathOf("other.jsonl")];
        Assert.That(Amcx.Run("eval", "--config", config, "--checkpoint", run, "--samples", samples[0]).Code, Is.Zero);
        Assert.That(Amcx.Run("eval", "--config", config, "--checkpoint", other, "--samples", samples[1]).Code, Is.Zero);
        answer = Amcx.Run(["compare", "--samples", .. samples, "--config", config, "--report", runs]);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        page = ReportData.Of(runs);
        Assert.That(page["cases"]!.AsArray(), Has.Count.EqualTo(6));
        Assert.That(page["cases"]!.AsArray().SelectMany(c => c!["answers"]!.AsArray()).Select(a => a!["map"]),
            Is.All.Null, "such files hold no maps");
        Assert.That((string)page["notes"]![0]!, Does.Contain("other.jsonl beside").And.Contain("p = "));

        answer = Amcx.Run("compare", "--methods", "--config", config, "--checkpoint", run, "--rise-masks", "8",
            "--count", "4", "--report", methods);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        page = ReportData.Of(methods);
        Assert.That((string)page["runs"]![0]!["name"]!, Is.EqualTo("gradcam"));
        Assert.That(page["cases"]!.AsArray().Select(c => c!["answers"]!.AsArray().Count),
            Is.All.EqualTo(page["runs"]!.AsArray().Count));
        Assert.That(page["cases"]!.AsArray(), Has.Count.EqualTo(4));
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
            $"{{\"kind\":\"eval\",\"step\":{e.Step},\"pointing_accuracy\":{e.Accuracy},\"random_accuracy\":0.1,"
                + $"\"count\":8,\"seconds\":0}}")));
        return folder;
    }
}
