using System.Buffers.Binary;
using AmcEngine.Files.Pickle;

namespace AmcEngine.Serialization;

/// <summary>A numpy element type within a pickle, as in <c>numpy.dtype('f8')</c>.</summary>
internal sealed class NumpyType(string code) : IPickleObject
{
    /// <summary>Its code; null where its scalars are not read.</summary>
    public string? Code { get; private set; } = code;

    /// <summary>State is <c>(version, byte order, …)</c>; only little-endian scalars are read.</summary>
    public void SetState(object? state)
    {
        if (state is not object?[] { Length: >= 2 } parts || parts[1] is not ("<" or "|" or "=")) Code = null;
    }
}

/// <summary>
/// Numpy scalars, such as a best score that ended up in a training configuration: a type and a few bytes, read as a
/// plain number. Others (text, dates, objects) stay opaque.
/// </summary>
internal static class NumpyScalars
{
    private static readonly OpaqueObject UnknownType = new("numpy.dtype"), UnknownScalar = new("numpy.generic");

    public static object Type(object?[] arguments) =>
        arguments is [string code, ..] ? new NumpyType(code) : UnknownType;

    public static object Scalar(object?[] arguments)
    {
        if (arguments is not [NumpyType type, byte[] bytes]) return UnknownScalar;
        object? value = (type.Code, bytes.Length) switch
        {
            ("f8", 8) => BinaryPrimitives.ReadDoubleLittleEndian(bytes),
            ("f4", 4) => (double)BinaryPrimitives.ReadSingleLittleEndian(bytes),
            ("f2", 2) => (double)BinaryPrimitives.ReadHalfLittleEndian(bytes),
            ("i8", 8) => BinaryPrimitives.ReadInt64LittleEndian(bytes),
            ("i4", 4) => (long)BinaryPrimitives.ReadInt32LittleEndian(bytes),
            ("i2", 2) => (long)BinaryPrimitives.ReadInt16LittleEndian(bytes),
            ("i1", 1) => (long)(sbyte)bytes[0],
            ("u4", 4) => (long)BinaryPrimitives.ReadUInt32LittleEndian(bytes),
            ("u2", 2) => (long)BinaryPrimitives.ReadUInt16LittleEndian(bytes),
            ("u1", 1) => (long)bytes[0],
            ("b1", 1) => bytes[0] != 0,
            _ => null,
        };
        return value ?? UnknownScalar;
    }

    /// <summary><c>_codecs.encode(text, 'latin1')</c>: how protocol 2 writes bytes.</summary>
    public static byte[] EncodeLatin1(PickleInput input, object?[] arguments)
    {
        if (arguments is not [string text, "latin1" or "latin-1"] || text.Any(c => c > 0xff))
            throw input.Broken("bytes in an encoding other than latin1");
        return [.. text.Select(c => (byte)c)];
    }
}
