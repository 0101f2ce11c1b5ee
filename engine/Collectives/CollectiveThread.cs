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

    private void Serve()
    {
        while (Next() is { } job)
        {
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
        private readonly Lock _gate = new();
        private readonly ManualResetEventSlim _done = new();
        private Action<bool>? _finish = finish;
        private Exception? _error;

        public Action Call { get; } = call;

        public void Complete(Exception? error)
        {
            _error = error;
            _done.Set();
        }

        public override void Wait()
        {
            _done.Wait();
            lock (_gate)
            {
                _finish?.Invoke(_error is null);
                _finish = null;
            }
            if (_error is { } error) throw new CollectiveException(error.Message, error);
        }
    }
}
