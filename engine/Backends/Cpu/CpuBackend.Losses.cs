using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

// Cross-entropy; see LossKernels.cs.
public sealed partial class CpuBackend
{
    /// <inheritdoc/>
    public void CrossEntropy(Tensor x, Tensor labels, int ignore, Tensor losses, Tensor lse)
    {
        if (labels.Count == 0) return;
        CheckIndices("cross_entropy", labels, x.Count / labels.Count, ignore);
        if (x.DType == DType.F64) CrossEntropy<double>(x, labels, ignore, losses, lse);
        else CrossEntropy<float>(x, labels, ignore, losses, lse);
    }

    private unsafe void CrossEntropy<T>(Tensor x, Tensor labels, int ignore, Tensor losses, Tensor lse) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int rows = labels.Count, classes = x.Count / rows;
        Run<T, CrossEntropyKernel<T>>(
            new CrossEntropyKernel<T>(Ptr<T>(x), classes, Ptr<int>(labels), ignore, Ptr<T>(losses), Ptr<T>(lse)), rows, RowTile(DearTile, classes));
    }

    /// <inheritdoc/>
    public void CrossEntropyBackward(Tensor x, Tensor lse, Tensor labels, int ignore, Tensor g, Tensor dx)
    {
        if (labels.Count == 0) return;
        CheckIndices("cross_entropy_backward", labels, x.Count / labels.Count, ignore);
        if (x.DType == DType.F64) CrossEntropyBackward<double>(x, lse, labels, ignore, g, dx);
        else CrossEntropyBackward<float>(x, lse, labels, ignore, g, dx);
    }

    private unsafe void CrossEntropyBackward<T>(Tensor x, Tensor lse, Tensor labels, int ignore, Tensor g, Tensor dx) where T : unmanaged, IFloatingPointIeee754<T>
    {
        int rows = labels.Count, classes = x.Count / rows;
        var kernel = new CrossEntropyBackwardKernel<T>(Ptr<T>(x), Ptr<T>(lse), classes, Ptr<int>(labels), ignore, Ptr<T>(g), Ptr<T>(dx));
        Run<T, CrossEntropyBackwardKernel<T>>(kernel, rows, RowTile(DearTile, classes));
    }
}
