using System.Runtime.ExceptionServices;

namespace AmcEngine.Amc.Training;

/// <summary>A checkpoint that is being written while training goes on, on a thread that does not keep a process alive.
/// </summary>
internal sealed class BackgroundSave
{
    private readonly ManualResetEventSlim _read = new();
    private readonly Thread _thread;
    private Exception? _error;

    private BackgroundSave(int step, Action<Action> save)
    {
        Step = step;
        _thread = new Thread(() => Run(save)) { IsBackground = true, Name = "save" };
        _thread.Start();
    }

    /// <summary>The step whose numbers are saved.</summary>
    public int Step { get; }

    /// <summary>Whether it has come to its end, good or bad.</summary>
    public bool IsDone => !_thread.IsAlive;

    /// <summary>Starts one.</summary>
    /// <param name="step">The step whose numbers are saved.</param>
    /// <param name="save">Saves; it calls its argument when it needs the session's tensors no more.</param>
    public static BackgroundSave Start(int step, Action<Action> save) => new(step, save);

    /// <summary>Waits until the weights may change. It throws nothing: <see cref="Complete"/> does.</summary>
    public void WaitUntilRead() => _read.Wait();

    /// <summary>Waits for the end, and throws what the save has thrown.</summary>
    public void Complete()
    {
        _thread.Join();
        _read.Dispose();
        if (_error is not null)
            ExceptionDispatchInfo.Throw(_error);
    }

    private void Run(Action<Action> save)
    {
        try
        {
            save(_read.Set);
        }
        catch (Exception e)
        {
            _error = e;
        }
        finally
        {
            _read.Set();
        }
    }
}
