using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>GradCAM maps and the sums over their regions, with their gradients.</summary>
public interface IGradCamKernels :
    IKernel<GradCamArgs>, IKernel<GradCamBackwardArgs>, IKernel<RegionStatsArgs>, IKernel<RegionStatsBackwardArgs>;

/// <summary>
/// GradCAM: cam[b, j] = Σ_{h,i} a[b,h,i,1+j]·max(g[b,h,i,1+j], 0)·m[b,i]² / (H·L). Four operations for each element of
/// a: the maximum, two products and the addition.
/// </summary>
/// <param name="A">Attention maps [B, H, L, 1 + P].</param>
/// <param name="G">Their gradients, of the same shape.</param>
/// <param name="M">Token mask [B, L].</param>
/// <param name="Cam">Result [B, P].</param>
public readonly record struct GradCamArgs(Tensor A, Tensor G, Tensor M, Tensor Cam) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("gradcam forward", 4, A, G, M, Cam);
}

/// <summary>
/// Gradients of GradCAM from the cotangent c [B, P]: da = c·m²·max(g,0)/(H·L), dg = c·m²·a·[g ≥ 0]/(H·L), column 0
/// zero. Five operations for each element of a: the common factor, a maximum, a comparison and two products.
/// </summary>
/// <param name="A">Attention maps [B, H, L, 1 + P].</param>
/// <param name="G">Their gradients.</param>
/// <param name="M">Token mask [B, L].</param>
/// <param name="C">Cotangent of the map [B, P].</param>
/// <param name="Da">Gradient with respect to a.</param>
/// <param name="Dg">Gradient with respect to g.</param>
public readonly record struct GradCamBackwardArgs(Tensor A, Tensor G, Tensor M, Tensor C, Tensor Da, Tensor Dg)
    : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("gradcam backward", 5, A, G, M, C, Da, Dg);
}

/// <summary>
/// Sums and maxima of a map inside and outside a region: for each row of map and mask [B, P], stats [B, 4] =
/// Σ map·mask, Σ map·(1 − mask), max map·mask, max map·(1 − mask). Seven operations an element: 1 − mask, two products,
/// two additions, two comparisons.
/// </summary>
/// <param name="Map">Maps [B, P].</param>
/// <param name="Mask">Regions [B, P].</param>
/// <param name="Stats">Receives the sums and maxima [B, 4].</param>
/// <param name="Where">Receives the first positions of the maxima [B, 2], I32.</param>
public readonly record struct RegionStatsArgs(Tensor Map, Tensor Mask, Tensor Stats, Tensor Where) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("region sums forward", 7, Map, Mask, Stats, Where);
}

/// <summary>The adjoint: dmap from the cotangent g of the stats. Four operations an element.</summary>
/// <param name="Mask">Regions [B, P].</param>
/// <param name="Where">Positions of the maxima [B, 2], I32.</param>
/// <param name="G">Cotangent of the stats [B, 4].</param>
/// <param name="Dmap">Gradient with respect to the maps.</param>
public readonly record struct RegionStatsBackwardArgs(Tensor Mask, Tensor Where, Tensor G, Tensor Dmap) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("region sums backward", 4, Dmap, Mask, Where, G);
}
