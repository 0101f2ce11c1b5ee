using System.Diagnostics;
using System.Runtime.ExceptionServices;

namespace AmcEngine.DataTools;

/// <summary>
/// Makes numbered items ahead of whoever takes them, on threads of its own, and hands them over in their order,
/// whichever thread was done first. What an item is depends on its number alone, so neither the number of threads nor
/// their pace changes what comes out. One thread takes.
/// </summary>
/// <typeparam name="T">An item.</typeparam>
public sealed class OrderedPrefetch<T> : IDisposable
{
    private readonly Func<long, T> _make;
    private readonly long _end;
    private readonly Slot[] _slots;
    private readonly Thread[] _threads;
    private readonly object _lock = new();
    private long _started, _taken;
    private bool _stopped;

    /// <summary>Starts the threads, and with them the first items.</summary>
    /// <param name="make">Makes the item of a number; called by several threads at once.</param>
    /// <param name="workers">Threads, at least 1.</param>
    /// <param name="capacity">Items that may be made or wait to be taken at a time, at least 1.</param>
    /// <param name="first">Number of the first item.</param>
    /// <param name="end">Number behind the last item; by default they do not end.</param>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="workers"/> or <paramref name="capacity"/> is not positive, or <paramref name="end"/> comes
    /// before <paramref name="first"/>.
    /// </exception>
    public OrderedPrefetch(Func<long, T> make, int workers, int capacity, long first = 0, long end = long.MaxValue)
    {
        ArgumentNullException.ThrowIfNull(make);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(workers);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(capacity);
        ArgumentOutOfRangeException.ThrowIfLessThan(end, first);
        (_make, _end, _started, _taken) = (make, end, first, first);
        _slots = new Slot[capacity];
        _threads = new Thread[(int)Math.Min(Math.Min(workers, capacity), end - first)];
        for (var i = 0; i < _threads.Length; i++)
        {
            // Not of the pool, which is slow to give more threads than there are processors; reading waits for disks.
            _threads[i] = new Thread(Work) { IsBackground = true, Name = $"prefetch {i}" };
            _threads[i].Start();
        }
    }

    /// <summary>Number of the item that <see cref="Next"/> gives.</summary>
    public long Position => _taken;

    /// <summary>How long <see cref="Next"/> has waited for items in all.</summary>
    public TimeSpan Waited { get; private set; }

    /// <summary>Items that are being made, or made and not taken.</summary>
    internal int InFlight
    {
        get
        {
            lock (_lock)
                return (int)(_started - _taken);
        }
    }

    /// <summary>Threads that have not ended.</summary>
    internal int Threads => _threads.Count(t => t.IsAlive);

    /// <summary>Takes the next item; waits for it where it is not made yet.</summary>
    /// <exception cref="Exception">What making this item threw; the next call gives the item behind it.</exception>
    /// <exception cref="InvalidOperationException">All items were taken.</exception>
    /// <exception cref="ObjectDisposedException">It was disposed.</exception>
    public T Next()
    {
        Slot item;
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_stopped, this);
            if (_taken == _end)
                throw new InvalidOperationException($"all items up to number {_end} were taken");
            ref var slot = ref _slots[_taken % _slots.Length];
            if (!slot.IsMade)
            {
                var start = Stopwatch.GetTimestamp();
                while (!slot.IsMade)
                {
                    Monitor.Wait(_lock);
                    ObjectDisposedException.ThrowIf(_stopped, this);
                }
                Waited += Stopwatch.GetElapsedTime(start);
            }
            (item, slot) = (slot, default);
            _taken++;
            Monitor.PulseAll(_lock);
        }
        item.Error?.Throw();
        return item.Item!;
    }

    /// <summary>
    /// Gives up what is not taken. It returns when the items in progress are made and all threads have ended.
    /// </summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _stopped = true;
            Monitor.PulseAll(_lock);
        }
        foreach (var thread in _threads)
            thread.Join();
    }

    private void Work()
    {
        while (TryStart(out var number))
        {
            var slot = Make(number);
            lock (_lock)
            {
                _slots[number % _slots.Length] = slot;
                Monitor.PulseAll(_lock);
            }
        }
    }

    private bool TryStart(out long number)
    {
        lock (_lock)
        {
            while (!_stopped && _started < _end && _started - _taken >= _slots.Length)
                Monitor.Wait(_lock);
            number = _started;
            if (_stopped || _started == _end)
                return false;
            _started++;
            return true;
        }
    }

    private Slot Make(long number)
    {
        try
        {
            return new Slot(true, _make(number), null);
        }
        catch (Exception e)
        {
            // It belongs to whoever takes this item.
            return new Slot(true, default, ExceptionDispatchInfo.Capture(e));
        }
    }

    private readonly record struct Slot(bool IsMade, T? Item, ExceptionDispatchInfo? Error);
}
