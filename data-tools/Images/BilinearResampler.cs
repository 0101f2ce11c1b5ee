using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.DataTools;

/// <summary>
/// OpenCV's INTER_LINEAR for 8-bit pictures, bit for bit: coefficients in 11-bit fixed point, no antialiasing when
/// shrinking, and an exact reduction by two in both directions replaced by the average of 2×2 pixels (specification 7).
/// </summary>
internal sealed class BilinearResampler : RowResampler
{
    private const int CoefficientOne = 1 << 11;

    private readonly Taps[] _columns, _rows;
    private readonly int _stride, _channels, _newStride;
    private int[] _upper, _lower;
    private int _pushed, _made;

    private BilinearResampler(int width, int height, int channels, int newWidth, int newHeight)
    {
        (_columns, _rows) = (MakeColumns(width, newWidth), MakeRows(height, newHeight));
        (_stride, _channels, _newStride) = (width * channels, channels, newWidth * channels);
        (_upper, _lower) = (new int[_newStride], new int[_newStride]);
        Result = new byte[_newStride * newHeight];
    }

    /// <inheritdoc/>
    public override byte[] Result { get; }

    /// <summary>A resize of pixels that come row by row.</summary>
    public static RowResampler Create(int width, int height, int channels, int newWidth, int newHeight)
    {
        if (width == newWidth && height == newHeight)
            return new RowCopy(width * height * channels);
        return width == 2 * newWidth && height == 2 * newHeight
            ? new RowHalving(channels, newWidth, newHeight)
            : new BilinearResampler(width, height, channels, newWidth, newHeight);
    }

    /// <summary>Resizes interleaved 8-bit pixels (height, width, channels).</summary>
    public static byte[] Resize(
        ReadOnlySpan<byte> source, int width, int height, int channels, int newWidth, int newHeight)
    {
        var rows = Create(width, height, channels, newWidth, newHeight);
        rows.Push(source);
        return rows.Result;
    }

    /// <inheritdoc/>
    public override void Push(ReadOnlySpan<byte> rows)
    {
        for (; !rows.IsEmpty; rows = rows[_stride..], _pushed++)
        {
            // Without antialiasing, most rows of a large picture are wanted by no target row.
            if (_made == _rows.Length || _rows[_made].First > _pushed)
                continue;
            (_upper, _lower) = (_lower, _upper);
            ResizeRow(rows[.._stride], _lower);
            for (; _made < _rows.Length && _rows[_made].Second <= _pushed; _made++)
                Make(_rows[_made], Result.AsSpan(_made * _newStride, _newStride));
        }
    }

    private void Make(Taps taps, Span<byte> target)
    {
        int[] upper = taps.First == _pushed ? _lower : _upper, lower = _lower;
        // OpenCV's order of shifts; another order rounds differently.
        ref var first = ref MemoryMarshal.GetArrayDataReference(upper);
        ref var second = ref MemoryMarshal.GetArrayDataReference(lower);
        var i = 0;
        for (; i <= target.Length - Vector256<int>.Count; i += Vector256<int>.Count)
        {
            var sum = ((taps.Weight0 * (Vector256.LoadUnsafe(ref first, (nuint)i) >> 4)) >> 16)
                + ((taps.Weight1 * (Vector256.LoadUnsafe(ref second, (nuint)i) >> 4)) >> 16);
            StoreLevels((sum + Vector256.Create(2)) >> 2, ref target[i]);
        }
        for (; i < target.Length; i++)
            target[i] =
                (byte)((((taps.Weight0 * (upper[i] >> 4)) >> 16) + ((taps.Weight1 * (lower[i] >> 4)) >> 16) + 2) >> 2);
    }

    private void ResizeRow(ReadOnlySpan<byte> row, int[] target)
    {
        var done = _channels == RgbImage.Channels ? ResizePixels(row, target) : 0;
        for (int x = done, o = done * _channels; x < _columns.Length; x++)
        {
            var taps = _columns[x];
            int first = taps.First * _channels, second = taps.Second * _channels;
            for (var c = 0; c < _channels; c++)
                target[o++] = row[first + c] * taps.Weight0 + row[second + c] * taps.Weight1;
        }
    }

