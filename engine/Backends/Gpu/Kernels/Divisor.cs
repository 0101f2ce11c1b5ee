using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>
/// A divisor that the host knows: the kernel multiplies by its reciprocal, 5 instructions for about 25 of a division.
/// Compilers sink the arithmetic of addresses into the loops that use them, where a division would count every time.
/// </summary>
internal struct Divisor
{
    /// <summary>The divisor, at least 1.</summary>
    public int Value;

    /// <summary>⌊(2³² − 1)/Value⌋.</summary>
    public uint Reciprocal;

    /// <summary>On the host.</summary>
    public static Divisor Of(int value)
    {
        Divisor d;
        d.Value = value;
        d.Reciprocal = uint.MaxValue / (uint)value;
        return d;
    }

    /// <summary>x div d of any x from 0 on: the estimate is right, or one too small when x·d exceeds 2³².</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int Quotient(int x, Divisor d)
    {
        var estimate = (int)(((uint)x + 1UL) * d.Reciprocal >> 32);
        return x - estimate * d.Value >= d.Value ? estimate + 1 : estimate;
    }
}
