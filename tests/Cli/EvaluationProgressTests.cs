using AmcEngine.Amc.CommandLine;
using NUnit.Framework;

namespace AmcEngine.Tests.Cli;

[TestFixture]
internal sealed class EvaluationProgressTests
{
    /// <summary>
    /// 100 questions, 20 of them known; a question takes two seconds. Lines come after 20 seconds each, and none with
    /// the last question.
    /// </summary>
    [Test]
    public void Lines_in_a_pipe_tell_how_long_it_will_take()
    {
        var clock = new Clock();
        using var output = new StringWriter();
        new EvaluationProgress(output, isTerminal: false, clock).Show(100, 20, done =>
        {
            for (var i = 25; i <= 100; i += 5)
            {
                clock.Now += TimeSpan.FromSeconds(10);
                done(i);
            }
        });
        var lines = output.ToString().TrimEnd().Split(Environment.NewLine);
        Assert.That(lines[0], Is.EqualTo("question 30/100  2:20 left"));
        Assert.That(lines[^1], Is.EqualTo("question 90/100  0:20 left"));
        Assert.That(lines, Has.Length.EqualTo(7));
    }

    [Test]
    public void A_short_evaluation_says_nothing()
    {
        using var output = new StringWriter();
        new EvaluationProgress(output, isTerminal: false, new Clock()).Show(2, 0, done => done(1));
        Assert.That(output.ToString(), Is.Empty);
    }

    private sealed class Clock : TimeProvider
    {
        public TimeSpan Now { get; set; }

        public override long TimestampFrequency => TimeSpan.TicksPerSecond;

        public override long GetTimestamp() => Now.Ticks;
    }
}
