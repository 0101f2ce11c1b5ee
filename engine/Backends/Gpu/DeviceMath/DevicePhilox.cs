namespace AmcEngine.Backends.Gpu.DeviceMath;

/// <summary>The four words of one Philox block.</summary>
internal struct PhiloxWords
{
    public uint X;
    public uint Y;
    public uint Z;
    public uint W;
}

/// <summary>
/// Philox 4x32-10 (Salmon et al. 2011) in kernels, the numbering of <see cref="RandomKey"/>: element e is word e mod 4 of block
/// e div 4. Ten rounds of two 32 × 32 → 64-bit products: about 100 integer operations a block.
/// </summary>
internal static class DevicePhilox
{
    /// <summary>One step of the numbers in [0, 1): they are multiples of it.</summary>
    public const double Unit = 1.0 / (1 << 24);

    /// <summary>The four words of a block.</summary>
    public static PhiloxWords Block(uint seedLow, uint seedHigh, uint op, uint step, long block)
    {
        uint c0 = (uint)block, c1 = (uint)(block >> 32), c2 = op, c3 = step, k0 = seedLow, k1 = seedHigh;
        for (var round = 0; round < 10; round++)
        {
            var p0 = 0xD2511F53ul * c0;
            var p1 = 0xCD9E8D57ul * c2;
            c0 = (uint)(p1 >> 32) ^ c1 ^ k0;
            c1 = (uint)p1;
            c2 = (uint)(p0 >> 32) ^ c3 ^ k1;
            c3 = (uint)p0;
            k0 += 0x9E3779B9;
            k1 += 0xBB67AE85;
        }
        PhiloxWords words;
        words.X = c0;
        words.Y = c1;
        words.Z = c2;
        words.W = c3;
        return words;
    }

    /// <summary>The word of one element.</summary>
    public static uint Word(uint seedLow, uint seedHigh, uint op, uint step, long element)
    {
        var words = Block(seedLow, seedHigh, op, step, element >> 2);
        var position = (int)(element & 3);
        return position < 2 ? position == 0 ? words.X : words.Y : position == 2 ? words.Z : words.W;
    }
}
