using AmcEngine.Tensors;

namespace AmcEngine.Backends;

/// <summary>How heads lie in memory: element (b, h, i, d) is at b·Batch + h·Head + i·Row + d.</summary>
/// <param name="Batch">Elements between samples.</param>
/// <param name="Head">Elements between heads.</param>
/// <param name="Row">Elements between rows (tokens).</param>
public readonly record struct HeadLayout(long Batch, long Head, int Row)
{
    /// <summary>Tensor [B, H, L, D].</summary>
    public static HeadLayout HeadsFirst(int heads, int length, int dim) => new((long)heads * length * dim, (long)length * dim, dim);

    /// <summary>Tensor [B, L, H·D]: heads side by side in a row, as a linear layer leaves them.</summary>
    public static HeadLayout HeadsInRow(int heads, int length, int dim) => new((long)length * heads * dim, dim, heads * dim);
}

/// <summary>
/// Scaled-dot-product attention: O = dropout(softmax(scale·Q·Kᵀ + mask))·V for each sample and head.
/// The mask is additive with element (b, h, i, j) at b·MaskBatch + h·MaskHead + i·MaskRow + j (strides of 0 broadcast).
/// Dropout keeps the probability (b, h, i, j), numbered ((b·H + h)·Lq + i)·Lk + j, where its uniform number ≥ DropoutP,
/// and divides it by 1 − DropoutP.
/// </summary>
public struct AttentionArgs
{
    /// <summary>Queries [B, H, Lq, D] in <see cref="QLayout"/>.</summary>
    public required Tensor Q;
    /// <summary>Keys [B, H, Lk, D] in <see cref="KLayout"/>.</summary>
    public required Tensor K;
    /// <summary>Values [B, H, Lk, D] in <see cref="KLayout"/>.</summary>
    public required Tensor V;
    /// <summary>Additive mask or null.</summary>
    public Tensor? Mask;
    /// <summary>Samples.</summary>
    public required int B;
    /// <summary>Heads.</summary>
    public required int H;
    /// <summary>Query rows.</summary>
    public required int Lq;
    /// <summary>Key rows.</summary>
    public required int Lk;
    /// <summary>Width of a head.</summary>
    public required int D;
    /// <summary>Layout of Q, the output and their gradients.</summary>
    public required HeadLayout QLayout;
    /// <summary>Layout of K, V and their gradients.</summary>
    public required HeadLayout KLayout;
    /// <summary>Mask stride of samples.</summary>
    public long MaskBatch;
    /// <summary>Mask stride of heads.</summary>
    public long MaskHead;
    /// <summary>Mask stride of query rows.</summary>
    public int MaskRow;
    /// <summary>Factor of the scores.</summary>
    public required double Scale;
    /// <summary>Probability of dropping an attention weight.</summary>
    public double DropoutP;
    /// <summary>Stream of the dropout mask.</summary>
    public RandomKey Key;
}