    // Three channels are had as four: the fourth is written over by the pixel that follows. Gives how many pixels from
    // the left were made this way, which is all but those that would read or write over an edge.
    private int ResizePixels(ReadOnlySpan<byte> row, int[] target)
    {
        ref var source = ref MemoryMarshal.GetReference(row);
        ref var sums = ref MemoryMarshal.GetArrayDataReference(target);
        var last = row.Length - 4;
        var x = 0;
        for (; x < _columns.Length - 1; x++)
        {
            ref readonly var taps = ref _columns[x];
            if (3 * taps.Second > last)
                break;
            var sum = Pixel(ref source, taps.First) * taps.Weight0 + Pixel(ref source, taps.Second) * taps.Weight1;
            sum.StoreUnsafe(ref sums, (nuint)(3 * x));
        }
        return x;

        static Vector128<int> Pixel(ref byte row, int index)
        {
            var bytes = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<uint>(ref Unsafe.Add(ref row, 3 * index)));
            return Vector128.WidenLower(Vector128.WidenLower(bytes.AsByte())).AsInt32();
        }
    }

    private static Taps[] MakeColumns(int size, int newSize)
    {
        var taps = new Taps[newSize];
        for (var i = 0; i < newSize; i++)
        {
            (var first, var fraction) = Locate(i, size, newSize);
            if (first < 0)
                (first, fraction) = (0, 0f);
            if (first >= size - 1)
                (first, fraction) = (size - 1, 0f);
            taps[i] = MakeTaps(first, fraction, size);
        }
        return taps;
    }

    // Unlike columns, rows beyond the edge keep their fraction: both taps are then the edge row, and the two products
    // are cut to whole numbers separately, which makes some values one lower.
    private static Taps[] MakeRows(int size, int newSize)
    {
        var taps = new Taps[newSize];
        for (var i = 0; i < newSize; i++)
        {
            (var first, var fraction) = Locate(i, size, newSize);
            taps[i] = MakeTaps(first, fraction, size);
        }
        return taps;
    }

    private static (int First, float Fraction) Locate(int target, int size, int newSize)
    {
        var scale = 1.0 / ((double)newSize / size);
        var position = (float)((target + 0.5) * scale - 0.5);
        var first = (int)MathF.Floor(position);
        return (first, position - first);
    }

    private static Taps MakeTaps(int first, float fraction, int size) => new(
        Math.Clamp(first, 0, size - 1),
        Math.Clamp(first + 1, 0, size - 1),
        (int)MathF.Round((1f - fraction) * CoefficientOne, MidpointRounding.ToEven),
        (int)MathF.Round(fraction * CoefficientOne, MidpointRounding.ToEven));

    private readonly record struct Taps(int First, int Second, int Weight0, int Weight1);
}

/// <summary>Halves both sides exactly: the mean of 2×2 pixels, rounded.</summary>
internal sealed class RowHalving(int channels, int newWidth, int newHeight) : RowResampler
{
    private readonly byte[] _upper = new byte[2 * newWidth * channels];
    private int _pushed;

    /// <inheritdoc/>
    public override byte[] Result { get; } = new byte[newWidth * newHeight * channels];

    /// <inheritdoc/>
    public override void Push(ReadOnlySpan<byte> rows)
    {
        for (; !rows.IsEmpty; rows = rows[_upper.Length..], _pushed++)
        {
            var row = rows[.._upper.Length];
            if (_pushed % 2 == 0)
                row.CopyTo(_upper);
            else
                Make(row, Result.AsSpan(_pushed / 2 * newWidth * channels));
        }
    }

    private void Make(ReadOnlySpan<byte> lower, Span<byte> target)
    {
        for (int x = 0, o = 0; x < newWidth; x++)
        {
            for (var c = 0; c < channels; c++)
            {
                var i = 2 * x * channels + c;
                target[o++] = (byte)((_upper[i] + _upper[i + channels] + lower[i] + lower[i + channels] + 2) >> 2);
            }
        }
    }
}
