using AmcEngine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>The thread that makes the calls of a library of collectives.</summary>
[TestFixture]
internal sealed class CollectiveThreadTests
{
    [Test]
    public void Calls_are_made_in_order_on_one_thread_and_finished_once_by_who_waits()
    {
        var thread = new CollectiveThread();
        List<int> order = [];
        HashSet<int> callers = [], finishers = [];
        var finished = 0;
        var works = Enumerable.Range(0, 100).Select(i => thread.Post(() =>
        {
            order.Add(i);
            callers.Add(Environment.CurrentManagedThreadId);
        }, succeeded =>
        {
            if (succeeded) finished++;
            finishers.Add(Environment.CurrentManagedThreadId);
        })).ToArray();
        foreach (var work in works.Reverse())
        {
            work.Wait();
            work.Wait();
        }
        thread.End(wait: true);
        Assert.Multiple(() =>
        {
            Assert.That(order, Is.EqualTo(Enumerable.Range(0, 100)));
            Assert.That(callers, Has.Count.EqualTo(1).And.Not.EquivalentTo(finishers));
            Assert.That(finishers, Is.EqualTo(new[] { Environment.CurrentManagedThreadId }));
            Assert.That(finished, Is.EqualTo(100));
            Assert.That(() => thread.Post(() => { }), Throws.TypeOf<ObjectDisposedException>());
        });
    }

    [Test]
    public void Who_posts_goes_on_at_once()
    {
        var thread = new CollectiveThread();
        using var gate = new ManualResetEventSlim();
        var finished = false;
        var work = thread.Post(gate.Wait, _ => finished = true);
        Assert.That(finished, Is.False);
        gate.Set();
        work.Wait();
        thread.End(wait: true);
        Assert.That(finished, Is.True);
    }

    [Test]
    public void A_call_that_says_so_knows_when_its_data_were_on_their_way()
    {
        var thread = new CollectiveThread();
        var before = System.Diagnostics.Stopwatch.GetTimestamp();
        long within = 0;
        var moving = thread.Post(() =>
        {
            thread.NoteBegin();
            within = System.Diagnostics.Stopwatch.GetTimestamp();
        });
        var other = thread.Post(() => { });
        moving.Wait();
        other.Wait();
        thread.End(wait: true);
        var (began, ended) = moving.Moved!.Value;
        Assert.That(new[] { before, began, within, ended }, Is.Ordered);
        Assert.That(other.Moved, Is.Null);
    }

    [Test]
    public void What_comes_after_an_error_is_not_called_and_says_the_same()
    {
        var thread = new CollectiveThread();
        List<bool> succeeded = [];
        var called = false;
        var before = thread.Post(() => { }, succeeded.Add);
        var failing = thread.Post(() => throw new InvalidOperationException("the network is gone"), succeeded.Add);
        var after = thread.Post(() => called = true, succeeded.Add);
        before.Wait();
        foreach (var work in new[] { failing, after })
            Assert.That(work.Wait, Throws.TypeOf<CollectiveException>().With.Message.EqualTo("the network is gone"));
        thread.End(wait: true);
        Assert.That(succeeded, Is.EqualTo(new[] { true, false, false }));
        Assert.That(called, Is.False);
    }

    [Test]
    public void Who_waits_makes_the_calls_itself_where_it_may([Values] bool lends)
    {
        const int tries = 50;
        var thread = new CollectiveThread { Lends = lends };
        var own = Environment.CurrentManagedThreadId;
        int caller = 0, elsewhere = 0;
        bool? succeeded = null;
        // The thread takes a call that it finds before it has come to rest.
        for (var i = 0; i < tries && caller != own; i++)
        {
            thread.Run(() => caller = Environment.CurrentManagedThreadId, s => succeeded = s);
            Thread.Sleep(1);
        }
        thread.RunThere(() => elsewhere = Environment.CurrentManagedThreadId);
        thread.End(wait: true);
        Assert.That(caller == own, Is.EqualTo(lends));
        Assert.That(elsewhere, Is.Not.EqualTo(own).And.Not.Zero);
        Assert.That(succeeded, Is.True);
    }

    [Test]
    public void Calls_of_several_threads_are_made_one_at_a_time_and_those_of_one_in_its_order()
    {
        const int threads = 4, calls = 300;
        var thread = new CollectiveThread { Lends = true };
        List<(int Poster, int Number)> made = [];
        var inside = 0;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, poster =>
        {
            Queue<CollectiveWork> works = [];
            for (var i = 0; i < calls; i++)
            {
                var number = i;
                void Call()
                {
                    if (Interlocked.Increment(ref inside) != 1) throw new InvalidOperationException("two at once");
                    made.Add((poster, number));
                    Interlocked.Decrement(ref inside);
                }
                if (i % 3 == 0) thread.Run(Call);
                else works.Enqueue(thread.Post(Call));
                if (i % 5 == 0 && works.TryDequeue(out var work)) work.Wait();
            }
            foreach (var work in works) work.Wait();
        });
        thread.End(wait: true);
        for (var p = 0; p < threads; p++)
            Assert.That(made.Where(m => m.Poster == p).Select(m => m.Number), Is.EqualTo(Enumerable.Range(0, calls)));
    }
}
