using System.Buffers.Binary;
using System.Text;

namespace AmcEngine.Amc.Runs.TensorBoard;

/// <summary>
/// The bytes of a protocol buffer message: fields one after the other, each behind a tag of its number and its wire
/// type (0 a number of variable length, 1 eight bytes, 2 bytes with their length, 5 four bytes; little endian).
/// </summary>
internal sealed class ProtoMessage
{
    private readonly MemoryStream _bytes = new();

    /// <summary>The message so far.</summary>
    public ReadOnlySpan<byte> Bytes => _bytes.GetBuffer().AsSpan(0, (int)_bytes.Length);

    /// <summary>Adds a whole number that is not negative.</summary>
    public ProtoMessage Integer(int field, long value)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(value);
        Tag(field, 0);
        return Number((ulong)value);
    }

    /// <summary>Adds a double.</summary>
    public ProtoMessage Double(int field, double value)
    {
        Tag(field, 1);
        Span<byte> bytes = stackalloc byte[sizeof(double)];
        BinaryPrimitives.WriteDoubleLittleEndian(bytes, value);
        return Raw(bytes);
    }

    /// <summary>Adds a float.</summary>
    public ProtoMessage Single(int field, float value)
    {
        Tag(field, 5);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        return Raw(bytes);
    }

    /// <summary>Adds a text.</summary>
    public ProtoMessage Text(int field, string value) => Block(field, Encoding.UTF8.GetBytes(value));

    /// <summary>Adds a message within the message.</summary>
    public ProtoMessage Message(int field, ProtoMessage value) => Block(field, value.Bytes);

    /// <summary>Adds bytes.</summary>
    public ProtoMessage Block(int field, ReadOnlySpan<byte> value)
    {
        Tag(field, 2);
        Number((ulong)value.Length);
        return Raw(value);
    }

    private void Tag(int field, int wireType) => Number((ulong)(field << 3 | wireType));

    // Seven bits a byte, the lowest first; the highest bit says that more follow.
    private ProtoMessage Number(ulong value)
    {
        for (; value >= 0x80; value >>= 7)
            _bytes.WriteByte((byte)(value | 0x80));
        _bytes.WriteByte((byte)value);
        return this;
    }

    private ProtoMessage Raw(ReadOnlySpan<byte> bytes)
    {
        _bytes.Write(bytes);
        return this;
    }
}
