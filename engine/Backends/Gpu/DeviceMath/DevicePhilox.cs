
namespace AmcEngine.Backends.Gpu.DeviceMath;

/// <summary>
/// Philox 4x32-10 on a device, with the numbering of <see cref="RandomKey"/>: element e is word e mod 4 of block e div
/// 4. A block takes 20 wide multiplications and about 60 other integer operations.
/// </summary>
internal static class DevicePhilox
{
    /// <summary>One step of the numbers in [0, 1): they are multiples of it.</summary>
    public const double Unit = 1.0 / (1 << 24);

    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    /// <summary>The random words of four elements in a row; one block where they lie in one, else two.</summary>
    public static PhiloxWords Words(uint seedLow, uint seedHigh, uint op, uint step, long element)
    {
        var x = Block(seedLow, seedHigh, op, step, element >> 2);
        var at = (int)(element & 3);
        if (at == 0) return x;
        var y = Block(seedLow, seedHigh, op, step, (element >> 2) + 1);
        PhiloxWords words;
        words.X = at == 1 ? x.Y : at == 2 ? x.Z : x.W;
        words.Y = at == 1 ? x.Z : at == 2 ? x.W : y.X;
        words.Z = at == 1 ? x.W : at == 2 ? y.X : y.Y;
        words.W = at == 1 ? y.X : at == 2 ? y.Y : y.Z;
        return words;
    }

    /// <summary>The four words of one block.</summary>
    public static PhiloxWords Block(uint seedLow, uint seedHigh, uint op, uint step, long block)
    {
        uint c0 = (uint)block, c1 = (uint)(block >> 32), c2 = op, c3 = step, k0 = seedLow, k1 = seedHigh;
        for (var round = 0; round < 10; round++)
        {
            var p0 = (ulong)Multiplier0 * c0;
            var p1 = (ulong)Multiplier1 * c2;
            c0 = (uint)(p1 >> 32) ^ c1 ^ k0;
            c1 = (uint)p1;
            c2 = (uint)(p0 >> 32) ^ c3 ^ k1;
            c3 = (uint)p0;
            k0 += Weyl0;
            k1 += Weyl1;
        }
        PhiloxWords words;
        words.X = c0;
        words.Y = c1;
        words.Z = c2;
        words.W = c3;
        return words;
    }
}

/// <summary>Four random words.</summary>
internal struct PhiloxWords
{
    public uint X;
    public uint Y;
    public uint Z;
    public uint W;
}
