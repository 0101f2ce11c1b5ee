using AmcEngine.Memory;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Layers;

/// <summary>Which attention of a layer.</summary>
public enum AttentionKind
{
    /// <summary>Self-attention of a vision block.</summary>
    Vision,

    /// <summary>Self-attention of a text or fusion layer.</summary>
    TextSelf,

    /// <summary>Cross attention of a fusion layer: text rows over image tokens.</summary>
    Cross,
}

/// <summary>What attentions are asked for in a pass: maps, as graph nodes through which the pass continues.</summary>
public interface IAttentionHook
{
    /// <summary>
    /// Ask for the first query row alone, <c>[B, H, 1, Lk]</c>: all that explains a class token. The other rows stay
    /// fused. An attention with a mask gives all rows nevertheless.
    /// </summary>
    bool FirstRowOnly { get; }

    /// <summary>Whether layers that are asked compute all rows even where only their first is read.</summary>
    bool AllRows { get; }

    /// <summary>Whether an attention is asked.</summary>
    bool Asks(AttentionKind kind, int layer);

    /// <summary>Takes what an attention that was asked has computed.</summary>
    internal void Take(AttentionCapture capture);

    /// <summary>Makes what was taken outlive a scope that ends.</summary>
    internal void KeepIn(MemoryScope scope);
}

/// <summary>What one attention has computed; nodes of the graph where one is recorded.</summary>
/// <param name="Kind">Which attention.</param>
/// <param name="Layer">Which layer, from 0.</param>
/// <param name="Map">The softmax before dropout <c>[B, H, Lq, Lk]</c>.</param>
/// <param name="Query">Queries <c>[B, Lq, H·dh]</c>.</param>
/// <param name="Source">Keys and values <c>[B, Lk, H·dh]</c>.</param>
/// <param name="Output">Mixed values before their projection <c>[B, Lq, H·dh]</c>.</param>
public sealed record AttentionCapture(
    AttentionKind Kind, int Layer, Tensor Map, Tensor Query, KeyValue Source, Tensor Output);

/// <summary>
/// Asks one attention layer for its map: the softmax before dropout <c>[B, H, Lq, Lk]</c>, a graph node through which
/// the layer's output continues (specification 2.7). Only the hooked layer materialises a map.
/// </summary>
/// <param name="Kind">Which attention.</param>
/// <param name="Layer">Which layer, from 0.</param>
public sealed record AttentionHook(AttentionKind Kind, int Layer) : IAttentionHook
{
    /// <inheritdoc/>
    public bool FirstRowOnly { get; init; }

    /// <summary>The map of the last pass; owned by the scope that was current when the encoder was called.</summary>
    public Tensor? Map { get; internal set; }

    /// <inheritdoc/>
    bool IAttentionHook.AllRows => false;

    /// <inheritdoc/>
    public bool Asks(AttentionKind kind, int layer) => Kind == kind && Layer == layer;

    /// <inheritdoc/>
    void IAttentionHook.Take(AttentionCapture capture) => Map = capture.Map;

    /// <inheritdoc/>
    void IAttentionHook.KeepIn(MemoryScope scope)
    {
        if (Map is { } map) scope.Keep(map);
    }

    /// <summary>
    /// Runs a part of the network in a scope of its own; its result and what the hook has taken outlive the scope.
    /// </summary>
    internal static Tensor Run(IAttentionHook? hook, Func<Tensor> body)
    {
        using var scope = MemoryScope.Begin();
        var result = body();
        hook?.KeepIn(scope);
        return scope.Keep(result);
    }
}
