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

/// <summary>
/// Asks one attention layer for its map: the softmax before dropout <c>[B, H, Lq, Lk]</c>, a graph node through which
/// the layer's output continues (specification 2.7). Only the hooked layer materialises a map.
/// </summary>
/// <param name="Kind">Which attention.</param>
/// <param name="Layer">Which layer, from 0.</param>
public sealed record AttentionHook(AttentionKind Kind, int Layer)
{
    /// <summary>
    /// Ask for the first query row alone, <c>[B, H, 1, Lk]</c>: all that explains a class token. The other rows stay fused. An
    /// attention with a mask gives all rows nevertheless.
    /// </summary>
    public bool FirstRowOnly { get; init; }

    /// <summary>The map of the last pass; owned by the scope that was current when the encoder was called.</summary>
    public Tensor? Map { get; internal set; }

    internal bool Matches(AttentionKind kind, int layer) => Kind == kind && Layer == layer;

    /// <summary>Runs a part of the network in a scope of its own; its result and the captured map outlive the scope.</summary>
    internal static Tensor Run(AttentionHook? hook, Func<Tensor> body)
    {
        using var scope = MemoryScope.Begin();
        var result = body();
        if (hook?.Map is { } map) scope.Keep(map);
        return scope.Keep(result);
    }
}
