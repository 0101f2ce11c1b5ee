using AmcEngine.Amc.Runs;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

/// <summary>A line of a log that cannot be read costs that line, never the command.</summary>
[TestFixture]
internal sealed class TrainingLogTests : FolderTests
{
    [TestCase("torn", "line 7 ")]
    [TestCase("nul", "line 7 ")]
    [TestCase("foreign", "line 4 ")]
    [TestCase("blank", "lines 2, 4, 6, 8, 10 ")]
    public void Bad_lines_are_named_and_the_rest_is_read(string name, string lines)
    {
        var folder = Folder(File.ReadAllBytes(Case(name)));
        string? warning = null;
        (var steps, var evaluations) = TrainingLogReader.Read(folder, w => warning = w);
        Assert.That(steps.Select(s => s.Step), Is.EqualTo(new[] { 1, 2, 3, 4, 5 }));
        Assert.That(evaluations, Is.EqualTo(new[] { new EvaluationRecord(0, 0.25, 0.108, 64) }));
        Assert.That(warning, Does.Contain(lines).And.Contain("log.jsonl"));

        var answer = Amcx.Run("compare", $"a={folder}");
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("| 0 | 0.250"));
        Assert.That(answer.Error, Does.StartWith("warning: ").And.Contain(lines));
    }

    [TestCase("[]")]
    [TestCase("3")]
    [TestCase("null")]
    [TestCase("\"step\"")]
    [TestCase("""{"kind":"step","step":1.5,"losses":{}}""")]
    [TestCase("""{"kind":"step","step":99999999999,"losses":{}}""")]
    [TestCase("""{"kind":"step","step":1,"epoch":0,"losses":[1],"lr":1,"seconds":0}""")]
    [TestCase("""{"kind":"step","step":1,"epoch":0,"losses":{"total":"x"},"lr":1,"seconds":0}""")]
    [TestCase("""{"kind":"eval","step":4}""")]
    [TestCase("""{"kind":7,"step":4}""")]
    [TestCase("""{"kind":"note","step":4}""")]
    [TestCase("\u0001\uFFFF{")]
    public void Whatever_a_line_holds_the_others_count(string line)
    {
        var folder = Folder(System.Text.Encoding.UTF8.GetBytes($"{line}\n{File.ReadAllLines(Case("torn"))[0]}\n"));
        string? warning = null;
        (var steps, var evaluations) = TrainingLogReader.Read(folder, w => warning = w);
        Assert.That((steps.Count, evaluations.Count), Is.EqualTo((0, 1)));
        Assert.That(warning, Does.Contain("line 1 "));
    }

    [Test]
    public void Many_bad_lines_are_counted_and_not_all_named()
    {
        var folder = Folder(System.Text.Encoding.UTF8.GetBytes(new string('\n', 100_000)));
        string? warning = null;
        TrainingLogReader.Read(folder, w => warning = w);
        Assert.That(warning, Does.Contain("and 99980 more").And.Length.LessThan(400));
    }

    [TestCase("torn")]
    [TestCase("nul")]
    [TestCase("foreign")]
    [TestCase("blank")]
    public void A_run_with_bad_lines_in_its_log_resumes(string name)
    {
        (_, var run) = Amcx.Train(_folder, "--steps", "3");
        var log = Path.Combine(run, "log.jsonl");
        var good = File.ReadAllLines(log);
        var odd = File.ReadAllLines(Case(name));
        // The odd lines of the sample, among the run's own.
        var bad = name switch { "foreign" => odd[3], "blank" => "", _ => odd[6] };
        File.WriteAllText(log, string.Join('\n', [.. good[..2], bad, .. good[2..]]) + "\n" + bad);
        var answer = Amcx.Run("train", "--resume", run);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Error, Does.Contain("warning: ").And.Contain(" 3"));
        Assert.That(RunFiles.Log(run).Where(l => (string)l["kind"]! == "step").Select(l => (int)l["step"]!),
            Is.EqualTo(new[] { 1, 2, 3, 4, 5, 6 }));
    }

    [Test]
    public void Before_comes_from_step_0_or_is_not_claimed()
    {
        (_, var run) = Amcx.Train(_folder, "--steps", "5");
        var log = Path.Combine(run, "log.jsonl");
        File.WriteAllLines(
            log, File.ReadAllLines(log).Where(l => !l.Contains("\"eval\",\"step\":0,", StringComparison.Ordinal)));
        var answer = Amcx.Run("train", "--resume", run);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(answer.Out, Does.Contain("% after training").And.Not.Contain("% before"));
    }

    private string Folder(byte[] log)
    {
        File.WriteAllBytes(_folder.PathOf("log.jsonl"), log);
        return _folder.Path;
    }

    private static string Case(string name) =>
        TempFolder.Fixture(Path.Combine("..", "..", "Cases", "logs", name + ".jsonl"));
}
