using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Layers;

/// <summary>Asks several layers of one kind for their maps, of which the pass then consists.</summary>
/// <param name="kind">Which attention.</param>
/// <param name="layers">Which layers, from 0.</param>
/// <param name="firstRowOnly">Whether the first query row alone is asked for.</param>
internal sealed class AttentionMaps(AttentionKind kind, IReadOnlyCollection<int> layers, bool firstRowOnly)
    : IAttentionHook
{
    private readonly Dictionary<int, Tensor> _maps = [];

    /// <inheritdoc/>
    public bool FirstRowOnly => firstRowOnly;

    /// <inheritdoc/>
    public bool AllRows => false;

    /// <summary>The map of a layer; owned by the scope that was current when the encoder was called.</summary>
    public Tensor this[int layer] => _maps[layer];

    /// <inheritdoc/>
    public bool Asks(AttentionKind asked, int layer) => asked == kind && layers.Contains(layer);

    /// <inheritdoc/>
    void IAttentionHook.Take(AttentionCapture capture) => _maps[capture.Layer] = capture.Map;

    /// <inheritdoc/>
    void IAttentionHook.KeepIn(MemoryScope scope)
    {
        foreach (var map in _maps.Values)
            scope.Keep(map);
    }
}
