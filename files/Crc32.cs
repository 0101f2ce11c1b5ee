using System.Buffers.Binary;

namespace AmcEngine.Files;

/// <summary>
/// The checksum of zip and PNG (CRC-32, polynomial 0x04C11DB7, bits reversed), eight bytes a step by eight tables.
/// </summary>
public struct Crc32
{
    private const int Slices = 8;

    private static readonly uint[][] Tables = MakeTables();

    private uint _inverse;

    /// <summary>The checksum of everything appended.</summary>
    public readonly uint Value => _inverse;

    /// <summary>The checksum of some bytes.</summary>
    public static uint Of(ReadOnlySpan<byte> bytes)
    {
        var crc = default(Crc32);
        crc.Append(bytes);
        return crc.Value;
    }

    /// <summary>Goes on over further bytes.</summary>
    public void Append(ReadOnlySpan<byte> bytes)
    {
        uint[] t0 = Tables[0], t1 = Tables[1], t2 = Tables[2], t3 = Tables[3];
        uint[] t4 = Tables[4], t5 = Tables[5], t6 = Tables[6], t7 = Tables[7];
        var crc = ~_inverse;
        for (; bytes.Length >= Slices; bytes = bytes[Slices..])
        {
            var low = BinaryPrimitives.ReadUInt32LittleEndian(bytes) ^ crc;
            var high = BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]);
            crc = t7[(byte)low] ^ t6[(byte)(low >> 8)] ^ t5[(byte)(low >> 16)] ^ t4[low >> 24]
                ^ t3[(byte)high] ^ t2[(byte)(high >> 8)] ^ t1[(byte)(high >> 16)] ^ t0[high >> 24];
        }
        foreach (var value in bytes) crc = t0[(byte)(crc ^ value)] ^ (crc >> 8);
        _inverse = ~crc;
    }

    private static uint[][] MakeTables()
    {
        var tables = new uint[Slices][];
        for (var slice = 0; slice < Slices; slice++) tables[slice] = new uint[256];
        for (uint value = 0; value < 256; value++)
        {
            var crc = value;
            for (var bit = 0; bit < 8; bit++) crc = (crc & 1) != 0 ? 0xEDB88320 ^ (crc >> 1) : crc >> 1;
            tables[0][value] = crc;
        }
        for (var slice = 1; slice < Slices; slice++)
            for (var value = 0; value < 256; value++)
            {
                var before = tables[slice - 1][value];
                tables[slice][value] = tables[0][(byte)before] ^ (before >> 8);
            }
        return tables;
    }
}
