using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Backends.Plans;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu;

// Fill, copies, permutations and patches; see Kernels/MovementKernels.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Fill(Tensor y, double value)
    {
        switch (y.DType)
        {
            case DType.F64: FillBits(y, BitConverter.DoubleToUInt64Bits(value)); break;
            case DType.F32: FillBits(y, BitConverter.SingleToUInt32Bits((float)value)); break;
            default: FillBits(y, (uint)(int)value); break;
        }
    }

    private void FillBits<E>(Tensor y, E bits) where E : unmanaged =>
        LaunchOver<FillKernel<E>, FillKernel<E>.Args>(y.Count, new FillKernel<E>.Args
        {
            Y = View<E>(y),
            Value = bits,
            Count = y.Count,
        });

    /// <inheritdoc/>
    public void Copy(Tensor x, Tensor y)
    {
        switch (x.DType, y.DType)
        {
            case (DType.F32, DType.F64): Convert<float, double, SingleToDouble>(x, y); break;
            case (DType.F64, DType.F32): Convert<double, float, DoubleToSingle>(x, y); break;
            case (DType.I32, DType.F32): Convert<int, float, IntegerToSingle>(x, y); break;
            case (DType.I32, DType.F64): Convert<int, double, IntegerToDouble>(x, y); break;
            case (DType.F32, DType.I32): Convert<float, int, SingleToInteger>(x, y); break;
            case (DType.F64, DType.I32): Convert<double, int, DoubleToInteger>(x, y); break;
            default: CopyBytes(x, y); break;
        }
    }

    private void Convert<TFrom, TTo, C>(Tensor x, Tensor y) where TFrom : unmanaged where TTo : unmanaged where C : struct, IConversion<TFrom, TTo> =>
        LaunchOver<ConvertKernel<TFrom, TTo, C>, ConvertKernel<TFrom, TTo, C>.Args>(y.Count, new ConvertKernel<TFrom, TTo, C>.Args
        {
            X = View<TFrom>(x),
            Y = View<TTo>(y),
            Count = y.Count,
        });

    private void CopyBytes(Tensor x, Tensor y)
    {
        if (y.Count == 0) return;
        try
        {
            var bytes = (long)y.Count * y.DType.Size();
            View<byte>(x, bytes).CopyTo(_host.Accelerator.DefaultStream, View<byte>(y, bytes));
        }
        catch (AcceleratorException e)
        {
            throw DeviceErrors.Lost(Device, "copy", e);
        }
    }

    /// <inheritdoc/>
    public void Permute(Tensor x, ReadOnlySpan<int> perm, Tensor y) => Permute(x, perm, y, _host.Target == KernelTarget.Gpu);

    /// <summary>The permutation, with planes transposed through shared memory or element by element.</summary>
    internal void Permute(Tensor x, ReadOnlySpan<int> perm, Tensor y, bool tiles)
    {
        if (y.Count == 0) return;
        if (x.Shape.Rank > PermutePlan.MaxRank) throw new ShapeException("permute", $"{x.Shape} has more than {PermutePlan.MaxRank} axes");
        var plan = PermutePlan.Of(x.Shape.Dims, perm);
        if (plan.Rank > AxisWalk.MaxAxes)
            throw new ShapeException("permute", $"{x.Shape} by [{string.Join(", ", perm.ToArray())}] has {plan.Rank} axes that cannot be merged; the GPU back end takes {AxisWalk.MaxAxes}. Permute in two steps");
        if (y.DType.Size() == 8) Permute<ulong>(x, plan, y, tiles);
        else Permute<uint>(x, plan, y, tiles);
    }

    private unsafe void Permute<E>(Tensor x, PermutePlan plan, Tensor y, bool tiles) where E : unmanaged
    {
        var last = plan.Rank - 1;
        var runs = last < 0 || plan.From[last] == 1;
        if (runs && last >= 0 && Quads<E>(x, y) && plan.Extent[last] % 4 == 0)
        {
            // Runs of quads: the strides of the other axes are multiples of the run.
            plan.Extent[last] /= 4;
            for (var i = 0; i < last; i++) plan.From[i] /= 4;
            PermuteElements<Quad<uint>>(x, plan, y, y.Count / 4);
            return;
        }
        var row = 0;
        while (!runs && plan.From[row] != 1) row++;
        if (!runs && tiles && plan.Extent[row] >= TransposeKernel<E>.WorthATile && plan.Extent[last] >= TransposeKernel<E>.WorthATile)
            PermuteTiles<E>(x, plan, row, y);
        else PermuteElements<E>(x, plan, y, y.Count);
    }

    private unsafe void PermuteElements<E>(Tensor x, PermutePlan plan, Tensor y, int count) where E : unmanaged
    {
        var last = plan.Rank - 1;
        LaunchOver<PermuteKernel<E>, PermuteKernel<E>.Args>(count, new PermuteKernel<E>.Args
        {
            X = View<E>(x, (long)x.Count * x.DType.Size()),
            Y = View<E>(y, (long)y.Count * y.DType.Size()),
            Extent0 = Extent(plan, last),
            Extent1 = Extent(plan, last - 1),
            Extent2 = Extent(plan, last - 2),
            Extent3 = Extent(plan, last - 3),
            Extent4 = Extent(plan, last - 4),
            Extent5 = Extent(plan, last - 5),
            Stride0 = From(plan, last),
            Stride1 = From(plan, last - 1),
            Stride2 = From(plan, last - 2),
            Stride3 = From(plan, last - 3),
            Stride4 = From(plan, last - 4),
            Stride5 = From(plan, last - 5),
            Axes = plan.Rank,
            Count = count,
        });
    }

    private unsafe void PermuteTiles<E>(Tensor x, PermutePlan plan, int row, Tensor y) where E : unmanaged
    {
        var last = plan.Rank - 1;
        var args = new TransposeKernel<E>.Args
        {
            X = View<E>(x),
            Y = View<E>(y),
            Rows = plan.Extent[row],
            RowStride = (int)plan.To[row],
            Columns = plan.Extent[last],
            ColumnStride = (int)plan.From[last],
        };
        plan.Remove(last);
        plan.Remove(row);
        last = plan.Rank - 1;
        (args.Extent0, args.From0, args.To0) = (Extent(plan, last), From(plan, last), To(plan, last));
        (args.Extent1, args.From1, args.To1) = (Extent(plan, last - 1), From(plan, last - 1), To(plan, last - 1));
        (args.Extent2, args.From2, args.To2) = (Extent(plan, last - 2), From(plan, last - 2), To(plan, last - 2));
        (args.Extent3, args.From3, args.To3) = (Extent(plan, last - 3), From(plan, last - 3), To(plan, last - 3));
        const int tile = TransposeKernel<E>.Tile;
        var tiles = plan.Count() * ((args.Rows + tile - 1) / tile) * ((args.Columns + tile - 1) / tile);
        _host.Launch<TransposeKernel<E>, TransposeKernel<E>.Args>(tiles, TransposeKernel<E>.Lanes, args);
    }

    private static unsafe uint Extent(in PermutePlan plan, int axis) => axis < 0 ? 1 : (uint)plan.Extent[axis];

    private static unsafe int From(in PermutePlan plan, int axis) => axis < 0 ? 0 : (int)plan.From[axis];

    private static unsafe int To(in PermutePlan plan, int axis) => axis < 0 ? 0 : (int)plan.To[axis];

    /// <inheritdoc/>
    public void CopyRows(Tensor x, int fromLength, int fromStart, Tensor y, int toLength, int toStart, int outer, int count, int inner)
    {
        if (y.DType.Size() == 8) CopyRows<ulong>(x, fromLength, fromStart, y, toLength, toStart, outer, count, inner);
        else if (inner % 4 == 0 && Aligned16(x, y)) CopyRows<Quad<uint>>(x, fromLength, fromStart, y, toLength, toStart, outer, count, inner / 4);
        else CopyRows<uint>(x, fromLength, fromStart, y, toLength, toStart, outer, count, inner);
    }

    private void CopyRows<E>(Tensor x, int fromLength, int fromStart, Tensor y, int toLength, int toStart, int outer, int count, int inner) where E : unmanaged =>
        LaunchOver<CopyRowsKernel<E>, CopyRowsKernel<E>.Args>((long)outer * count * inner, new CopyRowsKernel<E>.Args
        {
            X = View<E>(x, (long)x.Count * x.DType.Size()),
            Y = View<E>(y, (long)y.Count * y.DType.Size()),
            FromPitch = fromLength * inner,
            FromStart = fromStart * inner,
            ToPitch = toLength * inner,
            ToStart = toStart * inner,
            Run = count * inner,
            Count = outer * count * inner,
        });

    /// <inheritdoc/>
    public void ImageToPatches(Tensor image, int patch, Tensor patches) => Patches(image, patch, patches, true);

    /// <inheritdoc/>
    public void PatchesToImage(Tensor patches, int patch, Tensor image) => Patches(image, patch, patches, false);

    private void Patches(Tensor image, int patch, Tensor patches, bool toPatches)
    {
        if (image.DType.Size() == 8) Patches<ulong>(image, patch, patches, toPatches);
        else Patches<uint>(image, patch, patches, toPatches);
    }

    private void Patches<E>(Tensor image, int patch, Tensor patches, bool toPatches) where E : unmanaged =>
        LaunchOver<PatchesKernel<E>, PatchesKernel<E>.Args>(image.Count, new PatchesKernel<E>.Args
        {
            Image = View<E>(image),
            Patches = View<E>(patches),
            Channels = image.Shape[1],
            Height = image.Shape[2],
            Width = image.Shape[3],
            Patch = patch,
            ToPatches = toPatches ? 1 : 0,
            Count = image.Count,
        });
}
