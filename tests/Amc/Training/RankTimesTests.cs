using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Runs;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>What the log says of the ranks' time.</summary>
[TestFixture]
internal sealed class RankTimesTests : FolderTests
{
    [Test]
    public void Own_time_and_waiting_are_means_over_the_steps_since_the_last_line()
    {
        var file = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        var told = ThreadCommunicator.Run(2, ranks =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(
                RunConfig.Load(file, ["log_every=2"]), backend, communicator: ranks);
            var times = new RankTimes(session, new Job(ranks, ErrorReporter.CodeOf));
            return Enumerable.Range(1, 4).Select(step =>
            {
                times.Add(seconds: (1 + ranks.Rank) * step, waited: 0.25 * step);
                session.Step = step;
                return times.Exchange();
            }).ToArray();
        });
        foreach (var rank in told)
        {
            Assert.That(new[] { rank[0], rank[2] }, Is.All.Null);
            Expect(rank[1]!, [1.125, 2.625], 0.375);
            Expect(rank[3]!, [2.625, 6.125], 0.875);
        }
    }

    private static void Expect(RankSeconds times, double[] own, double waiting)
    {
        Assert.That(times.Own, Is.EqualTo(own));
        Assert.That(times.Waiting, Is.All.EqualTo(waiting));
        Assert.That(times.Slowest, Is.EqualTo(1));
    }
}
