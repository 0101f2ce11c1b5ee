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

    /// <summary>
    /// A rank waits for an exchange from 20 to 40: of the way of its data what lies before is hidden, what lies within
    /// is exposed. Waits are those of the rank, whatever they are for.
    /// </summary>
    [TestCase(10, 30, 20, 10, Description = "begun before, done while it is waited for")]
    [TestCase(25, 35, 10, 10, Description = "ranks came late")]
    [TestCase(2, 8, 6, 0, Description = "all hidden")]
    [TestCase(15, 45, 30, 20, Description = "ends are told by another thread")]
    public void What_computing_hides_of_an_exchange_is_told_from_what_it_does_not(
        int began, int ended, int seconds, int exposed)
    {
        using var backend = new CpuBackend(1);
        using var tensor = Tensor.Zeros([2, 3], DType.F64, backend);
        var clock = new Clock();
        using var watched = new WatchedCommunicator(new Timed(clock, (began, ended)), null, _ => { }, clock);
        CollectiveWork work;
        using (CollectiveUse.Begin("gradients"))
            work = watched.AllReduce(tensor);
        clock.Now = 20;
        work.Wait();
        work.Wait();
        var uses = watched.Meter.Take();
        Assert.That(uses, Has.Count.EqualTo(1));
        Assert.That(uses["gradients"], Is.EqualTo(new CommunicationUse(1, 48, seconds, exposed, 20)));
        Assert.That(uses["gradients"].Hidden, Is.EqualTo(seconds - exposed));
        Assert.That(watched.Waited.TotalSeconds, Is.EqualTo(20));
        Assert.That(watched.Meter.Take(), Is.Empty, "taken once");
    }

    [Test]
    public void Exchanges_are_told_apart_by_their_use_or_name_and_those_of_the_host_are_meetings()
    {
        using var backend = new CpuBackend(1);
        using var tensor = Tensor.Zeros([2, 3], DType.F32, backend);
        using var target = Tensor.Zeros([4, 3], DType.F32, backend);
        var clock = new Clock { Now = 20 };
        using var watched = new WatchedCommunicator(new Timed(clock, null), null, _ => { }, clock);
        watched.Reduce(tensor, 1).Wait();
        watched.ReduceScatter(target, tensor).Wait();
        watched.AllGather(tensor, target).Wait();
        watched.Broadcast(tensor, 0).Wait();
        watched.AllToAll(tensor, [1, 1], target, [3, 1]).Wait();
        using (CollectiveUse.Begin("sums"))
            watched.AllReduceNow(tensor);
        watched.AllReduce(new double[3]);
        watched.AllGather(new byte[5]);
        watched.Barrier();
        var uses = watched.Meter.Take();
        Assert.That(uses.Keys,
            Is.EquivalentTo(
                new[] { "reduction", "reduce-scatter", "all-gather", "all-to-all", "broadcast", "sums", "meetings" }));
        Assert.That(uses["meetings"], Is.EqualTo(new CommunicationUse(3, 29, 0, 0, 6)));
        // Where nobody knows when the data were on their way, the wait counts as that.
        Assert.That(uses["reduction"], Is.EqualTo(new CommunicationUse(1, 24, 20, 20, 20)));
        Assert.That(uses["sums"], Is.EqualTo(new CommunicationUse(1, 24, 20, 20, 20)));
        Assert.That(uses["broadcast"].Bytes, Is.EqualTo(24));
        Assert.That(uses["all-gather"].Bytes, Is.EqualTo(48));
    }

    /// <summary>A clock set by hand, whose one timer is due when a test says so.</summary>
    private sealed class Clock(long frequency = 1) : TimeProvider, ITimer
    {
        private Action? _due;
        private long _now;

        // Read by other threads, too.
        public long Now
        {
            get => Volatile.Read(ref _now);
            set => Volatile.Write(ref _now, value);
        }

        public TimeSpan Period { get; private set; }

        public override long TimestampFrequency => frequency;

        public override long GetTimestamp() => Now;

        public void Tick() => _due!();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            (_due, Period) = (() => callback(state), period);
            return this;
        }

        public bool Change(TimeSpan dueTime, TimeSpan period) => false;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }

    /// <summary>A wait for data takes 20 seconds, a meeting 2.</summary>
    private sealed class Timed(Clock clock, (long, long)? moved) : CollectiveWork, ICommunicator
    {
        private bool _waited;

        public string Name => "timed";

        public int Rank => 0;

        public int Size => 2;

        public override (long Began, long Ended)? Moved => moved;

        public override void Wait()
        {
            if (moved is null || !_waited) clock.Now += 20;
            _waited = true;
        }

        public CollectiveWork AllReduce(Tensor tensor, Reduction reduction) => this;

        public CollectiveWork Reduce(Tensor tensor, int root) => this;

        public CollectiveWork ReduceScatter(Tensor source, Tensor target) => this;

        public CollectiveWork AllGather(Tensor source, Tensor target) => this;

        public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received) => this;

        public CollectiveWork Broadcast(Tensor tensor, int root) => this;

        public void AllReduce(Span<double> values, Reduction reduction) => clock.Now += 2;

        public byte[][] AllGather(ReadOnlySpan<byte> bytes)
        {
            clock.Now += 2;
            return [];
        }

        public void Barrier() => clock.Now += 2;

        public ICommunicator Split(int color, int key) => this;

        public void Abort(int exitCode)
        {
        }

        public void Dispose()
        {
        }
    }

    [Test]
    public void The_others_are_told_what_a_rank_does_and_the_alarm_names_who_is_missing()
    {
        using ManualResetEventSlim begun = new(), raised = new();
        using var backend = new CpuBackend(1);
        using var tensor = Tensor.Zeros([2, 3], DType.F32, backend);
        var line = "";
        var clock = new Clock(frequency: 10);
        var late = new Late
        {
            Begun = begun,
            Until = raised,
            Absent = ["rank 1 (last heard of at step 16, 3 s ago)"],
        };
        using var watched = new WatchedCommunicator(late, TimeSpan.FromSeconds(6), alarm =>
        {
            line = alarm;
            raised.Set();
        }, clock)
        { Doing = "step 17" };
        var wait = Task.Run(watched.AllReduce(tensor).Wait);
        begun.Wait();
        // Ranks that come a tenth of a second apart do not count as ones that wait.
        foreach (var (tenths, waits) in new[] { (0, false), (1, false), (3, true), (59, true) })
        {
            clock.Now = tenths;
            late.Told.Clear();
            clock.Tick();
            Assert.That(late.Told, Is.EqualTo(new[] { ("step 17", waits) }), $"after {tenths} tenths");
            Assert.That(line, Is.Empty);
        }
        clock.Now = 70;
        clock.Tick();
        Assert.That(line, Does.StartWith("rank 0 waits for rank 1 (last heard of at step 16, 3 s ago) since 7 s, at "
            + "step 17, in an all-reduce of 6 numbers; "));
        wait.Wait();
    }

    // Who is told of it knows half a second later what a rank did when it was stopped.
    [TestCase(600, true, 0.5)]
    [TestCase(600, false, 5)]
    [TestCase(24, false, 3)]
    [TestCase(2, true, 0.25)]
    [TestCase(0.05, true, 0.02)]
    public void It_looks_several_times_in_the_longest_wait_and_often_enough_for_the_others(
        double limit, bool hasRollCall, double seconds)
    {
        var clock = new Clock();
        ICommunicator inner = hasRollCall ? new Late() : new Timed(clock, null);
        using var watched = new WatchedCommunicator(inner, TimeSpan.FromSeconds(limit), _ => { }, clock);
        Assert.That(clock.Period, Is.EqualTo(TimeSpan.FromSeconds(seconds)));
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

        public CollectiveWork Reduce(Tensor tensor, int root) => this;

        public CollectiveWork ReduceScatter(Tensor source, Tensor target) => this;

        public CollectiveWork AllGather(Tensor source, Tensor target) => this;

        public CollectiveWork AllToAll(Tensor source, int[] sent, Tensor target, int[] received) => this;

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
