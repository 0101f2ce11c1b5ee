using System.Runtime.CompilerServices;

namespace AmcEngine.Backends;

/// <summary>
/// Philox 4x32-10 (Salmon et al. 2011), the numbering of <see cref="RandomKey"/>: element e is word e mod 4 of block
/// e div 4. Counter-based, so any range of elements is computed on its own, on any thread.
/// </summary>
internal static unsafe class Philox
{
    public const uint Multiplier0 = 0xD2511F53;
    public const uint Multiplier1 = 0xCD9E8D57;
    public const uint Weyl0 = 0x9E3779B9;
    public const uint Weyl1 = 0xBB67AE85;
    public const int Rounds = 10;

    /// <summary>The step between two uniform numbers.</summary>
    public const float FloatUnit = 1f / (1 << 24);

    /// <summary>Ten rounds on an explicit counter and key, in place.</summary>
    public static void Block(ref uint c0, ref uint c1, ref uint c2, ref uint c3, uint k0, uint k1)
    {
        for (var round = 0; round < Rounds; round++)
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
    }

    /// <summary>The four words of one block of a stream.</summary>
    public static void Block(in RandomKey key, ulong block, uint* words)
    {
        uint c0 = (uint)block, c1 = (uint)(block >> 32), c2 = key.Op, c3 = key.Step;
        Block(ref c0, ref c1, ref c2, ref c3, (uint)key.Seed, (uint)(key.Seed >> 32));
        words[0] = c0;
        words[1] = c1;
        words[2] = c2;
        words[3] = c3;
    }

    /// <summary>The random word of one element.</summary>
    public static uint Word(in RandomKey key, long element)
    {
        var words = stackalloc uint[4];
        Block(key, (ulong)element >> 2, words);
        return words[element & 3];
    }

    /// <summary>A word as a number in [0, 1) with 24 bits, exact in f32.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float ToUniform(uint word) => (word >> 8) * FloatUnit;

    /// <summary>
    /// The smallest word that is kept by dropout of probability <paramref name="p"/>: u ≥ p exactly where
    /// word ≥ this (as a 33-bit number, for p = 1 keeps nothing).
    /// </summary>
    public static ulong KeepThreshold(double p) => (ulong)Math.Ceiling(Math.Clamp(p, 0, 1) * (1 << 24)) << 8;
}
