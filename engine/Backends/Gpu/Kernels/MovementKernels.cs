using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Backends.Plans;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Kernels;

// Movement of elements of 4 or 8 bytes (E = uint or ulong, whatever they mean), or of 16 where runs of a multiple of
// four 4-byte elements stay together (E = Quad<uint>). No arithmetic but the conversion between element types; every
// byte is read once and written once. Lanes stride over the elements of the result. Copies between equal types are the
// device's own.
// Permutations: PermuteKernels.cs.

/// <summary>Fill, copies, permutations and patches; permutations in PermuteKernels.cs.</summary>
internal sealed class MovementKernels(GpuContext context) : GpuKernels(context), IMovementKernels
{
    /// <inheritdoc/>
    public void Run(in FillArgs args)
    {
        var (y, value) = args;
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
    public void Run(in CopyArgs args)
    {
        var (x, y) = args;
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

    private void Convert<TFrom, TTo, C>(Tensor x, Tensor y)
        where TFrom : unmanaged where TTo : unmanaged where C : struct, IConversion<TFrom, TTo> =>
        LaunchOver<ConvertKernel<TFrom, TTo, C>, ConvertKernel<TFrom, TTo, C>.Args>(
            y.Count, new ConvertKernel<TFrom, TTo, C>.Args
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
            View<byte>(x, bytes).CopyTo(Device.Accelerator.DefaultStream, View<byte>(y, bytes));
        }
        catch (AcceleratorException e)
        {
            throw DeviceErrors.Lost(Device.Info, "copy", e);
        }
    }

    /// <inheritdoc/>
    public void Run(in PermuteArgs args)
    {
        Tensor x = args.X, y = args.Y;
        if (y.Count == 0) return;
        if (x.Shape.Rank > PermutePlan.MaxRank)
            throw new ShapeException("permute", $"{x.Shape} has more than {PermutePlan.MaxRank} axes");
        var plan = PermutePlan.Of(x.Shape.Dims, args.Perm);
        if (plan.Rank > AxisWalk.MaxAxes)
            throw new ShapeException(
                "permute", $"{x.Shape} by [{string.Join(", ", args.Perm.ToArray())}] has {plan.Rank} axes that cannot "
                    + $"be merged; the GPU back end takes {AxisWalk.MaxAxes}. Permute in two steps");
        // Planes are transposed through shared memory where there is such, else element by element.
        var tiles = Forced.TransposeTiles ?? Device.Target == KernelTarget.Gpu;
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
        if (!runs && tiles && plan.Extent[row] >= TransposeKernel<E>.WorthATile
            && plan.Extent[last] >= TransposeKernel<E>.WorthATile)
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
        Device.Launch<TransposeKernel<E>, TransposeKernel<E>.Args>(tiles, TransposeKernel<E>.Lanes, args);
    }

    private static unsafe uint Extent(in PermutePlan plan, int axis) => axis < 0 ? 1 : (uint)plan.Extent[axis];

    private static unsafe int From(in PermutePlan plan, int axis) => axis < 0 ? 0 : (int)plan.From[axis];

    private static unsafe int To(in PermutePlan plan, int axis) => axis < 0 ? 0 : (int)plan.To[axis];

    /// <inheritdoc/>
    public void Run(in CopyRowsArgs args)
    {
        if (args.Y.DType.Size() == 8) CopyRows<ulong>(args);
        else if (args.Inner % 4 == 0 && Aligned16(args.X, args.Y))
            CopyRows<Quad<uint>>(args with { Inner = args.Inner / 4 });
        else CopyRows<uint>(args);
    }

    private void CopyRows<E>(in CopyRowsArgs args) where E : unmanaged =>
        LaunchOver<CopyRowsKernel<E>, CopyRowsKernel<E>.Args>(
            (long)args.Outer * args.Count * args.Inner, new CopyRowsKernel<E>.Args
            {
                X = View<E>(args.X, (long)args.X.Count * args.X.DType.Size()),
                Y = View<E>(args.Y, (long)args.Y.Count * args.Y.DType.Size()),
                FromPitch = args.FromLength * args.Inner,
                FromStart = args.FromStart * args.Inner,
                ToPitch = args.ToLength * args.Inner,
                ToStart = args.ToStart * args.Inner,
                Run = args.Count * args.Inner,
                Count = args.Outer * args.Count * args.Inner,
            });

    /// <inheritdoc/>
    public void Run(in ImageToPatchesArgs args) => Patches(args.Image, args.Patch, args.Patches, true);

    /// <inheritdoc/>
    public void Run(in PatchesToImageArgs args) => Patches(args.Image, args.Patch, args.Patches, false);

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

/// <summary>y = value.</summary>
internal readonly struct FillKernel<E> : IDeviceKernel<FillKernel<E>.Args> where E : unmanaged
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<E> Y;
        public E Value;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX) a.Y[i] = a.Value;
    }
}

