using System.Numerics;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;
using ILGPU;

namespace AmcEngine.Backends.Gpu;

// Selection and scattering by index; see Kernels/IndexingKernels.cs.
public sealed partial class GpuBackend
{
    private const uint Invalid4 = uint.MaxValue;
    private const ulong Invalid8 = ulong.MaxValue;

    /// <inheritdoc/>
    public void IndexSelect(Tensor x, AxisView axis, Tensor index, Tensor y)
    {
        var quad = new Quad<uint>
        {
            X = Invalid4,
            Y = Invalid4,
            Z = Invalid4,
            W = Invalid4,
        };
        if (y.DType.Size() == 8) IndexSelect(x, axis, axis.Inner, index, y, Invalid8);
        else if (axis.Inner % 4 == 0 && Aligned16(x, y)) IndexSelect(x, axis, axis.Inner / 4, index, y, quad);
        else IndexSelect(x, axis, axis.Inner, index, y, Invalid4);
    }

    private void IndexSelect<E>(Tensor x, AxisView axis, int inner, Tensor index, Tensor y, E invalid) where E : unmanaged
    {
        var count = axis.Outer * index.Count * inner;
        LaunchOver<IndexSelectKernel<E>, IndexSelectKernel<E>.Args>(count, new IndexSelectKernel<E>.Args
        {
            X = View<E>(x, (long)x.Count * x.DType.Size()),
            Index = View<int>(index),
            Y = View<E>(y, (long)y.Count * y.DType.Size()),
            Invalid = invalid,
            Length = axis.Length,
            Inner = inner,
            Indices = index.Count,
            Count = count,
        });
    }

    /// <inheritdoc/>
    public void IndexAdd(Tensor g, AxisView axis, Tensor index, int skip, Tensor y)
    {
        Fill(y, 0);
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
    public void Gather(Tensor x, AxisView axis, Tensor index, int count, Tensor y)
    {
        if (y.DType.Size() == 8) Gather(x, axis, index, count, y, Invalid8);
        else Gather(x, axis, index, count, y, Invalid4);
    }

    private void Gather<E>(Tensor x, AxisView axis, Tensor index, int count, Tensor y, E invalid) where E : unmanaged =>
        LaunchOver<GatherKernel<E>, GatherKernel<E>.Args>(y.Count, new GatherKernel<E>.Args
        {
            X = View<E>(x),
            Index = View<int>(index),
            Y = View<E>(y),
            Invalid = invalid,
            Length = axis.Length,
            Inner = axis.Inner,
            Indices = count,
            Count = y.Count,
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
