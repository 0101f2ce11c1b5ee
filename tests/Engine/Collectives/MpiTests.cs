using AmcEngine.Bench.Collectives;
using AmcEngine.Tests.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>The collectives over MPI, in jobs of several processes under either family of launchers.</summary>
[TestFixture]
internal sealed class MpiTests
{
    [Test]
    public void Collectives_give_what_their_definitions_say(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher, [Values(2, 3, 4)] int ranks)
    {
        var answer = MpiJob.Check(launcher, ranks);
        var expected = CollectiveChecks.All.Select(c => $"ok: {c.Name}");
        Assert.Multiple(() =>
        {
            Assert.That(Lines(answer.Out).Skip(1), Is.EqualTo(expected), answer.Error);
            Assert.That(Lines(answer.Out).First(), Does.EndWith($", {ranks} ranks, cpu").And.StartsWith(
                launcher == "mpirun.openmpi" ? "Open MPI v" : "MPICH "));
            Assert.That(answer.Code, Is.Zero, answer.Error);
        });
    }

    [Test]
    public void One_process_under_a_launcher_works_alone(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher)
    {
        var answer = MpiJob.Check(launcher, 1, new Dictionary<string, string> { ["AMCX_MPI"] = "nowhere.so" });
        Assert.That(answer.Out, Does.StartWith("single process, 1 ranks").And.Not.Contain("failed"), answer.Error);
        Assert.That(answer.Code, Is.Zero);
    }

    [Test]
    public void Tensors_of_a_device_go_through_the_host()
    {
        // Skips where there is no device.
        _ = TestBackends.OpenCl;
        var answer = MpiJob.Check("mpirun.openmpi", 2, "--device", "opencl:0");
        Assert.That(answer.Out, Does.Contain("2 ranks, opencl:0").And.Not.Contain("failed"), answer.Error);
        Assert.That(answer.Code, Is.Zero, answer.Error);
    }

    [Test]
    public void Unequal_calls_are_an_error_on_every_rank(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher)
    {
        var answer = MpiJob.Check(launcher, 3, "shapes");
        const string message = "collective 1 differs between ranks: rank 0 calls all_reduce Sum of F32[4], rank 2 "
            + "calls all_reduce Sum of F32[3]; all ranks must make the same calls, in one order, with the same shapes";
        Assert.That(RankLines(answer.Out),
            Is.Not.Empty.And.SubsetOf(Enumerable.Range(0, 3).Select(r => $"rank {r}: {message}")), answer.Out);
        Assert.That(answer.Code, Is.Not.Zero);
    }

    /// <summary>
    /// Weights would grow apart without a word. The library is one in front of the launcher's (uneven-mpi.c).
    /// </summary>
    [TestCase("mpirun.openmpi", "libmpi.so.40")]
    [TestCase("mpirun.mpich", "libmpich.so.12")]
    public void Sums_that_are_not_the_same_on_all_ranks_are_an_error(string launcher, string library)
    {
        MpiJob.Require(launcher);
        using var folder = new TempFolder();
        var uneven = MpiJob.Compile("uneven-mpi.c", folder, $"-l:{library}");
        var answer = MpiJob.Check(launcher, 2, new Dictionary<string, string> { ["AMCX_MPI"] = uneven }, "uneven");
        var said = RankLines(answer.Out);
        string[] first = ["rank 0: NaN", "rank 1: NaN"];
        Assert.That(said.Intersect(first), Is.Not.Empty, answer.Out);
        Assert.That(said.Except(first), Is.Not.Empty.And.All.Contains(" gives the ranks different sums of 7 F32: "),
            answer.Out);
        Assert.That(answer.Code, Is.Not.Zero);
    }

    [Test]
    public void Calls_in_another_order_are_an_error()
    {
        var answer = MpiJob.Check("mpirun.openmpi", 2, "order");
        Assert.That(answer.Out, Does.Contain("rank 0 calls all_reduce Sum of F32[4], rank 1 calls barrier"));
        Assert.That(answer.Code, Is.Not.Zero);
    }

    [Test]
    public void A_killed_rank_ends_the_job(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher) =>
        Assert.That(MpiJob.Check(launcher, 2, "kill").Code, Is.Not.Zero);

    [Test]
    public void Abort_ends_ranks_that_wait_and_gives_the_exit_code(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher) =>
        Assert.That(MpiJob.Check(launcher, 2, "abort").Code, Is.EqualTo(7));

