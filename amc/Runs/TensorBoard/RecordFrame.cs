using System.Buffers.Binary;
using System.Numerics;

namespace AmcEngine.Amc.Runs.TensorBoard;

/// <summary>
/// The frame of a record in TensorFlow's record files: length (8 bytes), checksum of the length (4), the record,
/// checksum of the record (4); little endian.
/// </summary>
internal static class RecordFrame
{
    private const int Head = sizeof(ulong) + sizeof(uint);

    /// <summary>The record in its frame.</summary>
    public static byte[] Of(ReadOnlySpan<byte> record)
    {
        var framed = new byte[Head + record.Length + sizeof(uint)];
        BinaryPrimitives.WriteUInt64LittleEndian(framed, (ulong)record.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(
            framed.AsSpan(sizeof(ulong)), Checksum(framed.AsSpan(0, sizeof(ulong))));
        record.CopyTo(framed.AsSpan(Head));
        BinaryPrimitives.WriteUInt32LittleEndian(framed.AsSpan(Head + record.Length), Checksum(record));
        return framed;
    }

    // CRC-32C, masked: turned right by 15 bits and moved by a constant, so that data which holds checksums of its own
    // is not mistaken for sound.
    private static uint Checksum(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
            crc = BitOperations.Crc32C(crc, value);
        return BitOperations.RotateRight(~crc, 15) + 0xA282EAD8;
    }
}
