using System.Numerics;
using AmcEngine.Backends.Plans;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

// Fill, copies, permutations and patches; see MovementKernels.cs.
public sealed partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void Fill(Tensor y, double value)
    {
        switch (y.DType)
        {
            case DType.F64: Run(new FillKernel<double>(value, Ptr<double>(y)), y.Count, CheapTile); break;
            case DType.F32: Run(new FillKernel<float>((float)value, Ptr<float>(y)), y.Count, CheapTile); break;
            default: Run(new FillKernel<int>((int)value, Ptr<int>(y)), y.Count, CheapTile); break;
        }
    }

    /// <summary>y = value.</summary>
    private readonly unsafe struct FillKernel<T>(T value, T* y) : IRange where T : unmanaged
    {
        private readonly T _value = value;
        private readonly T* _y = y;

        public void Run(int from, int to) => new Span<T>(_y + from, to - from).Fill(_value);
    }

    /// <inheritdoc/>
    public unsafe void Copy(Tensor x, Tensor y)
    {
        if (x.DType == y.DType)
        {
            long bytes = (long)y.Count * y.DType.Size(), block = CheapTile * sizeof(float), blocks = bytes / block;
            Run(new CopyRowsKernel(Ptr<byte>(x), block, Ptr<byte>(y), block, block), (int)blocks, 1);
            Buffer.MemoryCopy(Ptr<byte>(x) + blocks * block, Ptr<byte>(y) + blocks * block, bytes - blocks * block, bytes - blocks * block);
            return;
        }
        switch (x.DType)
        {
            case DType.F64: Convert<double>(x, y); break;
            case DType.F32: Convert<float>(x, y); break;
            default: Convert<int>(x, y); break;
        }
    }

    private unsafe void Convert<TFrom>(Tensor x, Tensor y) where TFrom : unmanaged, INumberBase<TFrom>
    {
        switch (y.DType)
        {
            case DType.F64: Run(new ConvertKernel<TFrom, double>(Ptr<TFrom>(x), Ptr<double>(y)), y.Count, CheapTile); break;
            case DType.F32: Run(new ConvertKernel<TFrom, float>(Ptr<TFrom>(x), Ptr<float>(y)), y.Count, CheapTile); break;
            default: Run(new ConvertKernel<TFrom, int>(Ptr<TFrom>(x), Ptr<int>(y)), y.Count, CheapTile); break;
        }
    }

    /// <summary>y = x in another element type; integers saturate.</summary>
    private readonly unsafe struct ConvertKernel<TFrom, TTo>(TFrom* x, TTo* y) : IRange
        where TFrom : unmanaged, INumberBase<TFrom> where TTo : unmanaged, INumberBase<TTo>
    {
        private readonly TFrom* _x = x;
        private readonly TTo* _y = y;

        public void Run(int from, int to)
        {
            TFrom* x = _x;
            TTo* y = _y;
            for (var i = from; i < to; i++) y[i] = TTo.CreateSaturating(x[i]);
        }
    }

    /// <inheritdoc/>
    public unsafe void Permute(Tensor x, ReadOnlySpan<int> perm, Tensor y)
    {
        if (y.DType.Size() == 8) Permute(Ptr<ulong>(x), x.Shape, perm, Ptr<ulong>(y));
        else Permute(Ptr<uint>(x), x.Shape, perm, Ptr<uint>(y));
    }

    private unsafe void Permute<E>(E* x, Shape shape, ReadOnlySpan<int> perm, E* y) where E : unmanaged
    {
        if (shape.Count == 0) return;
        if (shape.Rank > PermutePlan.MaxRank) throw new ShapeException("permute", $"{shape} has more than {PermutePlan.MaxRank} axes");
        var plan = PermutePlan.Of(shape.Dims, perm);
        var last = plan.Rank - 1;
        if (last < 0 || plan.From[last] == 1)
        {
            var run = last < 0 ? 1 : plan.Extent[last];
            if (last >= 0) plan.Remove(last);
            Run(new PermuteRunsKernel<E>(x, y, plan, run), plan.Count(), RowTile(CheapTile, run));
            return;
        }
        // The last axis of y strides through x; the axis that runs along x strides through y: together a plane to transpose.
        var row = 0;
        while (plan.From[row] != 1) row++;
        int rows = plan.Extent[row], columns = plan.Extent[last];
        long rowStride = plan.To[row], stride = plan.From[last];
        plan.Remove(last);
        plan.Remove(row);
        const int band = 64;
        var kernel = new TransposeKernel<E>(x, y, plan, rows, rowStride, columns, stride, band);
        Run(kernel, plan.Count() * ((rows + band - 1) / band), RowTile(CheapTile, (long)Math.Min(rows, band) * columns));
    }

    /// <inheritdoc/>
    public unsafe void CopyRows(Tensor x, int fromLength, int fromStart, Tensor y, int toLength, int toStart, int outer, int count, int inner)
    {
        long row = (long)inner * y.DType.Size(), run = count * row;
        if (run == 0) return;
        var kernel = new CopyRowsKernel(Ptr<byte>(x) + fromStart * row, fromLength * row, Ptr<byte>(y) + toStart * row, toLength * row, run);
        Run(kernel, outer, RowTile(CheapTile, run / sizeof(float)));
    }

    /// <inheritdoc/>
    public void ImageToPatches(Tensor image, int patch, Tensor patches) => Patches(image, patch, patches, true);

    /// <inheritdoc/>
    public void PatchesToImage(Tensor patches, int patch, Tensor image) => Patches(image, patch, patches, false);

    private unsafe void Patches(Tensor image, int patch, Tensor patches, bool toPatches)
    {
        if (image.Count == 0) return;
        int channels = image.Shape[1], height = image.Shape[2], width = image.Shape[3], bands = image.Shape[0] * (height / patch);
        var tile = RowTile(CheapTile, (long)channels * patch * width);
        if (image.DType.Size() == 8)
            Run(new PatchesKernel<ulong>(Ptr<ulong>(image), Ptr<ulong>(patches), channels, height, width, patch, toPatches), bands, tile);
        else
            Run(new PatchesKernel<uint>(Ptr<uint>(image), Ptr<uint>(patches), channels, height, width, patch, toPatches), bands, tile);
    }
}
