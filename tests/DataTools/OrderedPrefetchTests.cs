using AmcEngine.DataTools;
using NUnit.Framework;

namespace AmcEngine.Tests.DataTools;

[TestFixture]
internal sealed class OrderedPrefetchTests
{
    // Long enough for a thread that would break the rule, short where none does.
    private const int Pause = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(5)]
    public void Items_come_in_their_order_whoever_is_done_first(int workers)
    {
        using var items = new OrderedPrefetch<long>(
            i => Late(i, ms: i % 5 == 0 ? 5 : 0), workers, capacity: 7, first: 3, end: 60);
        long[] taken = [.. Enumerable.Range(3, 57).Select(_ => items.Next())];
        Assert.That(taken, Is.EqualTo(Enumerable.Range(3, 57).Select(i => (long)i)));
        Assert.That(items.Position, Is.EqualTo(60));
        Assert.That(() => items.Next(), Throws.InvalidOperationException);
    }

    [Test]
    public void As_many_items_are_made_at_a_time_as_there_are_threads()
    {
        using var all = new Barrier(3);
        using var items = new OrderedPrefetch<bool>(_ => all.SignalAndWait(Patience), workers: 3, capacity: 4, end: 9);
        Assert.That(Enumerable.Range(0, 9).Select(_ => items.Next()), Is.All.True);
    }

    [Test]
    public void No_more_items_are_in_flight_than_fit()
    {
        var made = 0;
        using var items = new OrderedPrefetch<int>(_ => Interlocked.Increment(ref made), workers: 2, capacity: 4);
        Expect(4);
        items.Next();
        items.Next();
        Expect(6);

        void Expect(int count)
        {
            Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref made) >= count, Patience), "they are made ahead");
            Thread.Sleep(Pause);
            Assert.That((made, items.InFlight), Is.EqualTo((count, 4)));
        }
    }

    [Test]
    public void What_making_an_item_throws_comes_in_its_place_and_the_others_go_on()
    {
        using var items = new OrderedPrefetch<long>(
            i => i == 2 ? throw new DataException("2.png: damaged") : Late(i, ms: i == 1 ? 20 : 0), 3, 5, end: 5);
        Assert.That((items.Next(), items.Next()), Is.EqualTo((0L, 1L)));
        Assert.That(() => items.Next(), Throws.TypeOf<DataException>().With.Message.EqualTo("2.png: damaged"));
        Assert.That((items.Next(), items.Next()), Is.EqualTo((3L, 4L)));
    }

    [Test]
    public void Disposing_waits_for_the_items_in_progress_and_leaves_no_thread()
    {
        using var go = new ManualResetEventSlim();
        var started = 0;
        var items = new OrderedPrefetch<int>(i =>
        {
            Interlocked.Increment(ref started);
            go.Wait(Patience);
            return 0;
        }, workers: 2, capacity: 8);
        Assert.That(SpinWait.SpinUntil(() => Volatile.Read(ref started) == 2, Patience));
        var taking = Task.Run(() => items.Next());
        var end = Task.Run(items.Dispose);
        // Whoever waits for an item hears of the end at once: from then on nothing new may begin.
        Assert.That(() => taking.GetAwaiter().GetResult(), Throws.TypeOf<ObjectDisposedException>(), "who waited");
        Assert.That(end.Wait(Pause), Is.False, "two items are still being made");
        go.Set();
        Assert.That(end.Wait(Patience), "it ends with them");
        Assert.That((items.Threads, started), Is.EqualTo((0, 2)), "threads, and items begun");
        Assert.That(() => items.Next(), Throws.TypeOf<ObjectDisposedException>());
    }

    [Test]
    public void Threads_end_with_the_last_item()
    {
        using var items = new OrderedPrefetch<long>(i => i, workers: 4, capacity: 4, end: 2);
        Assert.That((items.Next(), items.Next()), Is.EqualTo((0L, 1L)));
        Assert.That(SpinWait.SpinUntil(() => items.Threads == 0, Patience));
    }

    // One item at a time: each is begun when the one before it was taken, and cannot be there at once.
    [Test]
    public void Who_takes_items_is_told_how_long_it_waited()
    {
        using var items = new OrderedPrefetch<long>(i => Late(i, ms: 2), workers: 1, capacity: 1);
        for (var i = 0; i < 50; i++)
            items.Next();
        Assert.That(items.Waited, Is.GreaterThan(TimeSpan.Zero));
    }

    [TestCase(0, 1, 9)]
    [TestCase(1, 0, 9)]
    [TestCase(1, 1, 4)]
    public void Wrong_numbers_are_refused(int workers, int capacity, int end) => Assert.That(
        () => new OrderedPrefetch<int>(_ => 0, workers, capacity, first: 5, end),
        Throws.TypeOf<ArgumentOutOfRangeException>());

    private static long Late(long item, int ms)
    {
        if (ms > 0)
            Thread.Sleep(ms);
        return item;
    }
}
