using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>
/// Fused attention and its gradients of first and second order. Their operations are the products of a head's map with
/// a matrix, 2·Lq·Lk·D each: 2 forward, 5 backward (Q·Kᵀ once more, since no map is kept, G·Vᵀ, and one for each
/// gradient), 12 in the double backward; softmax is not counted.
/// </summary>
public interface IAttentionKernels :
    IKernel<AttentionArgs>, IKernel<AttentionBackwardArgs>, IKernel<AttentionDoubleBackwardArgs>;

/// <summary>Fused attention.</summary>
/// <param name="Operands">Queries, keys, values and mask.</param>
/// <param name="Output">Result, layout of Q; a row whose scores are all −∞ is 0.</param>
/// <param name="Lse">Receives log Σ exp of the masked scores [B, H, Lq]; −∞ for such a row.</param>
public readonly record struct AttentionArgs(AttentionOperands Operands, Tensor Output, Tensor Lse) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => Operands.Work("attention forward", products: 2, queries: 2, keys: 2);
}

/// <summary>
/// Gradients of fused attention from the cotangent g of the output; all overwritten. A row whose scores are all −∞ has
/// no gradient.
/// </summary>
/// <param name="Operands">Queries, keys, values and mask of the forward pass.</param>
/// <param name="Output">Its output.</param>
/// <param name="Lse">Its log Σ exp.</param>
/// <param name="G">Cotangent of the output, layout of Q.</param>
/// <param name="Dq">Gradient with respect to the queries.</param>
/// <param name="Dk">Gradient with respect to the keys.</param>
/// <param name="Dv">Gradient with respect to the values.</param>
public readonly record struct AttentionBackwardArgs(
    AttentionOperands Operands, Tensor Output, Tensor Lse, Tensor G, Tensor Dq, Tensor Dk, Tensor Dv) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => Operands.Work("attention backward", products: 5, queries: 4, keys: 4);
}

/// <summary>
/// Gradient of the gradient: from the cotangents ddq, ddk and ddv of <see cref="AttentionBackwardArgs"/>'s dq, dk and
/// dv (any may be null, for zero), the gradients of ⟨ddq, dq⟩ + ⟨ddk, dk⟩ + ⟨ddv, dv⟩ with respect to g, q, k and v;
/// all four are overwritten. Memory beside inputs and outputs is O(B·H·Lq); no map is kept. A row whose scores are all
/// −∞ has no gradient.
/// </summary>
/// <param name="Operands">Queries, keys, values and mask of the forward pass.</param>
/// <param name="Output">Its output.</param>
/// <param name="Lse">Its log Σ exp.</param>
/// <param name="G">Cotangent of the output, layout of Q.</param>
/// <param name="Ddq">Cotangent of dq, or null.</param>
/// <param name="Ddk">Cotangent of dk, or null.</param>
/// <param name="Ddv">Cotangent of dv, or null.</param>
/// <param name="Dg">Gradient with respect to g.</param>
/// <param name="Dq">Gradient with respect to the queries.</param>
/// <param name="Dk">Gradient with respect to the keys.</param>
/// <param name="Dv">Gradient with respect to the values.</param>
public readonly record struct AttentionDoubleBackwardArgs(
    AttentionOperands Operands, Tensor Output, Tensor Lse, Tensor G, Tensor? Ddq, Tensor? Ddk, Tensor? Ddv,
    Tensor Dg, Tensor Dq, Tensor Dk, Tensor Dv) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => Operands.Work(
        "attention double backward", products: 12,
        queries: Ddq is null ? 5 : 6, keys: 4 + (Ddk is null ? 0 : 1) + (Ddv is null ? 0 : 1));
}

/// <summary>How heads lie in memory: element (b, h, i, d) is at b·Batch + h·Head + i·Row + d.</summary>
/// <param name="Batch">Elements between samples.</param>
/// <param name="Head">Elements between heads.</param>
/// <param name="Row">Elements between rows (tokens).</param>
public readonly record struct HeadLayout(long Batch, long Head, int Row)
{
    /// <summary>Tensor [B, H, L, D].</summary>
    public static HeadLayout HeadsFirst(int heads, int length, int dim) =>
        new((long)heads * length * dim, (long)length * dim, dim);

    /// <summary>Tensor [B, L, H·D]: heads side by side in a row, as a linear layer leaves them.</summary>
    public static HeadLayout HeadsInRow(int heads, int length, int dim) =>
        new((long)length * heads * dim, dim, heads * dim);
}

/// <summary>
/// Scaled-dot-product attention: O = dropout(softmax(scale·Q·Kᵀ + mask))·V for each sample and head.
/// The mask is additive with element (b, h, i, j) at b·MaskBatch + h·MaskHead + i·MaskRow + j (strides of 0 broadcast).
/// Dropout keeps the probability (b, h, i, j), numbered ((b·H + h)·Lq + i)·Lk + j, where its uniform number ≥ DropoutP,
/// and divides it by 1 − DropoutP; numbers begin with FirstWeight.
/// </summary>
public struct AttentionOperands
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
    /// <summary>Number of the first attention weight in the stream.</summary>
    internal readonly long FirstWeight => Key.First((long)B * H * Lq * Lk);

    /// <summary>
    /// Work of a pass: so many products of a map with a matrix, and tensors of the layouts of Q and of K.
    /// </summary>
    internal readonly KernelWork Work(string name, int products, int queries, int keys)
    {
        double heads = (double)B * H, size = Q.DType.Size();
        var elements = heads * (queries * (double)Lq * D + keys * (double)Lk * D + Lq);
        return new KernelWork(name, 2.0 * products * heads * Lq * Lk * D, size * elements + KernelWork.Size(Mask))
        {
            Shape = KernelShape.Attention(B, H, Lq, Lk, D),
        };
    }
}
