using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// Softmax; see Kernels/SoftmaxKernels.cs. Layer norm is in GpuBackend.LayerNorm.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Softmax(Tensor x, AxisView axis, bool log, Tensor y)
    {
        if (y.Count == 0) return;
        if (y.DType == DType.F64) Softmax<double, F64>(x, axis, log, y);
        else Softmax<float, F32>(x, axis, log, y);
    }

    private void Softmax<T, R>(Tensor x, AxisView axis, bool log, Tensor y) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var args = new SoftmaxArgs<T>
        {
            X = View<T>(x),
            Y = View<T>(y),
            Length = axis.Length,
            Inner = axis.Inner,
            Lines = axis.Outer * axis.Inner,
            Log = log ? 1 : 0,
        };
        LaunchRows<SoftmaxArgs<T>, SoftmaxKernel<T, R, LaneTeam>, SoftmaxKernel<T, R, PartTeam>, SoftmaxKernel<T, R, GroupTeam>>(args.Lines, axis.Length, axis.Inner, args);
    }

    /// <inheritdoc/>
    /// <remarks>A row whose scores are all −∞ becomes 0.</remarks>
    public void MaskedSoftmax(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y)
    {
        if (x.Count == 0) return;
        if (x.DType == DType.F64) MaskedSoftmax<double, F64>(x, scale, mask, maskBatch, maskHead, maskRow, y);
        else MaskedSoftmax<float, F32>(x, scale, mask, maskBatch, maskHead, maskRow, y);
    }

    private void MaskedSoftmax<T, R>(Tensor x, double scale, Tensor? mask, long maskBatch, long maskHead, int maskRow, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var args = new MaskedSoftmaxArgs<T>
        {
            X = View<T>(x),
            Mask = ViewOrEmpty<T>(mask),
            Y = View<T>(y),
            MaskBatch = maskBatch,
            MaskHead = maskHead,
            MaskRow = maskRow,
            HasMask = mask is null ? 0 : 1,
            Heads = x.Shape[1],
            RowsOfHead = x.Shape[2],
            Length = x.Shape[3],
            Rows = x.Count / x.Shape[3],
            Scale = T.CreateChecked(scale),
        };
        LaunchRows<MaskedSoftmaxArgs<T>, MaskedSoftmaxKernel<T, R, LaneTeam>, MaskedSoftmaxKernel<T, R, PartTeam>, MaskedSoftmaxKernel<T, R, GroupTeam>>(args.Rows, args.Length, 1, args);
    }

    /// <inheritdoc/>
    public void SoftmaxBackward(Tensor y, Tensor g, AxisView axis, bool log, Tensor dx)
    {
        if (y.Count == 0) return;
        if (y.DType == DType.F64) SoftmaxBackward<double, F64>(y, g, axis, log, dx);
        else SoftmaxBackward<float, F32>(y, g, axis, log, dx);
    }

    private void SoftmaxBackward<T, R>(Tensor y, Tensor g, AxisView axis, bool log, Tensor dx) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var args = new SoftmaxBackwardArgs<T>
        {
            Y = View<T>(y),
            G = View<T>(g),
            Dx = View<T>(dx),
            Length = axis.Length,
            Inner = axis.Inner,
            Lines = axis.Outer * axis.Inner,
            Log = log ? 1 : 0,
        };
        LaunchRows<SoftmaxBackwardArgs<T>, SoftmaxBackwardKernel<T, R, LaneTeam>, SoftmaxBackwardKernel<T, R, PartTeam>, SoftmaxBackwardKernel<T, R, GroupTeam>>(
            args.Lines, axis.Length, axis.Inner, args);
    }
}
