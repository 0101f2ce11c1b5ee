namespace AmcEngine.Serialization;

/// <summary>Element types that tensor files can hold. All are little-endian in memory and on disk.</summary>
public enum TensorDataType
{
    /// <summary>IEEE single precision.</summary>
    F32,
    /// <summary>IEEE double precision.</summary>
    F64,
    /// <summary>IEEE half precision.</summary>
    F16,
    /// <summary>The upper 16 bits of a single ("brain float").</summary>
    BF16,
    /// <summary>Signed 64-bit integer.</summary>
    I64,
    /// <summary>Signed 32-bit integer.</summary>
    I32,
    /// <summary>Signed 16-bit integer.</summary>
    I16,
    /// <summary>Signed 8-bit integer.</summary>
    I8,
    /// <summary>Unsigned 8-bit integer.</summary>
    U8,
    /// <summary>One byte a value, 0 or 1.</summary>
    Bool,
}

/// <summary>Facts about <see cref="TensorDataType"/> values.</summary>
public static class TensorDataTypes
{
    /// <summary>Bytes one element takes.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The value is not a member of the enumeration.</exception>
    public static int Size(this TensorDataType type) => type switch
    {
        TensorDataType.F64 or TensorDataType.I64 => 8,
        TensorDataType.F32 or TensorDataType.I32 => 4,
        TensorDataType.F16 or TensorDataType.BF16 or TensorDataType.I16 => 2,
        TensorDataType.I8 or TensorDataType.U8 or TensorDataType.Bool => 1,
        _ => throw new ArgumentOutOfRangeException(nameof(type), type, "not a tensor data type"),
    };

    /// <summary>Whether elements carry a fraction.</summary>
    public static bool IsFloatingPoint(this TensorDataType type) =>
        type is TensorDataType.F32 or TensorDataType.F64 or TensorDataType.F16 or TensorDataType.BF16;
}
