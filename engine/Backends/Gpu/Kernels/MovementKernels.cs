using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Movement of elements of 4 or 8 bytes (E = uint or ulong, whatever they mean), or of 16 where runs of a multiple of four
// 4-byte elements stay together (E = Quad<uint>). No arithmetic but the conversion between element types; every byte is
// read once and written once. Lanes stride over the elements of the result. Copies between equal types are the device's own.
// Permutations: PermuteKernels.cs.

/// <summary>y = value.</summary>
internal readonly struct FillKernel<E> : IKernel<FillKernel<E>.Args> where E : unmanaged
{
    /// <summary>Arguments.</summary>
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
internal readonly struct ConvertKernel<TFrom, TTo, C> : IKernel<ConvertKernel<TFrom, TTo, C>.Args>
    where TFrom : unmanaged where TTo : unmanaged where C : struct, IConversion<TFrom, TTo>
{
    /// <summary>Arguments.</summary>
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
internal readonly struct CopyRowsKernel<E> : IKernel<CopyRowsKernel<E>.Args> where E : unmanaged
{
    /// <summary>Arguments.</summary>
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

/// <summary>Between image [B, C, H, W] and patches [B·(H/p)·(W/p), C·p·p], in either direction; a lane takes an element of the patches.</summary>
internal readonly struct PatchesKernel<E> : IKernel<PatchesKernel<E>.Args> where E : unmanaged
{
    /// <summary>Arguments.</summary>
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
