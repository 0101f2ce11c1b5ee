namespace AmcEngine.Backends.Gpu.DeviceMath;

/// <summary>
/// Philox 4x32-10 on a device, with the numbering of <see cref="RandomKey"/>: element e is word e mod 4 of block e div 4.
/// A block takes 20 wide multiplications and about 60 other integer operations.
/// </summary>
internal static class DevicePhilox
{
    private const uint Multiplier0 = 0xD2511F53;
    private const uint Multiplier1 = 0xCD9E8D57;
    private const uint Weyl0 = 0x9E3779B9;
    private const uint Weyl1 = 0xBB67AE85;

    /// <summary>The random word of one element.</summary>
    public static uint Word(uint seedLow, uint seedHigh, uint op, uint step, long element)
    {
        var words = Block(seedLow, seedHigh, op, step, element >> 2);
        var at = (int)(element & 3);
        return at < 2 ? (at == 0 ? words.A : words.B) : at == 2 ? words.C : words.D;
    }

    /// <summary>The random words of four elements in a row; one block where they lie in one, else two.</summary>
    public static PhiloxWords Words(uint seedLow, uint seedHigh, uint op, uint step, long element)
    {
        var x = Block(seedLow, seedHigh, op, step, element >> 2);
        var at = (int)(element & 3);
        if (at == 0) return x;
        var y = Block(seedLow, seedHigh, op, step, (element >> 2) + 1);
        PhiloxWords words;
        words.A = at == 1 ? x.B : at == 2 ? x.C : x.D;
        words.B = at == 1 ? x.C : at == 2 ? x.D : y.A;
        words.C = at == 1 ? x.D : at == 2 ? y.A : y.B;
        words.D = at == 1 ? y.A : at == 2 ? y.B : y.C;
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
        words.A = c0;
        words.B = c1;
        words.C = c2;
        words.D = c3;
        return words;
    }
}

/// <summary>Four random words.</summary>
internal struct PhiloxWords
{
    public uint A;
    public uint B;
    public uint C;
    public uint D;
}
