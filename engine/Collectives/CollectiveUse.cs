namespace AmcEngine.Collectives;

/// <summary>
/// Names what this thread's collectives are for until it is disposed of: those who measure tell them apart by it.
/// </summary>
/// <example><code>using var use = CollectiveUse.Begin("gradients");</code></example>
public readonly struct CollectiveUse : IDisposable
{
    [ThreadStatic] private static string? _current;

    private readonly string? _before;

    private CollectiveUse(string? before) => _before = before;

    /// <summary>What they are for; null where nobody has said.</summary>
    public static string? Current => _current;

    /// <summary>Begins a use.</summary>
    public static CollectiveUse Begin(string name)
    {
        var use = new CollectiveUse(_current);
        _current = name;
        return use;
    }

    /// <summary>Goes on with the use before.</summary>
    public void Dispose() => _current = _before;
}