    [Test]
    public void A_rank_that_comes_to_its_end_tells_those_that_go_on(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher)
    {
        var answer = MpiJob.Check(launcher, 2, "leave");
        Assert.That(answer.Error, Does.Contain("error: rank 1 has ended and other ranks go on: collective 1 differs"));
        Assert.That(answer.Out, Does.Contain(
            "rank 0: collective 1 differs between ranks: rank 0 calls all_reduce Sum of F32[4], rank 1 calls the end"));
    }

    [Test]
    public void A_rank_that_waits_at_its_end_for_others_ends_the_job(
        [ValueSource(typeof(MpiJob), nameof(MpiJob.Launchers))] string launcher)
    {
        var answer = MpiJob.Check(launcher, 2, "alone");
        Assert.That(answer.Code, Is.Not.Zero);
        Assert.That(answer.Error, Does.Contain("error: rank 1 has ended and other ranks have not within 1 s"));
    }

    // The first rank is asked who is missing; where that is itself, the second one knows. They ask after two and a half
    // seconds, however often they have heard of the missing one meanwhile.
    [TestCase("mpirun.openmpi", "missing-first", 0)]
    [TestCase("mpirun.mpich", "missing-last", 2)]
    public void Ranks_that_wait_know_for_whom(string launcher, string scenario, int missing)
    {
        var answer = MpiJob.Check(launcher, 3, scenario);
        Assert.That(answer.Code, Is.Zero, answer.Error);
        Assert.That(Lines(answer.Out), Has.Length.EqualTo(2).And.All.Match(
            $"^rank [0-2] waits for rank {missing} \\(at step 8 for ([2-9]|\\d\\d) s\\)$"));
    }

    // All wait inside the library then, and messages pass beside that. Most of the time is waiting.
    [Test]
    public void Ranks_know_of_one_that_was_stopped_in_a_sum()
    {
        var launchers = MpiJob.Launchers.Where(MpiJob.Installed).ToArray();
        if (launchers.Length == 0) MpiJob.Require(MpiJob.Launchers[0]);
        foreach (var answer in launchers.AsParallel().Select(l => MpiJob.Check(l, 3, "stopped")))
        {
            Assert.That(answer.Code, Is.Zero, answer.Error);
            Assert.That(Lines(answer.Out), Has.Length.EqualTo(2).And.All.Match(
                @"^rank [01] waits for rank 2 \(last heard of at step 9, \d+ s ago\)$"), answer.Out);
        }
    }

    [TestCase("mpirun.openmpi", "libmpich.so.12",
        "Open MPI's mpirun has started this process, but libmpich.so.12 is MPICH")]
    [TestCase("mpirun.mpich", "libmpi.so.40", "MPICH's mpiexec has started this process, but libmpi.so.40 is Open MPI")]
    public void A_library_that_is_not_the_launchers_is_refused_in_one_line(string launcher, string library, string part)
    {
        if (!MpiJob.Launchers.All(MpiJob.Installed)) Assert.Ignore("apt-get install openmpi-bin mpich");
        var answer = MpiJob.Check(launcher, 2, new Dictionary<string, string> { ["AMCX_MPI"] = library });
        var said = Lines(answer.Error).Where(l => l.StartsWith("error: ", StringComparison.Ordinal)).ToArray();
        Assert.That(said, Has.Length.EqualTo(1).And.One.Contains(part), answer.Error);
        Assert.That(answer.Code, Is.EqualTo(2));
    }

    // As where the environment of a job is carried to processes that are started otherwise.
    [TestCase("mpirun.openmpi", "OMPI_COMM_WORLD_SIZE", "OMPI_COMM_WORLD_RANK")]
    [TestCase("mpirun.mpich", "PMI_SIZE", "PMI_RANK")]
    public void A_process_that_MPI_believes_alone_is_refused_where_the_launcher_says_several(
        string launcher, string size, string rank)
    {
        if (!MpiJob.Installed(launcher)) Assert.Ignore("apt-get install openmpi-bin mpich");
        var answer = MpiJob.Start("dotnet", [MpiJob.Bench, "collectives-check"],
            new Dictionary<string, string> { [size] = "2", [rank] = "0" });
        Assert.That(Lines(answer.Error).Last(), Does.StartWith("error: ").And.Contain(" has started 2 processes, but ")
            .And.Contain(") knows of 1: the launcher belongs to another MPI"), answer.Out);
        Assert.That(answer.Code, Is.EqualTo(2));
    }

    // What ranks say, and not what a launcher writes between that. It may end the others when the first one has failed.
    private static string[] RankLines(string text) =>
        [.. Lines(text).Where(l => l.StartsWith("rank ", StringComparison.Ordinal))];

    private static string[] Lines(string text) =>
        text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}
