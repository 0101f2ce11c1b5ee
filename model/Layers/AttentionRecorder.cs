using AmcEngine.Memory;

namespace AmcEngine.Model.Layers;

/// <summary>Takes what several attentions compute in one pass, every row of them.</summary>
/// <param name="kinds">Kinds whose every layer is asked.</param>
/// <param name="kind">Kind of one more attention.</param>
/// <param name="layer">Its layer, from 0.</param>
internal sealed class AttentionRecorder(IReadOnlyCollection<AttentionKind> kinds, AttentionKind kind, int layer)
    : IAttentionHook
{
    private readonly List<AttentionCapture> _captures = [];

    /// <inheritdoc/>
    public bool FirstRowOnly => false;

    /// <inheritdoc/>
    public bool AllRows => true;

    /// <summary>
    /// What was taken, in the order of computation; owned by the scope that was current when the encoder was called.
    /// </summary>
    public IReadOnlyList<AttentionCapture> Captures => _captures;

    /// <summary>The one more attention.</summary>
    public AttentionCapture Single => _captures.Single(c => c.Kind == kind && c.Layer == layer);

    /// <inheritdoc/>
    public bool Asks(AttentionKind asked, int number) => kinds.Contains(asked) || (asked == kind && number == layer);

    /// <inheritdoc/>
    void IAttentionHook.Take(AttentionCapture capture) => _captures.Add(capture);

    /// <inheritdoc/>
    void IAttentionHook.KeepIn(MemoryScope scope)
    {
        foreach (var (_, _, map, query, (key, value), output) in _captures)
        {
            scope.Keep(map);
            scope.Keep(query);
            scope.Keep(key);
            scope.Keep(value);
            scope.Keep(output);
        }
    }
}
