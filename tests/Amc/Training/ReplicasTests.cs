using AmcEngine.Amc.CommandLine;
using AmcEngine.Amc.Configuration;
using AmcEngine.Amc.Ranks;
using AmcEngine.Amc.Training;
using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Tensors;
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
    public void All_ranks_get_the_whole_session_of_the_first([Values] bool copiesHaveFollowed)
    {
        var states = Run(3, (session, job) =>
        {
            if (job.IsFirst)
                Advance(session);
            if (job.IsFirst && copiesHaveFollowed)
                session.Model.Average!.SetApplied();
            new Replicas(session, job).Distribute();
            return Hashes(session);
        });
        Assert.That(states[1..], Is.All.EqualTo(states[0]));
        Assert.That(states[0], Does.Contain($"step 2 stop 5 updates 2 pending {!copiesHaveFollowed}"));
        Assert.That(states[0], Is.Not.EqualTo(Run(1, (session, _) => Hashes(session))[0]), "it was another one before");
    }

    // The last is behind the first MiB of its tensor.
    [TestCase("visual_encoder.blocks.0.attn.qkv.weight", 5)]
    [TestCase("image_queue", 5)]
    [TestCase("image_queue", 300_000)]
    public void The_first_tensor_that_differs_is_named_with_the_rank(string name, int at)
    {
        var ends = Run(3, (session, job) =>
        {
            var replicas = new Replicas(session, job);
            replicas.Distribute();
            replicas.RequireSame("before");
            if (job.Rank == 2)
            {
                // One bit of one number, and another tensor further on.
                Change(session, name, at);
                var moment = session.Optimizer.State.Last().ExpAvg;
                moment.Load<float>([.. moment.ToArray<float>().Select(v => v + 1)]);
            }
            var error = Assert.Catch<Exception>(() => replicas.RequireSame("after step 7"))!;
            return $"{error.GetType().Name} {error.Message}";
        }, "queue_size=40002");
        Assert.That(ends[0], Does.StartWith(
            $"ReplicaException after step 7, {name} of rank 2 is not that of the others"));
        Assert.That(ends[1..], Is.All.StartWith("OtherRankException"));
    }

    [Test]
    public void Moments_places_in_queues_and_the_number_of_updates_are_compared_too()
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
            var place = session.Model.StateEntries.Single(e => e.Name == "queue_ptr_img").Parameter.Integers!;
            if (job.Rank == 1)
                place[0]++;
            Try();
            if (job.Rank == 1)
                place[0]--;
            var moment = session.Optimizer.State.First().ExpAvgSq;
            if (job.Rank == 1)
                moment.Load<float>([.. moment.ToArray<float>().Select(v => v + 1)]);
            Try();
            return string.Join('\n', errors);
        });
        var errors = ends[0].Split('\n');
        Assert.That(errors, Has.Length.EqualTo(3));
        foreach (var (error, part) in errors.Zip(
            (string[])["the number of updates of rank 1", "queue_ptr_img of rank 1", "the second moment of"]))
            Assert.That(error, Does.Contain(part));
    }

    /// <summary>A broadcast whose third tensor has another bit on rank 1.</summary>
    [Test]
    public void What_arrives_otherwise_than_it_was_sent_ends_the_run_before_its_first_step()
    {
        var ends = Run(3, (session, job) => Assert.Catch<Exception>(() => new Replicas(
            session, new Job(new Lossy(job.Communicator), ErrorReporter.CodeOf)).Distribute())!.Message);
        Assert.That(ends[0], Does.StartWith("at the beginning, ").And.Contain(" of rank 1 is not that of the others"));
    }

    [Test]
    public void Ranks_that_ask_another_number_of_questions_are_refused()
    {
        var ends = Run(2, (session, job) =>
        {
            new Replicas(session, job).Distribute();
            Replicas.RequireSame(job, session.Model, questions: 6);
            return Assert.Catch<Exception>(() => Replicas.RequireSame(job, session.Model, 6 + job.Rank))!.Message;
        });
        Assert.That(ends[0], Does.StartWith("the number of questions of rank 1 is not that of the others; bring"));
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
            $"step {session.Step} stop {session.StopAfter} updates {session.Optimizer.StepCount} "
                + $"pending {session.Model.Average!.IsPending}",
            .. session.Model.StateEntries.Select(e => e.Parameter.Integers is { } whole
                ? $"{e.Name} {string.Join(' ', whole)}" : $"{e.Name} {Bits(e.Parameter.Value.ToArray<float>())}"),
            .. session.Optimizer.State.Select(
                s => $"{Bits(s.ExpAvg.ToArray<float>())} {Bits(s.ExpAvgSq.ToArray<float>())}"),
        ]);

    private static string Bits(float[] values) =>
        Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(
            System.Runtime.InteropServices.MemoryMarshal.AsBytes(values.AsSpan())))[..16];

    // Each rank begins with weights of its own.
    private T[] Run<T>(int ranks, Func<TrainingSession, Job, T> body, params string[] set)
    {
        var file = _folder.Write("tiny.yaml", Amcx.TinyConfig);
        return ThreadCommunicator.Run(ranks, communicator =>
        {
            using var backend = new CpuBackend(1);
            using var session = TrainingSession.Create(
                RunConfig.Load(file, [$"seed={communicator.Rank}", "batch_size=6", .. set]), backend,
                communicator: communicator);
            return body(session, new Job(communicator, ErrorReporter.CodeOf));
        });
    }

    /// <summary>Ranks by whose network a bit is lost.</summary>
    private sealed class Lossy(ICommunicator inner) : ICommunicator
    {
        private int _broadcasts;

        public string Name => inner.Name;

        public int Rank => inner.Rank;

        public int Size => inner.Size;

        public CollectiveWork AllReduce(Tensor tensor, Reduction reduction) => inner.AllReduce(tensor, reduction);

        public CollectiveWork Reduce(Tensor tensor, int root) => inner.Reduce(tensor, root);

        public CollectiveWork ReduceScatter(Tensor source, Tensor target) => inner.ReduceScatter(source, target);

        public CollectiveWork AllGather(Tensor source, Tensor target) => inner.AllGather(source, target);

        public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received) =>
            inner.AllToAll(source, sent, target, received);

        public CollectiveWork Broadcast(Tensor tensor, int root) =>
            new Work(inner.Broadcast(tensor, root), ++_broadcasts == 3 && Rank == 1 ? tensor : null);

        public void AllReduce(Span<double> values, Reduction reduction) => inner.AllReduce(values, reduction);

        public byte[][] AllGather(ReadOnlySpan<byte> bytes) => inner.AllGather(bytes);

        public void Barrier() => inner.Barrier();

        public ICommunicator Split(int color, int key) => inner.Split(color, key);

        public void Abort(int exitCode) => inner.Abort(exitCode);

        public void Dispose() => inner.Dispose();

        private sealed class Work(CollectiveWork inner, Tensor? damaged) : CollectiveWork
        {
            public override void Wait()
            {
                inner.Wait();
                damaged?.Load<float>([.. damaged.ToArray<float>().Select(MathF.BitIncrement)]);
            }
        }
    }
}
