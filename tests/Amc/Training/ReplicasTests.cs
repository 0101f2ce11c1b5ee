using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Tests.Cli;
using AmcEngine.Tests.DataTools;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Training;

/// <summary>What ranks hold is the same to the bit, and they find out where it is not.</summary>
[TestFixture]
internal sealed class ReplicasTests : FolderTests
{
    [Test]
    public void All_ranks_get_the_whole_session_of_the_first()
    {
        var states = Run(3, (session, job) =>
        {
            if (job.IsFirst)
                Advance(session);
            new Replicas(session, job).Distribute();
            return Hashes(session);
        });
        Assert.That(states[1..], Is.All.EqualTo(states[0]));
        Assert.That(states[0], Does.Contain("step 2 stop 5 updates 2"));
        Assert.That(states[0], Is.Not.EqualTo(Run(1, (session, _) => Hashes(session))[0]), "it was another one before");
    }

    [TestCase("visual_encoder.blocks.0.attn.qkv.weight")]
    [TestCase("image_queue")]
    public void The_first_tensor_that_differs_is_named_with_the_rank(string name)
    {
        var ends = Run(3, (session, job) =>
        {
            var replicas = new Replicas(session, job);
            replicas.Distribute();
            replicas.RequireSame("before");
            if (job.Rank == 2)
            {
                // One bit of one number, and another tensor further on.
                Change(session, name, at: 5);
                var moment = session.Optimizer.State.Last().ExpAvg;
                moment.Load<float>([.. moment.ToArray<float>().Select(v => v + 1)]);
            }
            var error = Assert.Catch<Exception>(() => replicas.RequireSame("after step 7"))!;
            return $"{error.GetType().Name} {error.Message}";
        });
        Assert.That(ends[0], Does.StartWith(
            $"ReplicaException after step 7, {name} of rank 2 is not that of the others"));
        Assert.That(ends[1..], Is.All.StartWith("OtherRankException"));
    }

    [Test]
    public void Moments_and_the_number_of_updates_are_compared_too()
    {
        var ends = Run(2, (session, job) =>
        {
            var replicas = new Replicas(session, job);
            replicas.Distribute();
            List<string> errors = [];
            void Try()
            {
                try
                {
                    replicas.RequireSame("after step 1");
                }
                catch (Exception e)
                {
                    errors.Add(e.Message);
                }
            }

            if (job.Rank == 1)
                session.Optimizer.StepCount++;
            Try();
            if (job.Rank == 1)
                session.Optimizer.StepCount--;
            Try();
            var moment = session.Optimizer.State.First().ExpAvgSq;
            if (job.Rank == 1)
                moment.Load<float>([.. moment.ToArray<float>().Select(v => v + 1)]);
            Try();
            return string.Join('\n', errors);
        });
        Assert.That(ends[0].Split('\n'), Has.Length.EqualTo(2));
        Assert.That(ends[0], Does.Contain("the number of updates of rank").And.Contain("the second moment of"));
    }

    private static void Advance(TrainingSession session)
    {
        Change(session, "temp", 0);
        Change(session, "image_queue", 3);
        var moment = session.Optimizer.State.Last().ExpAvg;
        moment.Load<float>([.. moment.ToArray<float>().Select((v, i) => v + i)]);
        session.Model.StateEntries.First(e => e.Parameter.Integers is { Length: 1 }).Parameter.Integers![0] = 4;
        (session.Step, session.StopAfter, session.Optimizer.StepCount) = (2, 5, 2);
    }

    private static void Change(TrainingSession session, string name, int at)
    {
        var tensor = session.Model.StateEntries.First(e => e.Name == name).Parameter.Value;
        var values = tensor.ToArray<float>();
        values[at] = MathF.BitIncrement(values[at]);
        tensor.Load<float>(values);
    }

    private static string Hashes(TrainingSession session) => string.Join('\n',
        [
            $"step {session.Step} stop {session.StopAfter} updates {session.Optimizer.StepCount}",
            .. session.Model.StateEntries.Select(e => e.Parameter.Integers is { } whole
                ? $"{e.Name} {string.Join(' ', whole)}" : $"{e.Name} {Bits(e.Parameter.Value.ToArray<float>())}"),
            .. session.Optimizer.State.Select(
                s => $"{Bits(s.ExpAvg.ToArray<float>())} {Bits(s.ExpAvgSq.ToArray<float>())}"),
        ]);

    private static string Bits(float[] values) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())))[..16];

    // Each rank begins with weights of its own.
    private T[] Run<T>(int ranks, Func<TrainingSession, Job, T> body)
    {
        var file = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        return ThreadCommunicator.Run(ranks, communicator =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(
                RunConfig.Load(file, [$"seed={communicator.Rank}", "batch_size=6"]), backend,
                communicator: communicator);
            return body(session, new Job(communicator, ErrorReporter.CodeOf));
        });
    }
}
