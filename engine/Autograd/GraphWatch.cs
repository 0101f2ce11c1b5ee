using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Autograd;

/// <summary>Follows the phases of a pass through the graph: a profiler, say.</summary>
internal interface IGraphWatcher
{
    /// <summary>What is being done now; each node that is recorded remembers it.</summary>
    string Phase { get; }

    /// <summary>
    /// Opens the phase of the gradients of what was recorded in a phase, and returns the phase before.
    /// </summary>
    string BeginBackward(string? recorded);

    /// <summary>Goes on with a phase.</summary>
    void Continue(string phase);

    /// <summary>The first contribution to a leaf's gradient has arrived, in this block.</summary>
    void NoteGradient(Storage storage);
}

/// <summary>
/// Who watches this thread's graph, if anyone. What watches stands above the graph and enters itself here, so that the
/// graph need not know it.
/// </summary>
internal static class GraphWatch
{
    [ThreadStatic] private static IGraphWatcher? _current;
    [ThreadStatic] private static Action<string, Tensor>? _outputs;

    /// <summary>The watcher of phases.</summary>
    public static IGraphWatcher? Current
    {
        get => _current;
        set => _current = value;
    }

    /// <summary>
    /// Looks at the output of every op of this thread, given its name and the output; null where nobody does.
    /// </summary>
    public static Action<string, Tensor>? Outputs
    {
        get => _outputs;
        set => _outputs = value;
    }

    /// <summary>Opens the phase of the gradients of a node until the result is disposed.</summary>
    public static BackwardPhase BeginBackward(Node node) =>
        _current is { } watcher ? new BackwardPhase(watcher, watcher.BeginBackward(node.Phase)) : default;

    /// <summary>An open phase of gradients.</summary>
    public readonly ref struct BackwardPhase(IGraphWatcher watcher, string before)
    {
        private readonly IGraphWatcher? _watcher = watcher;

        public void Dispose() => _watcher?.Continue(before);
    }
}
