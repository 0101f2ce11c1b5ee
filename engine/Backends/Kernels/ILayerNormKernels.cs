using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>Layer norm of rows [rows, D], and its gradients of first and second order.</summary>
public interface ILayerNormKernels :
    IKernel<LayerNormArgs>, IKernel<LayerNormBackwardArgs>, IKernel<LayerNormDoubleBackwardArgs>;

/// <summary>
/// y = (x − mean)·rstd·gamma + beta, biased variance. 8 operations an element: 1 for the mean, 3 for the variance
/// about it, 4 for the affine map.
/// </summary>
/// <param name="X">Rows [rows, D].</param>
/// <param name="Gamma">Scale [D].</param>
/// <param name="Beta">Shift [D].</param>
/// <param name="Eps">Added to the variance.</param>
/// <param name="Y">Result, of x's shape.</param>
/// <param name="Mean">Receives the means [rows].</param>
/// <param name="Rstd">Receives 1/√(variance + eps) [rows].</param>
public readonly record struct LayerNormArgs(
    Tensor X, Tensor Gamma, Tensor Beta, double Eps, Tensor Y, Tensor Mean, Tensor Rstd) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("layer norm forward", 8, Y, X, Gamma, Beta, Mean, Rstd);
}

/// <summary>
/// Gradients of layer norm from the cotangent g; dx, dgamma and dbeta are overwritten, each may be null. With
/// n = (x − mean)·rstd and w = gamma∘g: dx = rstd·(w − mean(w) − n·mean(w∘n)), dgamma = Σ g∘n, dbeta = Σ g. An element
/// costs 13 operations for dx, n being computed in each of the two passes, 2 for dgamma and 1 for dbeta; without dx,
/// two more for n.
/// </summary>
/// <param name="X">Input of the forward pass.</param>
/// <param name="Gamma">Scale.</param>
/// <param name="Mean">Means of the forward pass.</param>
/// <param name="Rstd">Reciprocal deviations of the forward pass.</param>
/// <param name="G">Cotangent of the output.</param>
/// <param name="Dx">Gradient with respect to x, or null.</param>
/// <param name="Dgamma">Gradient with respect to gamma, or null.</param>
/// <param name="Dbeta">Gradient with respect to beta, or null.</param>
public readonly record struct LayerNormBackwardArgs(
    Tensor X, Tensor Gamma, Tensor Mean, Tensor Rstd, Tensor G, Tensor? Dx, Tensor? Dgamma, Tensor? Dbeta) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work =>
        KernelWork.Of("layer norm backward", Flop, X, Gamma, Mean, Rstd, G, Dx, Dgamma, Dbeta);

    private double Flop => (Dx is not null ? 13 : 2) + (Dgamma is not null ? 2 : 0) + (Dbeta is not null ? 1 : 0);
}

/// <summary>
/// Gradient of the gradient: from the cotangents ddx, ddgamma and ddbeta of <see cref="LayerNormBackwardArgs"/>'s
/// results (any may be null, for zero), the gradients of ⟨ddx, dx⟩ + ⟨ddgamma, dgamma⟩ + ⟨ddbeta, dbeta⟩ with respect
/// to x, gamma and g, with mean and rstd as functions of x; all three are overwritten. In three passes over a row, each
/// of which computes n anew, an element costs 39 operations: 13 for the six sums, 15 for dg and dgamma, 11 for dx.
/// </summary>
/// <param name="X">Input of the forward pass.</param>
/// <param name="Gamma">Scale.</param>
/// <param name="Mean">Means of the forward pass.</param>
/// <param name="Rstd">Reciprocal deviations of the forward pass.</param>
/// <param name="G">Cotangent of the output.</param>
/// <param name="Ddx">Cotangent of dx, or null.</param>
/// <param name="Ddgamma">Cotangent of dgamma, or null.</param>
/// <param name="Ddbeta">Cotangent of dbeta, or null.</param>
/// <param name="Dx">Gradient with respect to x.</param>
/// <param name="Dgamma">Gradient with respect to gamma.</param>
/// <param name="Dg">Gradient with respect to g.</param>
public readonly record struct LayerNormDoubleBackwardArgs(
    Tensor X, Tensor Gamma, Tensor Mean, Tensor Rstd, Tensor G, Tensor? Ddx, Tensor? Ddgamma, Tensor? Ddbeta,
    Tensor Dx, Tensor Dgamma, Tensor Dg) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of(
        "layer norm double backward", 39, X, Gamma, Mean, Rstd, G, Ddx, Ddgamma, Ddbeta, Dx, Dgamma, Dg);
}
