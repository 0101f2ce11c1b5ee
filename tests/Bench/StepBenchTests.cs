using AmcEngine.Bench.Cpu;
using AmcEngine.Bench.Harness;
using NUnit.Framework;

namespace AmcEngine.Tests.Bench;

/// <summary>What <c>bench step</c> and <c>bench attention --order 2</c> do with what they measured.</summary>
[TestFixture]
internal sealed class StepBenchTests
{
    [Test]
    public void Steps_of_all_rounds_are_the_steps_asked_for([Values(1, 2, 5, 8, 100)] int steps)
    {
        var rounds = StepCommand.InRounds(steps, 5);
        Assert.That(rounds.Sum(), Is.EqualTo(steps));
        Assert.That(rounds, Has.Length.EqualTo(Math.Min(steps, 5)));
        Assert.That(rounds.Max() - rounds.Min(), Is.LessThanOrEqualTo(1));
    }

    [Test]
    public void A_ratio_is_the_peer_s_time_over_ours()
    {
        var cells = StepCommand.Beside(new StepTimes(new Rounds([0.5, 0.4, 0.7]), new StepFigures(3 << 20, 0, ""),
            new Rounds([2, 1.2, 4]), new StepFigures(9 << 20, 0, "")));
        Assert.That(cells, Is.EqualTo(
            new[] { "0.500", "0.400", "2.000", "1.200", "4.00", "3.00", "3", "9" }));
    }

    [Test]
    public void Time_and_memory_are_shares_of_the_fused_attention()
    {
        var rows = DoubleBackwardCommand.Rows(577, [
            new DoubleBackwardFigures(new Rounds([0.002, 0.001, 0.004]), 4 << 20, 5 << 20),
            new DoubleBackwardFigures(new Rounds([0.006]), 18 << 20, 20 << 20),
            new DoubleBackwardFigures(new Rounds([0.008]), 0, 30 << 20),
        ]).ToArray();
        Assert.That(rows[0][2..], Is.EqualTo(new[] { "2.00", "1.00", "1.00", "4.0", "1.00", "5.0" }));
        Assert.That(rows[1][2..], Is.EqualTo(new[] { "6.00", "6.00", "3.00", "18.0", "4.50", "20.0" }));
        Assert.That(rows[2][2..], Is.EqualTo(new[] { "8.00", "8.00", "4.00", "–", "–", "30.0" }));
        Assert.That(rows[2][1], Is.EqualTo(DoubleBackwardCommand.Torch));
    }

    [Test]
    public void The_step_s_process_answers_line_by_line()
    {
        using var output = new StringWriter();
        var code = StepRun.Serve(["/nowhere.yaml", "1"], new StringReader(""), output);
        Assert.That(code, Is.EqualTo(1));
        Assert.That(output.ToString(), Does.StartWith("error").And.Contain("/nowhere.yaml"));
    }

    [Test]
    public void The_attention_s_process_answers_line_by_line([Values("fused", "composed")] string kind)
    {
        using var output = new StringWriter();
        var code = DoubleBackwardRun.Serve(
            [kind, "1"], new StringReader("case 1 2 33 8 0.0001\nmeasure\n"), output);
        var lines = output.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(code, Is.Zero, output.ToString());
        Assert.That(lines.Select(l => l.Split(' ')[0]), Is.EqualTo(new[] { "hello", "ready", "time" }));
        // At least the results are above the operands: four tensors of [1, 33, 16] in f32.
        Assert.That(long.Parse(lines[1].Split(' ')[4]), Is.GreaterThan(4 * 33 * 16 * sizeof(float)));
    }
}
