using System.Collections.Concurrent;
using AmcEngine.Amc.Ranks;
using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Ranks;

[TestFixture]
internal sealed class WatchedCommunicatorTests
{
    [Test]
    public void A_rank_that_does_not_come_raises_the_alarm_of_the_one_that_waits()
    {
        using var raised = new ManualResetEventSlim();
        List<string> alarms = [];
        ThreadCommunicator.Run(2, ranks =>
        {
            using var watched = new WatchedCommunicator(ranks, TimeSpan.FromMilliseconds(50), line =>
            {
                lock (alarms)
                    alarms.Add(line);
                raised.Set();
            })
            { Doing = "step 17" };
            // The second rank comes only when the first has complained.
            if (ranks.Rank == 1)
                Assert.That(raised.Wait(TimeSpan.FromSeconds(30)), Is.True);
            watched.Barrier();
            Assert.That(watched.Waited > TimeSpan.Zero, Is.True);
        });
        // The other rank may wait, too, until this one is told.
        var first = alarms.FindAll(a => a.StartsWith("rank 0 waits for the others", StringComparison.Ordinal));
        Assert.That(first, Has.Count.EqualTo(1));
        Assert.That(first[0], Does.Contain("at step 17, in a barrier"));
    }

    [Test]
    public void Work_in_progress_counts_while_it_is_waited_for_and_not_before()
    {
        using var raised = new ManualResetEventSlim();
        using var backend = new CpuBackend(1);
        var late = new Late();
        using var watched = new WatchedCommunicator(late, TimeSpan.FromMilliseconds(50), line =>
        {
            if (line.Contains("all-reduce of 6 numbers", StringComparison.Ordinal))
                raised.Set();
        });
        using var tensor = Tensor.Zeros([2, 3], DType.F32, backend);
        var work = watched.AllReduce(tensor);
        Assert.That(raised.Wait(200), Is.False, "nobody waits yet");
        late.Until = raised;
        work.Wait();
        Assert.That(raised.IsSet, Is.True);
    }

    [Test]
    public void The_others_are_told_what_a_rank_does_and_the_alarm_names_who_is_missing()
    {
        using var raised = new ManualResetEventSlim();
        var line = "";
        var late = new Late { Until = raised, Absent = ["rank 1 (last heard of at step 16, 3 s ago)"] };
        using var watched = new WatchedCommunicator(late, TimeSpan.FromMilliseconds(400), alarm =>
        {
            line = alarm;
            raised.Set();
        })
        { Doing = "step 17" };
        watched.Barrier();
        Assert.That(line, Does.StartWith("rank 0 waits for rank 1 (last heard of at step 16, 3 s ago) since 0 s, at "
            + "step 17, in a barrier; "));
        Assert.That(late.Told, Does.Contain(("step 17", false)).And.Contain(("step 17", true)));
    }

    [Test]
    public void A_rank_that_comes_while_the_others_are_asked_raises_no_alarm()
    {
        using ManualResetEventSlim come = new(), asked = new();
        var alarms = 0;
        var late = new Late { Until = come, Absent = [] };
        late.Asked = () =>
        {
            come.Set();
            // The wait ends while this one is still asked.
            Assert.That(late.Left.Wait(TimeSpan.FromSeconds(30)), Is.True);
            asked.Set();
        };
        using var watched = new WatchedCommunicator(late, TimeSpan.FromMilliseconds(50), _ => alarms++);
        watched.Barrier();
        late.Left.Set();
        Assert.That(asked.Wait(TimeSpan.FromSeconds(30)), Is.True);
        Assert.That(alarms, Is.Zero);
    }

    /// <summary>However often a rank waits for something else meanwhile, in a group of ranks as well.</summary>
    [Test]
    public void The_longest_wait_raises_one_alarm([Values] bool inGroup)
    {
        using ManualResetEventSlim raised = new(), begun = new(), end = new();
        using var backend = new CpuBackend(1);
        List<string> alarms = [];
        var late = new Late { Begun = begun, Until = end };
        using var whole = new WatchedCommunicator(late, TimeSpan.FromMilliseconds(100), line =>
        {
            lock (alarms)
                alarms.Add(line);
            raised.Set();
        });
        var watched = inGroup ? whole.Split(0, 0) : whole;
        using var tensor = Tensor.Zeros([2, 3], DType.F32, backend);
        var work = watched.AllReduce(tensor);
        var first = new Thread(work.Wait);
        first.Start();
        begun.Wait();
        Thread.Sleep(20);
        var second = new Thread(() => watched.Broadcast(tensor, 0).Wait());
        second.Start();
        raised.Wait(TimeSpan.FromSeconds(20));
        // Time enough for more of them.
        Thread.Sleep(150);
        end.Set();
        first.Join();
        second.Join();
        if (inGroup)
            watched.Dispose();
        Assert.That(alarms, Has.Count.EqualTo(1).And.All.Contains("an all-reduce of 6 numbers"));
    }

    /// <summary>A communicator whose work is done when an event is set.</summary>
    private sealed class Late : CollectiveWork, ICommunicator, IRollCall
    {
        public ManualResetEventSlim? Until { get; set; }

        public string[] Absent { get; init; } = [];

        public Action? Asked { get; set; }

        public ManualResetEventSlim Left { get; } = new();

        public ConcurrentBag<(string Doing, bool Waits)> Told { get; } = [];

        public void Tell(string doing, bool waits) => Told.Add((doing, waits));

        public IReadOnlyList<string> Missing(TimeSpan patience)
        {
            Asked?.Invoke();
            return Absent;
        }

        public ManualResetEventSlim? Begun { get; init; }

        public string Name => "late";

        public int Rank => 0;

        public int Size => 2;

        public override void Wait()
        {
            Begun?.Set();
            Assert.That(Until!.Wait(TimeSpan.FromSeconds(30)), Is.True);
        }

        public CollectiveWork AllReduce(Tensor tensor, Reduction reduction) => this;

        public CollectiveWork ReduceScatter(Tensor source, Tensor target) => this;

        public CollectiveWork AllGather(Tensor source, Tensor target) => this;

        public CollectiveWork Broadcast(Tensor tensor, int root) => this;

        public void AllReduce(Span<double> values, Reduction reduction)
        {
        }

        public byte[][] AllGather(ReadOnlySpan<byte> bytes) => [bytes.ToArray()];

        public void Barrier() => Wait();

        public ICommunicator Split(int color, int key) => this;

        public void Abort(int exitCode)
        {
        }

        public void Dispose()
        {
        }
    }
}
