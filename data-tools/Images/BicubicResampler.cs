using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.DataTools;

/// <summary>
/// Pillow's BICUBIC resize for 8-bit pictures, bit for bit: Keys kernel with a = −0.5 that widens when shrinking
/// (antialiasing), a horizontal pass rounded to 8 bits, then a vertical one, 22-bit fixed-point weights (specification
/// 7).
/// </summary>
internal sealed class BicubicResampler : RowResampler
{
    private const int PrecisionBits = 22;
    private const int Half = 1 << (PrecisionBits - 1);
    private const double KernelSupport = 2.0;

    // Rows that are resized horizontally at a time; by several threads where they have so many pixels.
    private const int RowsATime = 64;
    private const int LeastForThreads = 1 << 17;

    private readonly Taps[]? _columns, _rows;
    private readonly int _width, _channels, _newStride;
    private readonly byte[] _narrowed;
    private readonly Queue<int[]> _free = new();
    private readonly List<int[]> _open = [];
    private int _pushed, _made;

    private BicubicResampler(int width, int height, int channels, int newWidth, int newHeight)
    {
        // A side that keeps its size is passed through, as Pillow does.
        _columns = width == newWidth ? null : MakeTaps(width, newWidth);
        _rows = height == newHeight ? null : MakeTaps(height, newHeight);
        (_width, _channels, _newStride) = (width, channels, newWidth * channels);
        _narrowed = new byte[RowsATime * _newStride];
        Result = new byte[_newStride * newHeight];
    }

    /// <inheritdoc/>
    public override byte[] Result { get; }

