using System.Numerics;
using System.Runtime.InteropServices;

namespace AmcEngine.Serialization;

/// <summary>Element-wise conversion between stored types and the three types that callers compute with.</summary>
internal static class TensorConversion
{
    /// <summary>Converts to a floating type; wider values round to nearest.</summary>
    public static void ToFloating<T>(TensorDataType type, ReadOnlySpan<byte> source, Span<T> destination)
        where T : unmanaged, INumberBase<T>
    {
        switch (type)
        {
            case TensorDataType.F32: Map<float, T>(source, destination); break;
            case TensorDataType.F64: Map<double, T>(source, destination); break;
            case TensorDataType.F16: Map<Half, T>(source, destination); break;
            case TensorDataType.BF16: MapBrainFloat(source, destination); break;
            case TensorDataType.Bool: MapBool(source, destination); break;
            default: MapInteger(type, source, destination); break;
        }
    }

    /// <summary>
    /// Stores singles as F32, F16 or BF16, rounded to nearest, ties to even; <c>false</c> where a finite one becomes
    /// infinite.
    /// </summary>
    public static bool TryNarrow(ReadOnlySpan<float> source, TensorDataType type, Span<byte> destination)
    {
        switch (type)
        {
            case TensorDataType.F32:
                MemoryMarshal.AsBytes(source).CopyTo(destination);
                return true;
            case TensorDataType.F16:
                return Narrow(
                    source, MemoryMarshal.Cast<byte, Half>(destination), static v => (Half)v, Half.IsInfinity);
            case TensorDataType.BF16:
                return Narrow(
                    source, MemoryMarshal.Cast<byte, ushort>(destination), ToBrainFloat,
                    static b => (b & 0x7fff) == 0x7f80);
            default:
                throw new ArgumentOutOfRangeException(nameof(type), type, "not a narrow floating type");
        }
    }

    /// <summary>Converts to integers; <c>false</c> where a floating value is not a whole number in range.</summary>
    public static bool TryToI64(TensorDataType type, ReadOnlySpan<byte> source, Span<long> destination)
    {
        if (type == TensorDataType.Bool) MapBool(source, destination);
        else if (!type.IsFloatingPoint()) MapInteger(type, source, destination);
        else
        {
            var values = new double[destination.Length];
            ToFloating<double>(type, source, values);
            for (var i = 0; i < values.Length; i++)
            {
                // 2^63 itself is a double but no long, hence the strict upper bound.
                var value = values[i];
                if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0)) return false;
                if (value != Math.Truncate(value)) return false;
                destination[i] = (long)value;
            }
        }
        return true;
    }

    private static bool Narrow<T>(
        ReadOnlySpan<float> source, Span<T> destination, Func<float, T> convert, Func<T, bool> isInfinite)
    {
        var fits = true;
        for (var i = 0; i < source.Length; i++)
        {
            destination[i] = convert(source[i]);
            fits &= !isInfinite(destination[i]) || !float.IsFinite(source[i]);
        }
        return fits;
    }

    /// <summary>The upper half of a single after rounding its lower half; a NaN stays one.</summary>
    private static ushort ToBrainFloat(float value)
    {
        if (float.IsNaN(value)) return 0x7fc0;
        var bits = BitConverter.SingleToUInt32Bits(value);
        return (ushort)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
    }

    private static void MapInteger<T>(TensorDataType type, ReadOnlySpan<byte> source, Span<T> destination)
        where T : unmanaged, INumberBase<T>
    {
        switch (type)
        {
            case TensorDataType.I64: Map<long, T>(source, destination); break;
            case TensorDataType.I32: Map<int, T>(source, destination); break;
            case TensorDataType.I16: Map<short, T>(source, destination); break;
            case TensorDataType.I8: Map<sbyte, T>(source, destination); break;
            case TensorDataType.U8: Map<byte, T>(source, destination); break;
            default: throw new ArgumentOutOfRangeException(nameof(type), type, "not an integer type");
        }
    }

    private static void Map<TFrom, TTo>(ReadOnlySpan<byte> source, Span<TTo> destination)
        where TFrom : unmanaged, INumberBase<TFrom>
        where TTo : unmanaged, INumberBase<TTo>
    {
        var values = MemoryMarshal.Cast<byte, TFrom>(source);
        for (var i = 0; i < destination.Length; i++) destination[i] = TTo.CreateTruncating(values[i]);
    }

    private static void MapBrainFloat<T>(ReadOnlySpan<byte> source, Span<T> destination)
        where T : unmanaged, INumberBase<T>
    {
        var values = MemoryMarshal.Cast<byte, ushort>(source);
        for (var i = 0; i < destination.Length; i++)
            destination[i] = T.CreateTruncating(BitConverter.UInt32BitsToSingle((uint)values[i] << 16));
    }

    private static void MapBool<T>(ReadOnlySpan<byte> source, Span<T> destination)
        where T : unmanaged, INumberBase<T>
    {
        for (var i = 0; i < destination.Length; i++) destination[i] = source[i] == 0 ? T.Zero : T.One;
    }
}
