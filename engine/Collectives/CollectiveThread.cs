using System.Diagnostics;

namespace AmcEngine.Collectives;

/// <summary>
/// Makes the calls of a library of collectives one at a time, in the order in which they were posted: on a thread of
/// its own while those who posted them compute, and on the thread that waits for them where that is sooner, which saves
/// it to wake another one up and to be woken up. The first error is the last call: what comes after it fails with the
/// same error, since the ranks no longer agree on what is next.
/// </summary>
internal sealed class CollectiveThread
{
    private readonly Queue<Job> _jobs = new();
    private readonly Thread _thread;

    // Whether a call is being made, by whichever thread.
    private bool _busy;
    private bool _ended;
    private Job? _current;

    /// <summary>Starts the thread.</summary>
    public CollectiveThread()
    {
        // In the background, so that a process that fails does not wait for ranks that never come.
        _thread = new Thread(Serve) { Name = "collectives", IsBackground = true };
        _thread.Start();
    }

    /// <summary>What has failed, if anything.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>
    /// Whether threads that wait may make calls themselves, one at a time; if not, the thread makes all.
    /// </summary>
    public bool Lends { get; set; }

    /// <summary>Adds a call.</summary>
    /// <param name="call">What to do.</param>
    /// <param name="finish">
    /// What to do once, on the thread that waits for it; it is told whether the call has succeeded.
    /// </param>
    /// <exception cref="ObjectDisposedException">The thread has been ended.</exception>
    public CollectiveWork Post(Action call, Action<bool>? finish = null) =>
        Add(new Job(this, call, finish), wake: true);

    /// <summary>Makes a call and waits for it.</summary>
    /// <param name="call">What to do.</param>
    /// <param name="finish">As of <see cref="Post"/>.</param>
    /// <exception cref="CollectiveException">It has failed, or one before it.</exception>
    /// <exception cref="ObjectDisposedException">The thread has been ended.</exception>
    public void Run(Action call, Action<bool>? finish = null) =>
        Add(new Job(this, call, finish), wake: !Lends).Wait();

    /// <summary>Makes a call on the thread itself, whoever may make others, and waits for it.</summary>
    /// <exception cref="CollectiveException">It has failed, or one before it.</exception>
    /// <exception cref="ObjectDisposedException">The thread has been ended.</exception>
    public void RunThere(Action call) => Add(new Job(this, call, null) { IsFixed = true }, wake: true).Wait();

    /// <summary>Ends the thread when all that was posted is done.</summary>
    /// <param name="wait">Whether to wait for that; not where a call may never return.</param>
    public void End(bool wait)
    {
        lock (_jobs)
        {
            _ended = true;
            Monitor.Pulse(_jobs);
        }
        if (wait) _thread.Join();
    }

    /// <summary>From now on the call in progress moves data; said by whoever makes it.</summary>
    public void NoteBegin() => _current!.Began = Stopwatch.GetTimestamp();

    private Job Add(Job job, bool wake)
    {
        lock (_jobs)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            _jobs.Enqueue(job);
            if (wake) Monitor.Pulse(_jobs);
        }
        return job;
    }

    private void Serve()
    {
        while (Next() is { } job)
        {
            Make(job);
            Free();
        }
    }

    private Job? Next()
    {
        lock (_jobs)
        {
            while (_busy || _jobs.Count == 0)
            {
                if (_ended && _jobs.Count == 0) return null;
                Monitor.Wait(_jobs);
            }
            _busy = true;
            return _jobs.Dequeue();
        }
    }

    // Makes the calls up to one that is still to be made, unless another thread is at it.
    private void Help(Job last)
    {
        for (Job? job = null; job != last;)
        {
            lock (_jobs)
            {
                if (!Lends || _busy || last.IsTaken || !_jobs.TryPeek(out job)) return;
                if (job.IsFixed)
                {
                    Monitor.Pulse(_jobs);
                    return;
                }
                _busy = true;
                _jobs.Dequeue();
            }
            Make(job);
            Free();
        }
    }

    private void Make(Job job)
    {
        job.IsTaken = true;
        _current = job;
        if (Failure is null)
        {
            try
            {
                job.Call();
            }
            catch (Exception e)
            {
                Failure = e;
            }
        }
        job.Complete(Failure);
    }

    private void Free()
    {
        lock (_jobs)
        {
            _busy = false;
            // Whoever has added a call meanwhile may have left it to the thread.
            if (_jobs.Count > 0 || _ended) Monitor.Pulse(_jobs);
        }
    }

    private sealed class Job(CollectiveThread owner, Action call, Action<bool>? finish) : CollectiveWork
    {
        // Waited for without a spin, which would yield the processor to threads that compute, a time slice each.
        private readonly object _gate = new();
        private Action<bool>? _finish = finish;
        private Exception? _error;
        private bool _done;
        private long _ended;

        public Action Call { get; } = call;

        // Written before the call ends, and read after.
        public long Began { get; set; }

        public override (long Began, long Ended)? Moved => Began > 0 && _done ? (Began, _ended) : null;

        // Whether no other thread may make it.
        public bool IsFixed { get; init; }

        // Whether it is being made or was.
        public volatile bool IsTaken;

        public void Complete(Exception? error)
        {
            lock (_gate)
            {
                _ended = Stopwatch.GetTimestamp();
                _error = error;
                _done = true;
                Monitor.PulseAll(_gate);
            }
        }

        public override void Wait()
        {
            owner.Help(this);
            lock (_gate)
            {
                while (!_done) Monitor.Wait(_gate);
                _finish?.Invoke(_error is null);
                _finish = null;
            }
            if (_error is { } error) throw new CollectiveException(error.Message, error);
        }
    }
}
