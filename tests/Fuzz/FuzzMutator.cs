using System.Buffers.Binary;
using System.Globalization;
using System.Text;

namespace AmcEngine.Tests.Fuzz;

/// <summary>
/// Mutates seeds of one target: bits, bytes and numbers at the edges of their ranges, words of the format, pieces cut,
/// doubled and taken from other seeds. The same seed gives the same files everywhere.
/// </summary>
internal sealed class FuzzMutator(FuzzTarget target, IReadOnlyList<byte[]> corpus, int seed)
{
    /// <summary>Mutated files stay small: what is slow for being large shows nothing.</summary>
    private const int MaxBytes = 1 << 14;

    private static readonly long[] Edges =
    [
        0, 1, -1, 2, 4, 7, 8, 16, 32, 63, 64, 100, 127, 128, 255, 256, 511, 512, 1000, 1024, 4096,
        short.MaxValue, ushort.MaxValue, 65536, int.MaxValue, int.MinValue, uint.MaxValue, 1L << 32, long.MaxValue,
        long.MinValue, 1L << 40,
    ];

    private static readonly string[] Numbers =
        ["0", "-0", "-1", "1", "255", "65536", "2147483647", "2147483648", "-2147483649", "4294967296",
            "9223372036854775807", "9223372036854775808", "18446744073709551616", "1e308", "1e309", "0.5", "1e-7",
            "00", "+1", "NaN"];

    private readonly Random _random = new(seed);
    private readonly byte[][] _tokens = [.. target.Tokens.Select(Encoding.Latin1.GetBytes)];

    /// <summary>The next file.</summary>
    public byte[] Next()
    {
        var seedBytes = Pick(corpus);
        byte[] bytes = [.. seedBytes];
        // Few changes most of the time: many are refused for the first of them.
        var changes = 1 << _random.Next(4);
        for (var i = 0; i < changes; i++) bytes = Change(bytes);
        if (bytes.Length > MaxBytes) bytes = bytes[..MaxBytes];
        return _random.Next(2) == 0 ? target.Mend(seedBytes, bytes) : bytes;
    }

    private byte[] Change(byte[] bytes)
    {
        var at = _random.Next(bytes.Length + 1);
        var length = _random.Next(Math.Min(bytes.Length - at, 1 << _random.Next(9)) + 1);
        return _random.Next(13) switch
        {
            0 => Flip(bytes, (byte)(1 << _random.Next(8))),
            1 => Flip(bytes, (byte)_random.Next(1, 256)),
            2 => Overwrite(bytes, at, Edge()),
            3 => [.. bytes[..at], .. Edge(), .. bytes[at..]],
            4 => [.. bytes[..at], .. bytes[(at + length)..]],
            5 => [.. bytes[..(at + length)], .. bytes[at..]],
            6 => bytes[..at],
            7 => [.. bytes[..at], .. Word(), .. bytes[at..]],
            8 => Overwrite(bytes, at, Word()),
            9 => Splice(bytes, at, length),
            10 => ReplaceNumber(bytes, at),
            11 => [.. bytes[..at], .. Noise(), .. bytes[at..]],
            _ => Move(bytes, at, length),
        };
    }

    private byte[] Flip(byte[] bytes, byte mask)
    {
        if (bytes.Length > 0) bytes[_random.Next(bytes.Length)] ^= mask;
        return bytes;
    }

    private static byte[] Overwrite(byte[] bytes, int at, byte[] with) =>
        [.. bytes[..at], .. with, .. bytes[Math.Min(bytes.Length, at + with.Length)..]];

    private byte[] Edge()
    {
        var wide = new byte[8];
        var value = Edges[_random.Next(Edges.Length)];
        if (_random.Next(2) == 0) BinaryPrimitives.WriteInt64LittleEndian(wide, value);
        else BinaryPrimitives.WriteInt64BigEndian(wide, value);
        var width = 1 << _random.Next(4);
        return wide[0] == 0 && wide[^1] != 0 ? wide[^width..] : wide[..width];
    }

    private byte[] Word() => _tokens.Length == 0 ? Noise() : Pick(_tokens);

    private byte[] Noise()
    {
        var noise = new byte[_random.Next(1, 9)];
        _random.NextBytes(noise);
        return noise;
    }

    /// <summary>Puts a piece of another seed in the place of one of this.</summary>
    private byte[] Splice(byte[] bytes, int at, int length)
    {
        var other = Pick(corpus);
        var from = _random.Next(other.Length + 1);
        var count = _random.Next(other.Length - from + 1);
        return [.. bytes[..at], .. other.AsSpan(from, count), .. bytes[(at + length)..]];
    }

    /// <summary>Puts another number in the place of the next one that is written in digits.</summary>
    private byte[] ReplaceNumber(byte[] bytes, int at)
    {
        var start = Array.FindIndex(bytes, at, b => b is >= (byte)'0' and <= (byte)'9');
        if (start < 0) return bytes;
        var end = Array.FindIndex(bytes, start, b => b is not ((>= (byte)'0' and <= (byte)'9') or (byte)'.'));
        var number = _random.Next(3) > 0 ? Numbers[_random.Next(Numbers.Length)] : _random.Next(300).ToString(
            CultureInfo.InvariantCulture);
        return [.. bytes[..start], .. Encoding.ASCII.GetBytes(number), .. end < 0 ? [] : bytes[end..]];
    }

    private byte[] Move(byte[] bytes, int at, int length)
    {
        var piece = bytes[at..(at + length)];
        byte[] rest = [.. bytes[..at], .. bytes[(at + length)..]];
        var to = _random.Next(rest.Length + 1);
        return [.. rest[..to], .. piece, .. rest[to..]];
    }

    private T Pick<T>(IReadOnlyList<T> items) => items[_random.Next(items.Count)];
}
