using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Checks attention operands and turns their shapes into strides.</summary>
internal static class AttentionShapes
{
    private const string Op = "scaled_dot_product_attention";

    /// <summary>(B, H, L, D) and layout of one operand.</summary>
    public static (int B, int H, int L, int D, HeadLayout Layout) Heads(Tensor t, int heads)
    {
        var s = t.Shape;
        if (heads == 0 && s.Rank == 4) return (s[0], s[1], s[2], s[3], HeadLayout.HeadsFirst(s[1], s[2], s[3]));
        if (heads > 0 && s.Rank == 3 && s[2] % heads == 0)
            return (s[0], heads, s[1], s[2] / heads, HeadLayout.HeadsInRow(heads, s[1], s[2] / heads));
        throw new ShapeException(Op, heads > 0
            ? $"{s} is not [B, L, H·D] with {heads} heads"
            : $"{s} is not [B, H, L, D]; give the number of heads for [B, L, H·D]");
    }

    /// <summary>Kernel arguments of checked operands.</summary>
    public static AttentionOperands Arguments(
        Tensor q, Tensor k, Tensor v, Tensor? mask, double scale, int heads, DropoutSpec? dropout)
    {
        OpSupport.RequireSame(Op, q, k, v);
        var (b, h, lq, d, ql) = Heads(q, heads);
        var (bk, hk, lk, dk, kl) = Heads(k, heads);
        if (b != bk || h != hk || d != dk || !k.Shape.Equals(v.Shape))
            throw new ShapeException(Op, $"queries {q.Shape}, keys {k.Shape} and values {v.Shape} do not fit");
        if (lk == 0) throw new ShapeException(Op, "there are no keys to attend to");
        if (mask is not null) OpSupport.RequireSame(Op, q, mask);
        var (mb, mh, mr) = MaskStrides(Op, mask, [b, h, lq, lk]);
        return new AttentionOperands
        {
            Q = q,
            K = k,
            V = v,
            Mask = mask,
            B = b,
            H = h,
            Lq = lq,
            Lk = lk,
            D = d,
            QLayout = ql,
            KLayout = kl,
            MaskBatch = mb,
            MaskHead = mh,
            MaskRow = mr,
            Scale = scale,
            DropoutP = dropout?.P ?? 0,
            Key = dropout?.Key ?? default,
        };
    }

    /// <summary>
    /// Strides of an additive mask that broadcasts to [B, H, Lq, Lk]; its last axis is never broadcast. The mask is a
    /// constant.
    /// </summary>
    public static (long Batch, long Head, int Row) MaskStrides(string op, Tensor? mask, Shape scores)
    {
        if (mask is null) return default;
        var m = mask.Shape;
        if (m.Rank != 4 || m[3] != scores[3] || (m[0] != 1 && m[0] != scores[0]) || (m[1] != 1 && m[1] != scores[1])
            || (m[2] != 1 && m[2] != scores[2]))
            throw new ShapeException(
                op, $"mask {m} does not broadcast to {scores} (the last axis must be given in full)");
        OpSupport.RequireConstant(op, "the mask", mask, "add it to the scores with Add() to learn it");
        return (m[0] == 1 ? 0 : (long)m[1] * m[2] * m[3], m[1] == 1 ? 0 : (long)m[2] * m[3], m[2] == 1 ? 0 : m[3]);
    }
}
