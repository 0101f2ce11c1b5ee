using System.Numerics;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu;

// Selection and scattering by index; see Kernels/IndexingKernels.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void IndexSelect(Tensor x, AxisView axis, Tensor index, Tensor y)
    {
        if (y.DType.Size() == 8) Select<ulong, NotThere8, No>(x, axis, axis.Inner, index, index.Count, y);
        else if (axis.Inner % 4 == 0 && Aligned16(x, y)) Select<Quad<uint>, NotThere16, No>(x, axis, axis.Inner / 4, index, index.Count, y);
        else Select<uint, NotThere4, No>(x, axis, axis.Inner, index, index.Count, y);
    }

    /// <inheritdoc/>
    public void Gather(Tensor x, AxisView axis, Tensor index, int count, Tensor y)
    {
        if (y.DType.Size() == 8) Select<ulong, NotThere8, Yes>(x, axis, axis.Inner, index, count, y);
        else Select<uint, NotThere4, Yes>(x, axis, axis.Inner, index, count, y);
    }

    // inner counts elements E; count is the number of indices along the axis.
    private void Select<E, N, TOwn>(Tensor x, AxisView axis, int inner, Tensor index, int count, Tensor y)
        where E : unmanaged where N : struct, INotThere<E> where TOwn : struct, IFlag
    {
        var elements = axis.Outer * count * inner;
        LaunchOver<IndexSelectKernel<E, N, TOwn>, IndexSelectKernel<E, N, TOwn>.Args>(elements, new IndexSelectKernel<E, N, TOwn>.Args
        {
            X = View<E>(x, (long)x.Count * x.DType.Size()),
            Index = View<int>(index),
            Y = View<E>(y, (long)y.Count * y.DType.Size()),
            Length = axis.Length,
            Inner = inner,
            Indices = count,
            Count = elements,
        });
    }

    /// <inheritdoc/>
    public void IndexAdd(Tensor g, AxisView axis, Tensor index, int skip, Tensor y, bool accumulate = false)
    {
        if (!accumulate) Fill(y, 0);
        if (g.Count == 0) return;
        var scratch = Allocate((long)index.Count * sizeof(int));
        try
        {
            var links = scratch.Buffer.View.BaseView.SubView(0, (long)index.Count * sizeof(int)).Cast<int>();
            LaunchOver<IndexLinksKernel, IndexLinksKernel.Args>(index.Count, new IndexLinksKernel.Args
            {
                Index = View<int>(index),
                Links = links,
                Skip = skip,
                Length = axis.Length,
                Count = index.Count,
            });
            if (y.DType == DType.F64) IndexAdd<double>(g, axis, index, links, y);
            else IndexAdd<float>(g, axis, index, links, y);
        }
        finally
        {
            Free(scratch);
        }
    }

    private void IndexAdd<T>(Tensor g, AxisView axis, Tensor index, ArrayView<int> links, Tensor y) where T : unmanaged, IFloatingPointIeee754<T> =>
        LaunchOver<IndexAddKernel<T>, IndexAddKernel<T>.Args>(g.Count, new IndexAddKernel<T>.Args
        {
            G = View<T>(g),
            Index = View<int>(index),
            Links = links,
            Y = View<T>(y),
            Length = axis.Length,
            Inner = axis.Inner,
            Indices = index.Count,
            Count = g.Count,
        });

    /// <inheritdoc/>
    public void ScatterAdd(Tensor g, AxisView axis, Tensor index, int count, Tensor y)
    {
        Fill(y, 0);
        if (g.Count == 0) return;
        if (y.DType == DType.F64) ScatterAdd<double>(g, axis, index, count, y);
        else ScatterAdd<float>(g, axis, index, count, y);
    }

    private void ScatterAdd<T>(Tensor g, AxisView axis, Tensor index, int count, Tensor y) where T : unmanaged, IFloatingPointIeee754<T> =>
        LaunchOver<ScatterAddKernel<T>, ScatterAddKernel<T>.Args>((long)axis.Outer * axis.Inner, new ScatterAddKernel<T>.Args
        {
            G = View<T>(g),
            Index = View<int>(index),
            Y = View<T>(y),
            Length = axis.Length,
            Inner = axis.Inner,
            Indices = count,
            Count = axis.Outer * axis.Inner,
        });
}
