using AmcEngine.Tensors;

namespace AmcEngine.Autograd;

/// <summary>
/// Notes which leaves the ops of this thread read until it is disposed of, whether these are recorded or not: what a
/// computation that is to be repeated and recorded later will send gradients to. One within another notes alone.
/// </summary>
public sealed class LeafWatch : IDisposable
{
    [ThreadStatic] private static LeafWatch? _current;

    private readonly HashSet<Tensor> _leaves = new(ReferenceEqualityComparer.Instance);
    private readonly LeafWatch? _before;

    private LeafWatch() => _before = _current;

    /// <summary>The leaves so far.</summary>
    public IReadOnlySet<Tensor> Leaves => _leaves;

    /// <summary>Begins to note.</summary>
    public static LeafWatch Begin() => _current = new LeafWatch();

    /// <inheritdoc/>
    public void Dispose() => _current = _before;

    /// <summary>An op reads these.</summary>
    internal static void Note(ReadOnlySpan<Tensor> inputs)
    {
        if (_current is not { } watch) return;
        foreach (var input in inputs)
            if (input.Edge.Node is LeafNode leaf) watch._leaves.Add(leaf.Leaf);
    }
}
