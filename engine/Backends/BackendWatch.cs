namespace AmcEngine.Backends;

/// <summary>Stands between tensors and their back ends: a profiler, say.</summary>
internal interface IBackendWatcher
{
    /// <summary>What tensors of this back end are to call in its place; it may be the back end itself.</summary>
    IBackend Watched(IBackend backend);
}

/// <summary>
/// Who watches the back ends of this thread's tensors, if anyone. What watches stands above the back ends and enters
/// itself here, so that they need not know it; where nobody does, a kernel call costs one look at this field.
/// </summary>
internal static class BackendWatch
{
    [ThreadStatic] private static IBackendWatcher? _current;

    /// <summary>The watcher of this thread.</summary>
    public static IBackendWatcher? Current
    {
        get => _current;
        set => _current = value;
    }
}