/// <summary>y = x in another element type.</summary>
internal readonly struct ConvertKernel<TFrom, TTo, C> : IDeviceKernel<ConvertKernel<TFrom, TTo, C>.Args>
    where TFrom : unmanaged where TTo : unmanaged where C : struct, IConversion<TFrom, TTo>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<TFrom> X;
        public ArrayView<TTo> Y;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX) a.Y[i] = C.Convert(a.X[i]);
    }
}

/// <summary>A change of element type; integers saturate and NaN becomes 0.</summary>
internal interface IConversion<TFrom, TTo>
{
    static abstract TTo Convert(TFrom value);
}

internal readonly struct SingleToDouble : IConversion<float, double>
{
    public static double Convert(float value) => value;
}

internal readonly struct DoubleToSingle : IConversion<double, float>
{
    public static float Convert(double value) => (float)value;
}

internal readonly struct SameDouble : IConversion<double, double>
{
    public static double Convert(double value) => value;
}

internal readonly struct IntegerToSingle : IConversion<int, float>
{
    public static float Convert(int value) => value;
}

internal readonly struct IntegerToDouble : IConversion<int, double>
{
    public static double Convert(int value) => value;
}

// The cast itself is given only what fits: beyond, its result differs from device to device.
internal readonly struct SingleToInteger : IConversion<float, int>
{
    public static int Convert(float value)
    {
        var inside = value >= -2147483648f & value < 2147483648f;
        var whole = (int)(inside ? value : 0f);
        return value >= 2147483648f ? int.MaxValue : value < -2147483648f ? int.MinValue : whole;
    }
}

internal readonly struct DoubleToInteger : IConversion<double, int>
{
    public static int Convert(double value)
    {
        var inside = value > -2147483649.0 & value < 2147483648.0;
        var whole = (int)(inside ? value : 0.0);
        return value >= 2147483648.0 ? int.MaxValue : value <= -2147483649.0 ? int.MinValue : whole;
    }
}

/// <summary>Copies pitched rows: y[o·toPitch + toStart + r] = x[o·fromPitch + fromStart + r] for r &lt; run.</summary>
internal readonly struct CopyRowsKernel<E> : IDeviceKernel<CopyRowsKernel<E>.Args> where E : unmanaged
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<E> X;
        public ArrayView<E> Y;
        public int FromPitch;
        public int FromStart;
        public int ToPitch;
        public int ToStart;
        public int Run;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
        {
            var o = (int)((uint)i / (uint)a.Run);
            var r = i - o * a.Run;
            a.Y[o * a.ToPitch + a.ToStart + r] = a.X[o * a.FromPitch + a.FromStart + r];
        }
    }
}

/// <summary>
/// Between image [B, C, H, W] and patches [B·(H/p)·(W/p), C·p·p], in either direction; a lane takes an element of the
/// patches.
/// </summary>
internal readonly struct PatchesKernel<E> : IDeviceKernel<PatchesKernel<E>.Args> where E : unmanaged
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<E> Image;
        public ArrayView<E> Patches;
        public int Channels;
        public int Height;
        public int Width;
        public int Patch;
        public int ToPatches;
        public int Count;
    }

    public static void Run(Args a)
    {
        uint p = (uint)a.Patch, down = (uint)a.Height / p, across = (uint)a.Width / p;
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
        {
            var line = (uint)i / p;
            var x = (uint)i - line * p;
            var plane = line / p;
            var y = line - plane * p;
            var row = plane / (uint)a.Channels;
            var c = plane - row * (uint)a.Channels;
            var band = row / across;
            var px = row - band * across;
            var b = band / down;
            var py = band - b * down;
            var pixel = (int)(((b * (uint)a.Channels + c) * (uint)a.Height + py * p + y) * (uint)a.Width + px * p + x);
            if (a.ToPatches != 0) a.Patches[i] = a.Image[pixel];
            else a.Image[pixel] = a.Patches[i];
        }
    }
}
