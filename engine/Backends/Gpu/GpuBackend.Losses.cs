using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// Cross-entropy; see Kernels/LossKernels.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    /// <remarks>A label that is no class gives a loss of NaN.</remarks>
    public void CrossEntropy(Tensor x, Tensor labels, int ignore, Tensor losses, Tensor lse)
    {
        if (labels.Count == 0) return;
        if (x.DType == DType.F64) CrossEntropy<double, F64>(x, labels, ignore, losses, lse);
        else CrossEntropy<float, F32>(x, labels, ignore, losses, lse);
    }

    private void CrossEntropy<T, R>(Tensor x, Tensor labels, int ignore, Tensor losses, Tensor lse) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var args = new CrossEntropyArgs<T>
        {
            X = View<T>(x),
            Labels = View<int>(labels),
            Losses = View<T>(losses),
            Lse = View<T>(lse),
            Classes = x.Count / labels.Count,
            Rows = labels.Count,
            Ignore = ignore,
        };
        LaunchRows<CrossEntropyArgs<T>, CrossEntropyKernel<T, R, LaneTeam>, CrossEntropyKernel<T, R, PartTeam>, CrossEntropyKernel<T, R, GroupTeam>>(args.Rows, args.Classes, 1, args);
    }

    /// <inheritdoc/>
    public void CrossEntropyBackward(Tensor x, Tensor lse, Tensor labels, int ignore, Tensor g, Tensor dx)
    {
        if (x.Count == 0) return;
        if (x.DType == DType.F64) CrossEntropyBackward<double, F64>(x, lse, labels, ignore, g, dx);
        else CrossEntropyBackward<float, F32>(x, lse, labels, ignore, g, dx);
    }

    private void CrossEntropyBackward<T, R>(Tensor x, Tensor lse, Tensor labels, int ignore, Tensor g, Tensor dx)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        LaunchOver<CrossEntropyBackwardKernel<T, R>, CrossEntropyBackwardKernel<T, R>.Args>(x.Count, new CrossEntropyBackwardKernel<T, R>.Args
        {
            X = View<T>(x),
            Lse = View<T>(lse),
            Labels = View<int>(labels),
            G = View<T>(g),
            Dx = View<T>(dx),
            Classes = x.Count / labels.Count,
            Ignore = ignore,
            Count = x.Count,
        });
}
