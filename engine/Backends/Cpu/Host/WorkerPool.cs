namespace AmcEngine.Backends.Cpu.Host;

/// <summary>
/// Threads that share the tiles of a job: the caller works too, a worker that the system takes away delays only
/// the tile it holds, and joining waits only for workers that entered. Each thread begins with its own stretch of
/// neighbouring tiles, the same one in every job, so that what it wrote in one kernel is in its cache for the next;
/// then it takes tiles from the ends of the others' stretches. Which thread computes a tile is not fixed, what it
/// computes is: results do not depend on timing. A call from within a tile runs on its own thread, tile after tile.
/// </summary>
internal sealed class WorkerPool : IDisposable
{
    // About 20 µs of spinning bridges the gap between two kernels of a training step; longer would steal the core from
    // others.
    private const int SpinRounds = 400;

    // Set while this thread works on a job of any pool.
    [ThreadStatic] private static bool _insideTile;

    private readonly Thread[] _threads;
    private readonly Lock _gate = new();
    private readonly SemaphoreSlim _wake = new(0);
    private volatile Job? _job;
    private int _sleeping;
    private volatile bool _stop;

    /// <summary>A pool of <paramref name="threads"/> threads, the caller included.</summary>
    public WorkerPool(int threads)
    {
        Threads = Math.Max(1, threads);
        _threads = new Thread[Threads - 1];
        for (var i = 0; i < _threads.Length; i++)
        {
            var place = i + 1;
            _threads[i] = new Thread(() => Work(place)) { IsBackground = true, Name = $"amc-worker-{i + 1}" };
            _threads[i].Start();
        }
    }

    /// <summary>Threads that work on a job, the caller included.</summary>
    public int Threads { get; }

    /// <summary>
    /// Calls <paramref name="body"/> once for each tile in [0, tiles), on all threads, and returns when all are done.
    /// After an exception no further tile is begun.
    /// </summary>
    /// <exception cref="AggregateException">
    /// A tile threw, and the job ran on several threads; on one the exception comes as it is.
    /// </exception>
    public void Run(int tiles, Action<int> body)
    {
        if (tiles <= 1 || Threads == 1 || _insideTile)
        {
            for (var i = 0; i < tiles; i++) body(i);
            return;
        }
        lock (_gate)
        {
            var job = new Job(tiles, Threads, body);
            // A full fence: either the worker that is about to sleep sees the job, or this thread sees the sleeper.
            Interlocked.Exchange(ref _job, job);
            var sleepers = Math.Min(Volatile.Read(ref _sleeping), Math.Min(tiles, Threads) - 1);
            if (sleepers > 0) _wake.Release(sleepers);
            job.Work(0);
            _job = null;
            job.Join();
        }
    }

    private void Work(int place)
    {
        var spins = 0;
        Job? last = null;
        while (!_stop)
        {
            var job = _job;
            if (job is not null && !ReferenceEquals(job, last))
            {
                last = job;
                job.Enter(place);
                spins = 0;
            }
            else if (spins++ < SpinRounds)
            {
                Thread.SpinWait(8);
            }
            else
            {
                // Nothing of the last job is kept alive while asleep.
                if (job is null) last = null;
                Interlocked.Increment(ref _sleeping);
                // A job posted between the last look and the increment would not have seen this sleeper: look again.
                var now = _job;
                if (!_stop && (now is null || ReferenceEquals(now, last))) _wake.Wait();
                Interlocked.Decrement(ref _sleeping);
                spins = 0;
            }
        }
    }

    /// <summary>Stops the threads.</summary>
    public void Dispose()
    {
        if (_stop) return;
        _stop = true;
        if (_threads.Length > 0) _wake.Release(_threads.Length);
        foreach (var t in _threads) t.Join();
        _wake.Dispose();
    }

    private sealed class Job
    {
        // Longs from one stretch to the next: two cache lines, so that threads do not take lines from each other.
        private const int Pitch = 16;

        private readonly Action<int> _body;

        // A stretch of tiles not yet begun: the first in the lower half, the end in the upper.
        private readonly long[] _stretches;
        private readonly int _threads;
        private int _inside;
        private volatile Exception? _error;

        public Job(int tiles, int threads, Action<int> body)
        {
            _body = body;
            _threads = threads;
            _stretches = new long[threads * Pitch];
            for (var t = 0; t < threads; t++)
                _stretches[t * Pitch] = Stretch(
                    (int)((long)tiles * t / threads), (int)((long)tiles * (t + 1) / threads));
        }

        public void Enter(int place)
        {
            // Tiles are counted inside the job only: who enters late finds none and leaves, whoever took one is waited
            // for.
            Interlocked.Increment(ref _inside);
            Work(place);
            Interlocked.Decrement(ref _inside);
        }

        public void Work(int place)
        {
            _insideTile = true;
            try
            {
                while (_error is null && Take(place, own: true) is var tile and >= 0) _body(tile);
                for (var other = (place + 1) % _threads; other != place; other = (other + 1) % _threads)
                    while (_error is null && Take(other, own: false) is var tile and >= 0) _body(tile);
            }
            catch (Exception e)
            {
                Interlocked.CompareExchange(ref _error, e, null);
            }
            finally
            {
                _insideTile = false;
            }
        }

        public void Join()
        {
            var spinner = new SpinWait();
            while (Volatile.Read(ref _inside) != 0) spinner.SpinOnce(sleep1Threshold: -1);
            if (_error is not null) throw new AggregateException(_error);
        }

        // The first tile of an own stretch, the last of another's; −1 where none is left.
        private int Take(int place, bool own)
        {
            ref var stretch = ref _stretches[place * Pitch];
            while (true)
            {
                var seen = Volatile.Read(ref stretch);
                int first = (int)seen, end = (int)(seen >> 32);
                if (first >= end) return -1;
                var rest = own ? Stretch(first + 1, end) : Stretch(first, end - 1);
                if (Interlocked.CompareExchange(ref stretch, rest, seen) == seen) return own ? first : end - 1;
            }
        }

        private static long Stretch(int first, int end) => (long)end << 32 | (uint)first;
    }
}
