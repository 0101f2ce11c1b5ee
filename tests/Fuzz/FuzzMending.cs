using System.Buffers.Binary;

namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// Repairs of lengths, places and checksums around what was mutated. Without them nearly every mutation is refused for
/// the same reason at the gate, and what lies behind it is never reached.
/// </summary>
internal static class FuzzMending
{
    private const int LocalLength = 30;
    private const int CentralLength = 46;
    private const int EndLength = 22;

    /// <summary>Lets the header of a safetensors file be as long as before plus what was added.</summary>
    public static byte[] SafetensorsHeader(byte[] seed, byte[] mutated)
    {
        if (seed.Length < 8 || mutated.Length < 8) return mutated;
        var length = BinaryPrimitives.ReadInt64LittleEndian(seed) + mutated.Length - seed.Length;
        BinaryPrimitives.WriteInt64LittleEndian(mutated, length);
        return mutated;
    }

    /// <summary>Points the directory of a zip archive of stored entries to where they are now.</summary>
    public static byte[] ZipOffsets(byte[] seed, byte[] mutated)
    {
        List<int> locals = Places(mutated, "PK\x03\x04"u8, LocalLength),
            centrals = Places(mutated, "PK\x01\x02"u8, CentralLength);
        var end = mutated.AsSpan().LastIndexOf("PK\x05\x06"u8);
        if (centrals.Count == 0 || end < centrals[0] || end > mutated.Length - EndLength) return mutated;
        Span<byte> bytes = mutated;
        for (var i = 0; i < Math.Min(locals.Count, centrals.Count); i++)
        {
            var data = locals[i] + LocalLength + U16(bytes, locals[i] + 26) + U16(bytes, locals[i] + 28);
            var length = (i + 1 < locals.Count ? locals[i + 1] : centrals[0]) - data;
            BinaryPrimitives.WriteInt32LittleEndian(bytes[(centrals[i] + 42)..], locals[i]);
            if (length < 0 || U16(bytes, centrals[i] + 10) != 0) continue;
            BinaryPrimitives.WriteInt32LittleEndian(bytes[(centrals[i] + 20)..], length);
            BinaryPrimitives.WriteInt32LittleEndian(bytes[(centrals[i] + 24)..], length);
        }
        BinaryPrimitives.WriteUInt16LittleEndian(bytes[(end + 10)..], (ushort)centrals.Count);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[(end + 12)..], end - centrals[0]);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[(end + 16)..], centrals[0]);
        return mutated;
    }

    /// <summary>
    /// Gives every chunk of a PNG file the checksum of what it holds; other pictures have none that matter.
    /// </summary>
    public static byte[] PngChecksums(byte[] seed, byte[] mutated)
    {
        if (mutated.Length < 8 || mutated[0] != 0x89) return mutated;
        for (long at = 8; at + 12 <= mutated.Length;)
        {
            var chunk = mutated.AsSpan((int)at);
            long length = BinaryPrimitives.ReadUInt32BigEndian(chunk);
            if (length > chunk.Length - 12) break;
            BinaryPrimitives.WriteUInt32BigEndian(chunk[(int)(8 + length)..], Crc(chunk.Slice(4, (int)length + 4)));
            at += length + 12;
        }
        return mutated;
    }

    private static uint Crc(ReadOnlySpan<byte> bytes)
    {
        var crc = uint.MaxValue;
        foreach (var value in bytes)
        {
            crc ^= value;
            for (var bit = 0; bit < 8; bit++) crc = (crc >> 1) ^ (0xedb88320u & (uint)-(int)(crc & 1));
        }
        return ~crc;
    }

    private static List<int> Places(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> signature, int room)
    {
        var places = new List<int>();
        for (var at = 0; at <= bytes.Length - room; at++)
            if (bytes[at..].StartsWith(signature)) places.Add(at);
        return places;
    }

    private static int U16(ReadOnlySpan<byte> bytes, int at) => BinaryPrimitives.ReadUInt16LittleEndian(bytes[at..]);
}
