using AmcEngine.Tensors;

namespace AmcEngine.Memory;

/// <summary>
/// Owns every tensor made while it is the current scope of its thread, and gives their memory back when it ends:
/// nothing waits for the garbage collector. Scopes nest: a layer opens one, keeps its result, and what the graph did
/// not save is free when the layer returns. The outermost scope (a training step) also owns the graph recorded in it.
/// </summary>
/// <example><code>
/// using (var step = MemoryScope.Begin())
/// {
///     var loss = model.Loss(batch);
///     loss.Backward();
///     optimizer.Step();
/// }   // activations, graph and temporaries are back in the pool
/// </code></example>
public sealed class MemoryScope : IDisposable
{
    [ThreadStatic] private static MemoryScope? _current;

    private readonly MemoryScope? _parent;
    private readonly List<Tensor> _tensors = [];
    private readonly List<IReleasable>? _nodes;

    private MemoryScope(MemoryScope? parent)
    {
        _parent = parent;
        if (parent is null) _nodes = [];
    }

    /// <summary>The innermost open scope of this thread, if any.</summary>
    public static MemoryScope? Current => _current;

    /// <summary>Opens a scope inside the current one.</summary>
    public static MemoryScope Begin() => _current = new MemoryScope(_current);

    /// <summary>
    /// Runs <paramref name="body"/> in a scope of its own and returns its result to the enclosing scope.
    /// </summary>
    public static Tensor Run(Func<Tensor> body)
    {
        using var scope = Begin();
        return scope.Keep(body());
    }

    /// <summary>
    /// Hands a tensor of this scope to the enclosing scope (to the caller, when this is the outermost).
    /// </summary>
    public Tensor Keep(Tensor tensor)
    {
        if (!ReferenceEquals(tensor.Owner, this)) return tensor;
        tensor.Owner = _parent;
        _parent?._tensors.Add(tensor);
        return tensor;
    }

    /// <summary>Takes a tensor out of all scopes: the caller disposes of it.</summary>
    public static Tensor Detach(Tensor tensor)
    {
        tensor.Owner = null;
        return tensor;
    }

    internal static void Register(Tensor tensor)
    {
        if (_current is not { } scope) return;
        tensor.Owner = scope;
        scope._tensors.Add(tensor);
    }

    internal static void Register(IReleasable node)
    {
        var scope = _current;
        while (scope?._parent is { } parent) scope = parent;
        scope?._nodes!.Add(node);
    }

    /// <summary>
    /// Suspends scoping on this thread: tensors made until disposal belong to the caller (parameters, states).
    /// </summary>
    public static IDisposable Suspend() => new Suspension();

    /// <summary>Returns the memory of every tensor that was not kept.</summary>
    public void Dispose()
    {
        if (!ReferenceEquals(_current, this))
            throw new EngineException(
                "memory_scope", "scopes must end in the reverse order of their beginning, on their own thread");
        _current = _parent;
        foreach (var tensor in _tensors)
            if (ReferenceEquals(tensor.Owner, this)) tensor.Dispose();
        if (_nodes is not null)
            foreach (var node in _nodes) node.Release();
    }

    private sealed class Suspension : IDisposable
    {
        private readonly MemoryScope? _suspended = _current;

        public Suspension() => _current = null;

        public void Dispose() => _current = _suspended;
    }
}
