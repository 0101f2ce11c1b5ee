using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// GradCAM and region sums; see Kernels/GradCamKernels.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void GradCam(Tensor a, Tensor g, Tensor m, Tensor cam)
    {
        if (a.DType == DType.F64) GradCam<double, F64>(a, g, m, cam);
        else GradCam<float, F32>(a, g, m, cam);
    }

    private void GradCam<T, R>(Tensor a, Tensor g, Tensor m, Tensor cam) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        int samples = a.Shape[0], rows = a.Shape[1] * a.Shape[2], width = a.Shape[3] - 1;
        if (samples == 0 || width == 0) return;
        var blocks = rows <= ColumnBlock * 3 / 2 ? 1 : (rows + ColumnBlock - 1) / ColumnBlock;
        using var partials = blocks == 1 ? cam.Detach() : Tensor.Empty([samples, blocks, width], cam.DType, this);
        var args = new GradCamKernel<T, R>.Args
        {
            A = View<T>(a),
            G = View<T>(g),
            M = View<T>(m),
            Partials = View<T>(partials),
            Scale = Mean<T>(rows),
            Rows = rows,
            Tokens = a.Shape[2],
            Width = width,
            Block = blocks == 1 ? rows : ColumnBlock,
            Blocks = blocks,
            Count = partials.Count,
        };
        LaunchOver<GradCamKernel<T, R>, GradCamKernel<T, R>.Args>(args.Count, args);
        if (blocks > 1) ReduceWith<T, SumOp<T>>(partials, new AxisView(samples, blocks, width), cam);
    }

    /// <inheritdoc/>
    public void GradCamBackward(Tensor a, Tensor g, Tensor m, Tensor c, Tensor da, Tensor dg)
    {
        if (a.DType == DType.F64) GradCamBackward<double, F64>(a, g, m, c, da, dg);
        else GradCamBackward<float, F32>(a, g, m, c, da, dg);
    }

    private void GradCamBackward<T, R>(Tensor a, Tensor g, Tensor m, Tensor c, Tensor da, Tensor dg) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var rows = a.Shape[1] * a.Shape[2];
        LaunchOver<GradCamBackwardKernel<T, R>, GradCamBackwardKernel<T, R>.Args>(a.Count, new GradCamBackwardKernel<T, R>.Args
        {
            A = View<T>(a),
            G = View<T>(g),
            M = View<T>(m),
            C = View<T>(c),
            Da = View<T>(da),
            Dg = View<T>(dg),
            Scale = Mean<T>(rows),
            Rows = rows,
            Tokens = a.Shape[2],
            Width = a.Shape[3] - 1,
            Count = a.Count,
        });
    }

    // 1/n; 0 where there is nothing to take the mean of.
    private static T Mean<T>(int n) where T : unmanaged, IFloatingPointIeee754<T> => n == 0 ? T.Zero : T.One / T.CreateTruncating(n);

    /// <inheritdoc/>
    public void RegionStats(Tensor map, Tensor mask, Tensor stats, Tensor where)
    {
        if (map.Count == 0) return;
        if (map.DType == DType.F64) RegionStats<double>(map, mask, stats, where);
        else RegionStats<float>(map, mask, stats, where);
    }

    private void RegionStats<T>(Tensor map, Tensor mask, Tensor stats, Tensor where) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var args = new RegionStatsArgs<T>
        {
            Map = View<T>(map),
            Mask = View<T>(mask),
            Stats = View<T>(stats),
            Where = View<int>(where),
            Width = map.Count / map.Shape[0],
            Samples = map.Shape[0],
        };
        LaunchRows<RegionStatsArgs<T>, RegionStatsKernel<T, LaneTeam>, RegionStatsKernel<T, PartTeam>, RegionStatsKernel<T, GroupTeam>>(args.Samples, args.Width, 1, args);
    }

    /// <inheritdoc/>
    public void RegionStatsBackward(Tensor mask, Tensor where, Tensor g, Tensor dmap)
    {
        if (mask.Count == 0) return;
        if (mask.DType == DType.F64) RegionStatsBackward<double>(mask, where, g, dmap);
        else RegionStatsBackward<float>(mask, where, g, dmap);
    }

    private void RegionStatsBackward<T>(Tensor mask, Tensor where, Tensor g, Tensor dmap) where T : unmanaged, IFloatingPointIeee754<T> =>
        LaunchOver<RegionStatsBackwardKernel<T>, RegionStatsBackwardKernel<T>.Args>(mask.Count, new RegionStatsBackwardKernel<T>.Args
        {
            Mask = View<T>(mask),
            Where = View<int>(where),
            G = View<T>(g),
            Dmap = View<T>(dmap),
            Width = mask.Count / mask.Shape[0],
            Count = mask.Count,
        });
}