    /// <summary>A resize of pixels that come row by row.</summary>
    public static RowResampler Create(int width, int height, int channels, int newWidth, int newHeight) =>
        new BicubicResampler(width, height, channels, newWidth, newHeight);

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
        var stride = _width * _channels;
        while (!rows.IsEmpty)
        {
            var count = Math.Min(RowsATime, rows.Length / stride);
            Narrow(rows[..(count * stride)], count);
            for (var i = 0; i < count; i++)
                Add(_narrowed.AsSpan(i * _newStride, _newStride));
            rows = rows[(count * stride)..];
        }
    }

    // The horizontal pass.
    private unsafe void Narrow(ReadOnlySpan<byte> rows, int count)
    {
        if (_columns is null)
        {
            rows.CopyTo(_narrowed);
            return;
        }
        var stride = _width * _channels;
        if (count * _width < LeastForThreads)
        {
            for (var i = 0; i < count; i++)
                NarrowRow(rows.Slice(i * stride, stride), i);
            return;
        }
        fixed (byte* source = rows)
        {
            var start = (nint)source;
            Parallel.For(0, count, i => NarrowRow(new ReadOnlySpan<byte>((byte*)start + (long)i * stride, stride), i));
        }
    }

    // Sums of whole numbers do not depend on their order.
    private void NarrowRow(ReadOnlySpan<byte> row, int index)
    {
        var target = _narrowed.AsSpan(index * _newStride, _newStride);
        var done = _channels == RgbImage.Channels ? NarrowPixels(row, target) : 0;
        for (int x = done, o = done * _channels; x < _columns!.Length; x++)
        {
            (var first, var weights) = _columns[x];
            for (var c = 0; c < _channels; c++)
            {
                var sum = Half;
                for (var k = 0; k < weights.Length; k++)
                    sum += row[(first + k) * _channels + c] * weights[k];
                target[o++] = Clip(sum);
            }
        }
    }

    // Three channels are had as four, two pixels of the row at a time: the fourth of a result is written over by the
    // pixel that follows. Gives how many pixels from the left were made, all but those that would cross an edge.
    private int NarrowPixels(ReadOnlySpan<byte> row, Span<byte> target)
    {
        const int two = 8;
        const byte none = 255;
        var first = Vector128.Create(
            0, none, none, none, 1, none, none, none, 2, none, none, none, 2, none, none, none);
        var second = Vector128.Create(
            3, none, none, none, 4, none, none, none, 5, none, none, none, 5, none, none, none);
        var lowest = Vector128.Create(
            0, 4, 8, 12, none, none, none, none, none, none, none, none, none, none, none, none);
        ref var source = ref MemoryMarshal.GetReference(row);
        var x = 0;
        for (; x < _columns!.Length - 1; x++)
        {
            (var at, var weights) = _columns[x];
            if (RgbImage.Channels * (at + weights.Length + 1) > row.Length - two)
                break;
            Vector128<int> even = Vector128.Create(Half), odd = Vector128<int>.Zero;
            var k = 0;
            for (; k < weights.Length; k += 2)
            {
                var pixels = Vector128.CreateScalarUnsafe(Unsafe.ReadUnaligned<ulong>(
                    ref Unsafe.Add(ref source, RgbImage.Channels * (at + k)))).AsByte();
                even += Vector128.Shuffle(pixels, first).AsInt32() * weights[k];
                if (k + 1 < weights.Length)
                    odd += Vector128.Shuffle(pixels, second).AsInt32() * weights[k + 1];
            }
            var levels = Vector128.Clamp((even + odd) >> PrecisionBits, Vector128<int>.Zero, Vector128.Create(255));
            Unsafe.WriteUnaligned(
                ref target[RgbImage.Channels * x], Vector128.Shuffle(levels.AsByte(), lowest).AsUInt32().ToScalar());
        }
        return x;
    }

    // The vertical pass: a row enters the sums of all target rows that it weighs in; a target row is done with its last
    // row.
    private void Add(ReadOnlySpan<byte> row)
    {
        if (_rows is null)
        {
            row.CopyTo(Result.AsSpan(_pushed++ * _newStride));
            return;
        }
        while (_made + _open.Count < _rows.Length && _rows[_made + _open.Count].First <= _pushed)
        {
            var fresh = _free.TryDequeue(out var used) ? used : new int[_newStride];
            Array.Fill(fresh, Half);
            _open.Add(fresh);
        }
        for (var k = 0; k < _open.Count; k++)
        {
            var taps = _rows[_made + k];
            if (_pushed < taps.First + taps.Weights.Length)
                AddWeighted(_open[k], row, taps.Weights[_pushed - taps.First]);
        }
        _pushed++;
        while (_open.Count > 0 && _pushed >= _rows[_made].First + _rows[_made].Weights.Length)
        {
            var sums = _open[0];
            _open.RemoveAt(0);
            _free.Enqueue(sums);
            Clip(sums, Result.AsSpan(_made++ * _newStride, _newStride));
        }
    }

    private static void AddWeighted(int[] sums, ReadOnlySpan<byte> row, int weight)
    {
        ref var source = ref MemoryMarshal.GetReference(row);
        ref var target = ref MemoryMarshal.GetArrayDataReference(sums);
        var i = 0;
        for (; i <= row.Length - Vector128<byte>.Count; i += Vector128<byte>.Count)
        {
            var (low, high) = Vector128.Widen(Vector128.LoadUnsafe(ref source, (nuint)i));
            Add(ref Unsafe.Add(ref target, i), low, weight);
            Add(ref Unsafe.Add(ref target, i + Vector128<ushort>.Count), high, weight);
        }
        for (; i < row.Length; i++)
            sums[i] += row[i] * weight;

        static void Add(ref int sums, Vector128<ushort> values, int weight)
        {
            var (low, high) = Vector128.Widen(values);
            (Vector128.LoadUnsafe(ref sums) + low.AsInt32() * weight).StoreUnsafe(ref sums);
            ref var behind = ref Unsafe.Add(ref sums, Vector128<int>.Count);
            (Vector128.LoadUnsafe(ref behind) + high.AsInt32() * weight).StoreUnsafe(ref behind);
        }
    }

    private static void Clip(int[] sums, Span<byte> target)
    {
        ref var source = ref MemoryMarshal.GetArrayDataReference(sums);
        var i = 0;
        for (; i <= target.Length - Vector256<int>.Count; i += Vector256<int>.Count)
            StoreLevels(Vector256.Clamp(Vector256.LoadUnsafe(ref source, (nuint)i) >> PrecisionBits,
                Vector256<int>.Zero, Vector256.Create(255)), ref target[i]);
        for (; i < target.Length; i++)
            target[i] = Clip(sums[i]);
    }

    private static Taps[] MakeTaps(int size, int newSize)
    {
        var scale = (double)size / newSize;
        var filterScale = Math.Max(scale, 1.0);
        var support = KernelSupport * filterScale;
        var inverse = 1.0 / filterScale;
        var taps = new Taps[newSize];
        for (var i = 0; i < newSize; i++)
        {
            var centre = (i + 0.5) * scale;
            var first = Math.Max((int)(centre - support + 0.5), 0);
            var end = Math.Min((int)(centre + support + 0.5), size);
            var weights = new double[end - first];
            double total = 0;
            for (var k = 0; k < weights.Length; k++)
            {
                weights[k] = Kernel((k + first - centre + 0.5) * inverse);
                total += weights[k];
            }
            taps[i] = new Taps(first, Array.ConvertAll(weights, w => Quantise(total == 0 ? w : w / total)));
        }
        return taps;
    }

    private static double Kernel(double x)
    {
        const double a = -0.5;
        x = Math.Abs(x);
        if (x < 1.0)
            return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
        return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
    }

    private static int Quantise(double weight) =>
        (int)((weight < 0 ? -0.5 : 0.5) + weight * (1 << PrecisionBits));

    private static byte Clip(int sum) => (byte)Math.Clamp(sum >> PrecisionBits, 0, 255);

    private readonly record struct Taps(int First, int[] Weights);
}
