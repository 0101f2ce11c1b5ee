using System.Diagnostics;

namespace AmcEngine.Collectives;

/// <summary>
/// The one thread that makes all calls of a library of collectives, in the order in which they were posted, while those
/// who posted them compute. The first error is the last call: what comes after it fails with the same error, since the
/// ranks no longer agree on what is next.
/// </summary>
internal sealed class CollectiveThread
{
    private readonly Queue<Job> _jobs = new();
    private readonly Thread _thread;
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

    /// <summary>Adds a call.</summary>
    /// <param name="call">What to do on the thread.</param>
    /// <param name="finish">
    /// What to do once, on the thread that waits for it; it is told whether the call has succeeded.
    /// </param>
    /// <exception cref="ObjectDisposedException">The thread has been ended.</exception>
    public CollectiveWork Post(Action call, Action<bool>? finish = null)
    {
        var job = new Job(call, finish);
        lock (_jobs)
        {
            ObjectDisposedException.ThrowIf(_ended, this);
            _jobs.Enqueue(job);
            Monitor.Pulse(_jobs);
        }
        return job;
    }

    /// <summary>Makes a call and waits for it.</summary>
    /// <exception cref="CollectiveException">It has failed, or one before it.</exception>
    public void Run(Action call) => Post(call).Wait();

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

    /// <summary>From now on the call in progress moves data; it says so on the thread.</summary>
    public void NoteBegin() => _current!.Began = Stopwatch.GetTimestamp();

    private void Serve()
    {
        while (Next() is { } job)
        {
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
    }

    private Job? Next()
    {
        lock (_jobs)
        {
            while (_jobs.Count == 0)
            {
                if (_ended) return null;
                Monitor.Wait(_jobs);
            }
            return _jobs.Dequeue();
        }
    }

    private sealed class Job(Action call, Action<bool>? finish) : CollectiveWork
    {
        // Waited for without a spin, which would yield the processor to threads that compute, a time slice each.
        private readonly object _gate = new();
        private Action<bool>? _finish = finish;
        private Exception? _error;
        private bool _done;
        private long _ended;

        public Action Call { get; } = call;

        // Written on the thread before the call ends, and read after.
        public long Began { get; set; }

        public override (long Began, long Ended)? Moved => Began > 0 && _done ? (Began, _ended) : null;

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
