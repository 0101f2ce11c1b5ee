using AmcEngine.Backends.Cpu.Host;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

[TestFixture]
public sealed class WorkerPoolTests
{
    [Test]
    public void Every_tile_runs_once([Values(1, 2, 5)] int threads, [Values(0, 1, 2, 1000)] int tiles)
    {
        using var pool = new WorkerPool(threads);
        var seen = new int[tiles];
        pool.Run(tiles, i => Interlocked.Increment(ref seen[i]));
        Assert.That(seen, Is.All.EqualTo(1));
    }

    [Test, CancelAfter(60_000)]
    public void Many_tiny_jobs_do_not_hang([Values(2, 4)] int threads)
    {
        using var pool = new WorkerPool(threads);
        long sum = 0;
        Action<int> body = i => Interlocked.Add(ref sum, i);
        for (var job = 0; job < 100_000; job++) pool.Run(3, body);
        Assert.That(sum, Is.EqualTo(300_000));
    }

    [Test, CancelAfter(60_000)]
    public void Sleeping_workers_wake_and_the_pool_ends()
    {
        for (var round = 0; round < 20; round++)
        {
            using var pool = new WorkerPool(3);
            var sum = 0;
            for (var job = 0; job < 5; job++)
            {
                Thread.Sleep(1);
                pool.Run(50, i => Interlocked.Add(ref sum, i));
            }
            Assert.That(sum, Is.EqualTo(5 * 1225));
        }
    }

    [Test, CancelAfter(60_000)]
    public void Exceptions_come_to_the_caller_and_the_pool_goes_on()
    {
        using var pool = new WorkerPool(2);
        for (var round = 0; round < 100; round++)
        {
            var e = Assert.Throws<AggregateException>(() => pool.Run(20, i =>
            {
                if (i % 7 == 3) throw new InvalidOperationException("tile");
            }));
            Assert.That(e!.InnerException, Is.TypeOf<InvalidOperationException>());
            var count = 0;
            pool.Run(20, _ => Interlocked.Increment(ref count));
            Assert.That(count, Is.EqualTo(20));
        }
    }

    [Test, CancelAfter(60_000)]
    public void A_tile_may_run_a_job()
    {
        using var pool = new WorkerPool(2);
        for (var round = 0; round < 1000; round++)
        {
            var count = 0;
            pool.Run(4, _ => pool.Run(5, _ => pool.Run(2, _ => Interlocked.Increment(ref count))));
            Assert.That(count, Is.EqualTo(40));
        }
        Assert.Throws<AggregateException>(
            () => pool.Run(4, _ => pool.Run(5, i => throw new InvalidOperationException())));
    }

    [Test, CancelAfter(60_000)]
    public void Several_callers_take_turns()
    {
        using var pool = new WorkerPool(2);
        var total = 0;
        var callers = Enumerable.Range(0, 3).Select(_ => new Thread(() =>
        {
            for (var job = 0; job < 2000; job++) pool.Run(4, _ => Interlocked.Increment(ref total));
        })).ToArray();
        foreach (var t in callers) t.Start();
        foreach (var t in callers) t.Join();
        Assert.That(total, Is.EqualTo(3 * 2000 * 4));
    }
}
