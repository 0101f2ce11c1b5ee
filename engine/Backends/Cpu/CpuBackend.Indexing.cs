using System.Numerics;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

// Selection and scattering by index; see IndexingKernels.cs.
public sealed partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void IndexSelect(Tensor x, AxisView axis, Tensor index, Tensor y)
    {
        CheckIndices("index_select", index, axis.Length);
        var rows = axis.Inner == 0 ? 0 : axis.Outer * index.Count;
        var tile = RowTile(CheapTile, axis.Inner);
        if (y.DType.Size() == 8) Run(new IndexSelectKernel<ulong>(Ptr<ulong>(x), axis, Ptr<int>(index), index.Count, Ptr<ulong>(y)), rows, tile);
        else Run(new IndexSelectKernel<uint>(Ptr<uint>(x), axis, Ptr<int>(index), index.Count, Ptr<uint>(y)), rows, tile);
    }

    /// <inheritdoc/>
    public void IndexAdd(Tensor g, AxisView axis, Tensor index, int skip, Tensor y, bool accumulate = false)
    {
        CheckIndices("index_add", index, axis.Length, skip);
        if (y.DType == DType.F64) IndexAdd<double>(g, axis, index, skip, y, accumulate);
        else IndexAdd<float>(g, axis, index, skip, y, accumulate);
    }

    private unsafe void IndexAdd<T>(Tensor g, AxisView axis, Tensor index, int skip, Tensor y, bool accumulate) where T : unmanaged, IFloatingPointIeee754<T>
    {
        // Narrow rows are not cut: a chunk is at least four cache lines wide.
        var width = 256 / sizeof(T);
        var kernel = new IndexAddKernel<T>(Ptr<T>(g), axis, Ptr<int>(index), index.Count, skip, width, Ptr<T>(y), accumulate);
        var rows = index.Count + (accumulate ? 0 : axis.Length);
        Run<T, IndexAddKernel<T>>(kernel, axis.Outer * ((axis.Inner + width - 1) / width), RowTile(CheapTile / 4, (long)width * rows));
    }

    /// <inheritdoc/>
    public unsafe void Gather(Tensor x, AxisView axis, Tensor index, int count, Tensor y)
    {
        CheckIndices("gather", index, axis.Length);
        var tile = RowTile(CheapTile / 4, (long)count * axis.Inner);
        if (y.DType.Size() == 8) Run(new GatherKernel<ulong>(Ptr<ulong>(x), axis, Ptr<int>(index), count, Ptr<ulong>(y)), axis.Outer, tile);
        else Run(new GatherKernel<uint>(Ptr<uint>(x), axis, Ptr<int>(index), count, Ptr<uint>(y)), axis.Outer, tile);
    }

    /// <inheritdoc/>
    public void ScatterAdd(Tensor g, AxisView axis, Tensor index, int count, Tensor y)
    {
        CheckIndices("scatter_add", index, axis.Length);
        if (y.DType == DType.F64) ScatterAdd<double>(g, axis, index, count, y);
        else ScatterAdd<float>(g, axis, index, count, y);
    }

    private unsafe void ScatterAdd<T>(Tensor g, AxisView axis, Tensor index, int count, Tensor y) where T : unmanaged, INumberBase<T> =>
        Run(new ScatterAddKernel<T>(Ptr<T>(g), axis, Ptr<int>(index), count, Ptr<T>(y)), axis.Outer, RowTile(CheapTile / 4, (long)(count + axis.Length) * axis.Inner));

    // On the calling thread and before anything is written: a wrong index must not reach memory.
    private static unsafe void CheckIndices(string op, Tensor index, int length, int? skip = null)
    {
        var indices = new ReadOnlySpan<int>(Ptr<int>(index), index.Count);
        foreach (var i in indices)
            if ((uint)i >= (uint)length && i != skip)
                throw new EngineException(op, $"index {i} is outside of [0, {length})");
    }
}
