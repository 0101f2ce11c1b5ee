using AmcEngine.Backends.Gpu.Host;
using ILGPU;

namespace AmcEngine.Backends.Gpu.Kernels;

// Movement of elements of 4 or 8 bytes (E = uint or ulong, whatever they mean). No arithmetic but the conversion between
// element types; every byte is read once and written once. Copies between equal types are the device's own.

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
