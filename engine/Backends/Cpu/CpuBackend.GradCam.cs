using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

// GradCAM and region sums; see GradCamKernels.cs.
public sealed partial class CpuBackend
{
    /// <inheritdoc/>
    public void GradCam(Tensor a, Tensor g, Tensor m, Tensor cam)
    {
        if (a.DType == DType.F64) GradCam<double>(a, g, m, cam);
        else GradCam<float>(a, g, m, cam);
    }

    private unsafe void GradCam<T>(Tensor a, Tensor g, Tensor m, Tensor cam) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int heads = a.Shape[1], tokens = a.Shape[2], width = a.Shape[3] - 1;
        Run<T, GradCamKernel<T>>(
            new GradCamKernel<T>(Ptr<T>(a), Ptr<T>(g), Ptr<T>(m), heads, tokens, width, Ptr<T>(cam)), a.Shape[0], RowTile(CheapTile / 2, (long)heads * tokens * width));
    }

    /// <inheritdoc/>
    public void GradCamBackward(Tensor a, Tensor g, Tensor m, Tensor c, Tensor da, Tensor dg)
    {
        if (a.DType == DType.F64) GradCamBackward<double>(a, g, m, c, da, dg);
        else GradCamBackward<float>(a, g, m, c, da, dg);
    }

    private unsafe void GradCamBackward<T>(Tensor a, Tensor g, Tensor m, Tensor c, Tensor da, Tensor dg) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int heads = a.Shape[1], tokens = a.Shape[2], width = a.Shape[3] - 1;
        var kernel = new GradCamBackwardKernel<T>(Ptr<T>(a), Ptr<T>(g), Ptr<T>(m), Ptr<T>(c), heads, tokens, width, Ptr<T>(da), Ptr<T>(dg));
        Run<T, GradCamBackwardKernel<T>>(kernel, a.Shape[0] * heads * tokens, RowTile(CheapTile / 2, width));
    }

    /// <inheritdoc/>
    public unsafe void RegionStats(Tensor map, Tensor mask, Tensor stats, Tensor where)
    {
        if (map.Count == 0) return;
        int rows = map.Shape[0], width = map.Count / rows, tile = RowTile(DearTile, width);
        if (map.DType == DType.F64) Run(new RegionStatsKernel<double>(Ptr<double>(map), Ptr<double>(mask), width, Ptr<double>(stats), Ptr<int>(where)), rows, tile);
        else Run(new RegionStatsKernel<float>(Ptr<float>(map), Ptr<float>(mask), width, Ptr<float>(stats), Ptr<int>(where)), rows, tile);
    }

    /// <inheritdoc/>
    public unsafe void RegionStatsBackward(Tensor mask, Tensor where, Tensor g, Tensor dmap)
    {
        if (mask.Count == 0) return;
        int rows = mask.Shape[0], width = mask.Count / rows, tile = RowTile(DearTile, width);
        if (mask.DType == DType.F64) Run(new RegionStatsBackwardKernel<double>(Ptr<double>(mask), Ptr<int>(where), Ptr<double>(g), width, Ptr<double>(dmap)), rows, tile);
        else Run(new RegionStatsBackwardKernel<float>(Ptr<float>(mask), Ptr<int>(where), Ptr<float>(g), width, Ptr<float>(dmap)), rows, tile);
    }
}
