using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Layers;

/// <summary>How a network is run: with dropout or without, hooked or not.</summary>
/// <param name="Random">Source of the dropout masks; null is evaluation mode, without dropout.</param>
/// <param name="Hook">The attentions whose maps are wanted, if any.</param>
public sealed record ForwardContext(RandomSource? Random = null, IAttentionHook? Hook = null)
{
    /// <summary>Evaluation mode without a hook.</summary>
    public static ForwardContext Evaluation { get; } = new();

    /// <summary>
    /// Whether blocks keep their inputs alone and are computed again in the backward pass, to the same bits. A block
    /// whose attention the hook asks for keeps all that it computes.
    /// </summary>
    public bool Checkpoint { get; init; }

    /// <summary>
    /// Runs a block in a scope of its own; its result and what the hook has taken outlive the scope.
    /// </summary>
    /// <param name="layer">Number of the block.</param>
    /// <param name="kinds">The block's attentions.</param>
    /// <param name="inputs">All tensors that the body uses, other than weights.</param>
    /// <param name="body">The block: inputs and how to run it, to its result.</param>
    internal Tensor Block(int layer, ReadOnlySpan<AttentionKind> kinds, Tensor[] inputs,
        Func<Tensor[], ForwardContext, Tensor> body)
    {
        var kept = !Checkpoint;
        foreach (var kind in kinds) kept |= Hook is { } hook && hook.Asks(kind, layer);
        return AttentionHook.Run(Hook, () => kept
            ? body(inputs, this)
            : ActivationCheckpoint.Run(inputs, Random, (t, random) => body(t, new ForwardContext(random))));
    }

    /// <summary>Dropout for a fused attention; null where nothing is dropped.</summary>
    internal DropoutSpec? AttentionDropout(double probability) =>
        Drops(probability) ? new DropoutSpec(probability, Random!.NextKey()) : null;

    /// <summary>Whether anything is dropped.</summary>
    internal bool Drops(double probability) => Random is not null && probability != 0;

    /// <summary>x with dropout in training mode.</summary>
    internal Tensor Dropout(Tensor x, double probability) =>
        Drops(probability) ? x.Dropout(probability, Random!.NextKey()) : x;

    /// <summary>Fused attention, or the one with a map where the hook asks for it.</summary>
    internal Tensor Attend(Tensor q, KeyValue kv, Tensor? mask, AttentionShape shape, double dropout)
    {
        var spec = AttentionDropout(dropout);
        if (Hook is null || !Hook.Asks(shape.Kind, shape.Layer))
            return Attention.ScaledDotProduct(q, kv.Key, kv.Value, mask, shape.Scale, shape.Heads, spec);
        var split = Hook.FirstRowOnly && mask is null && q.Shape[1] > 1;
        var hooked = split ? q.Slice(1, 0, 1) : q;
        var (output, map) = Attention.WithMap(hooked, kv.Key, kv.Value, mask, shape.Scale, shape.Heads, spec);
        Hook.Take(new AttentionCapture(shape.Kind, shape.Layer, map, hooked, kv, output));
        if (!split) return output;
        var rest = Attention.ScaledDotProduct(
            q.Slice(1, 1, q.Shape[1]), kv.Key, kv.Value, null, shape.Scale, shape.Heads, AttentionDropout(dropout));
        return Movement.Concat([output, rest], 1);
    }
}

/// <summary>Keys and values <c>[B, Lk, H·dh]</c> of an attention.</summary>
/// <param name="Key">Projected keys.</param>
/// <param name="Value">Projected values.</param>
public readonly record struct KeyValue(Tensor Key, Tensor Value)
{
    /// <summary>The samples that <paramref name="index"/> (I32) names.</summary>
    internal KeyValue Select(Tensor index) => new(Key.IndexSelect(0, index), Value.IndexSelect(0, index));
}

/// <summary>Identity and head geometry of one attention.</summary>
/// <param name="Kind">Which attention.</param>
/// <param name="Layer">Which layer.</param>
/// <param name="Heads">Heads.</param>
/// <param name="Scale">Factor of the scores, 1/√dh.</param>
internal readonly record struct AttentionShape(AttentionKind Kind, int Layer, int Heads, double Scale)
{
    public static AttentionShape Of(AttentionKind kind, int layer, int width, int heads) =>
        new(kind, layer, heads, 1 / Math.Sqrt((double)width / heads));
}
