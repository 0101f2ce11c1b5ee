using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>Cross-entropy with integer labels, and its gradient.</summary>
public interface ILossKernels : IKernel<CrossEntropyArgs>, IKernel<CrossEntropyBackwardArgs>;

/// <summary>
/// losses[r] = lse[r] − x[r, label[r]], 0 where label = ignore. A logit costs its part of the maximum, the difference,
/// the exponential and its part of the sum.
/// </summary>
/// <param name="X">Logits [rows, classes].</param>
/// <param name="Labels">Labels [rows], I32.</param>
/// <param name="Ignore">The label of a row that does not count.</param>
/// <param name="Losses">Receives the losses [rows].</param>
/// <param name="Lse">Receives log Σ exp of each row [rows].</param>
public readonly record struct CrossEntropyArgs(Tensor X, Tensor Labels, int Ignore, Tensor Losses, Tensor Lse)
    : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("cross-entropy forward", FunctionCost.Exp + 3, X, Labels, Losses, Lse);
}

/// <summary>
/// dx[r, c] = g[r]·(exp(x[r, c] − lse[r]) − [c = label[r]]), 0 where label = ignore. A logit costs the difference, the
/// exponential and a product.
/// </summary>
/// <param name="X">Logits [rows, classes].</param>
/// <param name="Lse">log Σ exp of each row [rows].</param>
/// <param name="Labels">Labels [rows], I32.</param>
/// <param name="Ignore">The label of a row that does not count.</param>
/// <param name="G">Cotangents of the losses [rows].</param>
/// <param name="Dx">Gradient with respect to the logits.</param>
public readonly record struct CrossEntropyBackwardArgs(
    Tensor X, Tensor Lse, Tensor Labels, int Ignore, Tensor G, Tensor Dx) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("cross-entropy backward", FunctionCost.Exp + 2, Dx, X, Lse, Labels, G);
}
