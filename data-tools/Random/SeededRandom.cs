namespace AmcEngine.DataTools;

/// <summary>
/// Random numbers that are the same on every machine: xoshiro256** whose state comes only from a seed and a list of
/// stream numbers, such as (seed, epoch, index). A run that is resumed asks with the same key and draws the same
/// numbers.
/// </summary>
public sealed class SeededRandom
{
    private ulong _s0;
    private ulong _s1;
    private ulong _s2;
    private ulong _s3;

    /// <summary>Creates the generator of one stream.</summary>
    /// <param name="seed">The run's seed.</param>
    /// <param name="streams">Numbers that name the stream; their order matters.</param>
    public SeededRandom(ulong seed, params ReadOnlySpan<ulong> streams)
    {
        var key = Mix(seed + 0x9E3779B97F4A7C15UL);
        foreach (var stream in streams)
            key = Mix(key + 0x9E3779B97F4A7C15UL) ^ Mix(stream + 0xD1B54A32D192ED03UL) * 0x9E3779B97F4A7C15UL;
        _s0 = Mix(key += 0x9E3779B97F4A7C15UL);
        _s1 = Mix(key += 0x9E3779B97F4A7C15UL);
        _s2 = Mix(key += 0x9E3779B97F4A7C15UL);
        _s3 = Mix(key + 0x9E3779B97F4A7C15UL);
    }

    /// <summary>The next 64 random bits.</summary>
    public ulong NextUInt64()
    {
        var result = ulong.RotateLeft(_s1 * 5, 7) * 9;
        var shifted = _s1 << 17;
        _s2 ^= _s0;
        _s3 ^= _s1;
        _s1 ^= _s2;
        _s0 ^= _s3;
        _s2 ^= shifted;
        _s3 = ulong.RotateLeft(_s3, 45);
        return result;
    }

    /// <summary>A number in [0, 1) with 53 random bits.</summary>
    public double NextDouble() => (NextUInt64() >> 11) * (1.0 / (1UL << 53));

    /// <summary>A whole number in [0, <paramref name="n"/>), every value equally likely.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="n"/> is not positive.</exception>
    public int NextInt(int n)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(n);
        // Lemire's multiply-and-reject: no modulo bias.
        var range = (ulong)n;
        var threshold = (0UL - range) % range;
        while (true)
        {
            var high = Math.BigMul(NextUInt64(), range, out var low);
            if (low >= threshold)
                return (int)high;
        }
    }

    /// <summary>A whole number in [<paramref name="from"/>, <paramref name="to"/>], both included.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// <paramref name="to"/> is below <paramref name="from"/>.
    /// </exception>
    public int NextInt(int from, int to) => from + NextInt(checked(to - from + 1));

    /// <summary>A number in [<paramref name="a"/>, <paramref name="b"/>).</summary>
    public double Uniform(double a, double b) => a + (b - a) * NextDouble();

    /// <summary>True with probability <paramref name="probability"/>.</summary>
    public bool Chance(double probability) => NextDouble() < probability;

    /// <summary>One of the items, each equally likely.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There are no items.</exception>
    public T Pick<T>(IReadOnlyList<T> items) => items[NextInt(items.Count)];

    /// <summary>Puts the items in a random order (Fisher–Yates), in place.</summary>
    public void Shuffle<T>(Span<T> items)
    {
        for (var i = items.Length - 1; i > 0; i--)
        {
            var j = NextInt(i + 1);
            (items[i], items[j]) = (items[j], items[i]);
        }
    }

    // The finaliser of splitmix64: every output bit depends on every input bit.
    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
