namespace AmcEngine.Tensors;

/// <summary>Element type of a tensor.</summary>
public enum DType
{
    /// <summary>32-bit IEEE float: the type models are trained in.</summary>
    F32,

    /// <summary>64-bit IEEE float: the type gradients are checked in.</summary>
    F64,

    /// <summary>32-bit signed integer: indices and labels, never differentiated.</summary>
    I32,
}

/// <summary>Facts about element types.</summary>
public static class DTypes
{
    /// <summary>Bytes of one element.</summary>
    public static int Size(this DType dtype) => dtype == DType.F64 ? 8 : 4;

    /// <summary>Whether gradients can flow through tensors of this type.</summary>
    public static bool IsFloating(this DType dtype) => dtype != DType.I32;

    /// <summary>The element type of a CLR type.</summary>
    /// <exception cref="NotSupportedException">The type is neither float, double nor int.</exception>
    public static DType Of<T>() where T : unmanaged =>
        typeof(T) == typeof(float) ? DType.F32 :
        typeof(T) == typeof(double) ? DType.F64 :
        typeof(T) == typeof(int) ? DType.I32 :
        throw new NotSupportedException($"tensors hold float, double or int, not {typeof(T).Name}");
}
