using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.Collectives;
using AmcEngine.DataTools;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Ranks;

/// <summary>How ranks agree, on ranks that are threads.</summary>
[TestFixture]
internal sealed class JobTests
{
    [Test]
    public void What_one_rank_fails_at_ends_all_and_that_one_says_why()
    {
        var ends = ThreadCommunicator.Run(3, ranks =>
        {
            var job = new Job(ranks, ErrorReporter.CodeOf);
            return Thrown(job, () => job.Together(() =>
            {
                if (job.Rank == 1)
                    throw new DataException("cut.json: is cut");
            }));
        });
        Assert.That(ends.Select(e => e.Error.GetType()), Is.EqualTo(
            (Type[])[typeof(OtherRankException), typeof(DataException), typeof(OtherRankException)]));
        Assert.That(ends.Select(e => (e.Agreed, e.Failed)), Is.All.EqualTo((true, (int?)1)));
        Assert.That(((OtherRankException)ends[2].Error).ExitCode, Is.EqualTo(2));
        Assert.That(ends[0].Error.Message, Is.EqualTo("rank 1: cut.json: is cut"));
    }

    [Test]
    public void What_all_fail_at_alike_is_said_by_the_first()
    {
        var ends = ThreadCommunicator.Run(2, ranks =>
        {
            var job = new Job(ranks, ErrorReporter.CodeOf);
            return Thrown(job, () => job.Together(() => throw new ConfigException("seed: is wrong")));
        });
        Assert.That(ends[0].Error, Is.TypeOf<ConfigException>());
        Assert.That(ends[1].Error, Is.TypeOf<OtherRankException>());
        Assert.That(ends.Select(e => e.Failed), Is.All.Null, "no rank is to blame");
    }

    [Test]
    public void An_error_waits_until_ranks_meet_and_nothing_is_attempted_after_it()
    {
        var done = ThreadCommunicator.Run(2, ranks =>
        {
            var job = new Job(ranks, ErrorReporter.CodeOf);
            var after = false;
            if (job.IsFirst)
            {
                job.Attempt(() => throw new IOException("full"));
                job.Attempt(() => after = true);
            }
            var error = Thrown(job, () => job.Meet()).Error;
            var blamed = job.FailedRank;
            // The error is told once: the next meeting is a good one. For what all find alike nobody is to blame.
            job.Meet();
            job.Common(error);
            return (after, error.GetType(), blamed, job.FailedRank);
        });
        Assert.That(done[0], Is.EqualTo((false, typeof(IOException), (int?)0, (int?)null)));
        Assert.That(done[1], Is.EqualTo((false, typeof(OtherRankException), (int?)0, (int?)null)));
    }

    [Test]
    public void Where_ranks_meet_each_value_is_the_largest()
    {
        var met = ThreadCommunicator.Run(3, ranks =>
        {
            var job = new Job(ranks, ErrorReporter.CodeOf);
            double[] values = [job.Rank == 1 ? 7 : 0, -job.Rank];
            job.Meet(values);
            return values;
        });
        Assert.That(met, Is.All.EqualTo((double[])[7, 0]));
    }

    [Test]
    public void One_process_alone_throws_at_once()
    {
        Assert.That(() => Job.Alone.Attempt(() => throw new IOException("full")), Throws.TypeOf<IOException>());
        Assert.That(Job.Alone.HasAgreed(new IOException()), Is.False);
    }

    [Test]
    public void Settings_that_differ_are_named_with_the_rank()
    {
        var ends = ThreadCommunicator.Run(3, ranks =>
        {
            var job = new Job(ranks, ErrorReporter.CodeOf);
            job.RequireSame(new Dictionary<string, string?> { ["a"] = "1" }, "");
            return Thrown(job, () => job.RequireSame(new Dictionary<string, string?>
            {
                ["seed"] = job.Rank == 2 ? "3" : "4",
                ["batch_size"] = "8",
                ["workers"] = job.Rank == 1 ? null : "2",
            }, "make them equal")).Error;
        });
        Assert.That(ends[0], Is.TypeOf<ConfigException>().With.Message.EqualTo(
            "seed: is 3 on rank 2 and 4 on rank 0; make them equal"));
        Assert.That(ends[1..], Is.All.TypeOf<OtherRankException>());
    }

    [TestCase("rank", "rank: is 2 on rank 2 and 0 on rank 0")]
    [TestCase("extra", "extra: is yes on rank 2 and not set on rank 0")]
    public void One_rank_of_many_that_differs_is_enough(string key, string expected)
    {
        var ends = ThreadCommunicator.Run(3, ranks =>
        {
            var job = new Job(ranks, ErrorReporter.CodeOf);
            var values = new Dictionary<string, string?> { ["seed"] = "4" };
            if (key == "rank")
                values[key] = job.Rank == 2 ? "2" : "0";
            else if (job.Rank == 2)
                values[key] = "yes";
            return Thrown(job, () => job.RequireSame(values, "make them equal")).Error.Message;
        });
        Assert.That(ends[0], Is.EqualTo($"{expected}; make them equal"));
    }

    [Test]
    public void A_command_says_one_line_and_all_its_ranks_end_with_the_same_code()
    {
        var lines = new StringWriter();
        var codes = Command(3, lines, job => job.Together(() =>
        {
            if (job.Rank > 0)
                throw new DataException($"share {job.Rank} is bad");
        }));
        Assert.That(codes, Is.All.EqualTo(2));
        Assert.That(lines.ToString(), Is.EqualTo($"error: rank 1: share 1 is bad{Environment.NewLine}"));
    }

    [Test]
    public void An_error_that_the_others_do_not_know_of_ends_them()
    {
        var lines = new StringWriter();
        // The other rank waits in a collective, which only the end of the job ends.
        Assert.That(() => Command(2, lines, job =>
        {
            if (job.Rank == 1)
                throw new OutOfMemoryException();
            job.Communicator.Barrier();
        }), Throws.TypeOf<CollectiveException>().With.Message.Contains("has aborted the job"));
        Assert.That(lines.ToString(), Does.StartWith("error: rank 1: out of memory"));
    }

    private static int[] Command(int ranks, StringWriter error, Action<Job> body) => ThreadCommunicator.Run(ranks,
        communicator => JobCommand.Run(communicator, new TrainOptions(),
            new CommandContext(TextWriter.Null, TextWriter.Synchronized(error)), (job, _) =>
            {
                body(job);
                return 0;
            }));

    private static (Exception Error, bool Agreed, int? Failed) Thrown(Job job, Action body)
    {
        var error = Assert.Catch<Exception>(() => body())!;
        return (error, job.HasAgreed(error), job.FailedRank);
    }
}
