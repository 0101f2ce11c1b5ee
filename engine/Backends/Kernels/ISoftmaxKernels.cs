using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>Softmax, with a mask or without, and its gradient.</summary>
public interface ISoftmaxKernels : IKernel<SoftmaxArgs>, IKernel<MaskedSoftmaxArgs>, IKernel<SoftmaxBackwardArgs>;

/// <summary>
/// Softmax (or its logarithm) over the middle axis. An element costs its part of the maximum, the difference, the
/// exponential, its part of the sum, and a product (two differences for the logarithm).
/// </summary>
/// <param name="X">Operand.</param>
/// <param name="Axis">What of x the axis is.</param>
/// <param name="Log">Whether the logarithm is wanted.</param>
/// <param name="Y">Result, of x's shape.</param>
public readonly record struct SoftmaxArgs(Tensor X, AxisView Axis, bool Log, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work =>
        KernelWork.Of(Log ? "log softmax forward" : "softmax forward", FunctionCost.Exp + (Log ? 5 : 4), Y, X);
}

/// <summary>
/// y = softmax(scale·x + mask) over the last axis of x [B, H, Lq, Lk]; a row whose scores are all −∞ becomes 0. Costs
/// as softmax, and a multiplication and an addition more an element.
/// </summary>
/// <param name="X">Scores.</param>
/// <param name="Scale">Their factor.</param>
/// <param name="Mask">Additive, element (b, h, i, j) at b·MaskBatch + h·MaskHead + i·MaskRow + j; or null.</param>
/// <param name="MaskBatch">Mask stride of samples, 0 to repeat.</param>
/// <param name="MaskHead">Mask stride of heads, 0 to repeat.</param>
/// <param name="MaskRow">Mask stride of query rows, 0 to repeat.</param>
/// <param name="Y">Result, of x's shape.</param>
public readonly record struct MaskedSoftmaxArgs(
    Tensor X, double Scale, Tensor? Mask, long MaskBatch, long MaskHead, int MaskRow, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("masked softmax forward", FunctionCost.Exp + 6, Y, X, Mask);
}

/// <summary>
/// dx of softmax from its output y and cotangent g: y∘(g − Σy∘g), four operations an element; of log-softmax: g −
/// eʸ·Σg, an exponential and three.
/// </summary>
/// <param name="Y">Output of the forward pass.</param>
/// <param name="G">Its cotangent.</param>
/// <param name="Axis">What of y the axis is.</param>
/// <param name="Log">Whether y is a logarithm.</param>
/// <param name="Dx">Gradient with respect to the input.</param>
public readonly record struct SoftmaxBackwardArgs(Tensor Y, Tensor G, AxisView Axis, bool Log, Tensor Dx) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work =>
        KernelWork.Of(Log ? "log softmax backward" : "softmax backward", Log ? FunctionCost.Exp + 3 : 4, Dx, Y, G);
}
