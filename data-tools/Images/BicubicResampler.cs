using System.Buffers;
using System.Numerics;

namespace AmcEngine.DataTools;

/// <summary>
/// Pillow's BICUBIC resize for 8-bit pictures, bit for bit: Keys kernel with a = −0.5 that widens when shrinking
/// (antialiasing), a horizontal pass rounded to 8 bits, then a vertical one, 22-bit fixed-point weights (specification
/// 7).
/// </summary>
internal sealed class BicubicResampler : RowResampler
{
    private const int PrecisionBits = 22;
    private const double KernelSupport = 2.0;

    // Rows that are resized horizontally at a time, by several threads.
    private const int RowsATime = 64;

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
        fixed (byte* source = rows)
        {
            var start = (nint)source;
            var stride = _width * _channels;
            if (count == 1)
                NarrowRow(rows, 0);
            else
                Parallel.For(
                    0, count, i => NarrowRow(new ReadOnlySpan<byte>((byte*)start + (long)i * stride, stride), i));
        }
    }

    private void NarrowRow(ReadOnlySpan<byte> row, int index)
    {
        var target = _narrowed.AsSpan(index * _newStride, _newStride);
        var plane = ArrayPool<int>.Shared.Rent(_width);
        for (var c = 0; c < _channels; c++)
        {
            for (int x = 0, i = c; x < _width; x++, i += _channels)
                plane[x] = row[i];
            for (int x = 0, o = c; x < _columns!.Length; x++, o += _channels)
                target[o] = Clip(Dot(plane.AsSpan(_columns[x].First, _columns[x].Weights.Length), _columns[x].Weights)
                    + (1 << (PrecisionBits - 1)));
        }
        ArrayPool<int>.Shared.Return(plane);
    }

    // Sums of whole numbers do not depend on their order.
    private static int Dot(ReadOnlySpan<int> values, ReadOnlySpan<int> weights)
    {
        var sums = Vector<int>.Zero;
        var i = 0;
        for (; i <= values.Length - Vector<int>.Count; i += Vector<int>.Count)
            sums += new Vector<int>(values[i..]) * new Vector<int>(weights[i..]);
        var sum = Vector.Sum(sums);
        for (; i < values.Length; i++)
            sum += values[i] * weights[i];
        return sum;
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
            Array.Fill(fresh, 1 << (PrecisionBits - 1));
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
            var target = Result.AsSpan(_made++ * _newStride, _newStride);
            for (var i = 0; i < target.Length; i++)
                target[i] = Clip(sums[i]);
        }
    }

    private static void AddWeighted(int[] sums, ReadOnlySpan<byte> row, int weight)
    {
        for (var i = 0; i < row.Length; i++)
            sums[i] += row[i] * weight;
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
