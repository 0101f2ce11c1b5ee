using System.Numerics;
using AmcEngine.Ops;

namespace AmcEngine.Amc.Maps;

/// <summary>
/// A map enlarged by the bicubic rule of specification 1, row by row: as <see cref="Interpolation"/>, columns first,
/// then rows, products added one by one in single precision, so that it gives the same numbers on every device and with
/// vectors of any length. An element reads four rows or columns at most; the weights of the others are zero.
/// </summary>
internal sealed class EnlargedRows
{
    private readonly float[] _columns;
    private readonly float[] _weights;
    private readonly int _side, _width;

    /// <summary>Enlarges the columns.</summary>
    /// <param name="map">side × side numbers.</param>
    /// <param name="side">Width and height of the map.</param>
    /// <param name="width">New width.</param>
    /// <param name="height">New height.</param>
    public EnlargedRows(float[] map, int side, int width, int height)
    {
        (_side, _width) = (side, width);
        _weights = Weights(side, height);
        _columns = new float[side * width];
        var across = Weights(side, width);
        var weights = new float[width];
        for (var k = 0; k < side; k++)
        {
            for (var x = 0; x < width; x++)
                weights[x] = across[x * side + k];
            // New columns that read this one lie side by side.
            var first = weights.AsSpan().IndexOfAnyExcept(0f);
            if (first < 0)
                continue;
            var length = weights.AsSpan().LastIndexOfAnyExcept(0f) + 1 - first;
            for (var row = 0; row < side; row++)
                Add(weights.AsSpan(first, length), map[row * side + k], _columns.AsSpan(row * width + first, length));
        }
    }

    /// <summary>Computes a row and returns its largest value.</summary>
    /// <param name="y">Which row.</param>
    /// <param name="target">As many numbers as a row has.</param>
    public float Read(int y, Span<float> target)
    {
        var weights = _weights.AsSpan(y * _side, _side);
        var first = weights.IndexOfAnyExcept(0f);
        if (first < 0)
        {
            target.Clear();
            return 0;
        }
        var last = weights.LastIndexOfAnyExcept(0f);
        return Mix(weights[first..(last + 1)], _columns.AsSpan(first * _width, (last + 1 - first) * _width), target);
    }

    private static float[] Weights(int from, int to) =>
        Array.ConvertAll(Interpolation.Weights(from, to, InterpolationMode.Bicubic, alignCorners: false, single: true),
            w => (float)w);

    // target += factor · source.
    private static void Add(ReadOnlySpan<float> source, float factor, Span<float> target)
    {
        var i = 0;
        var factors = new Vector<float>(factor);
        for (; i <= target.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.FusedMultiplyAdd(new Vector<float>(source[i..]), factors, new Vector<float>(target[i..]))
                .CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] = float.FusedMultiplyAdd(source[i], factor, target[i]);
    }

    // target = Σ weights · rows, the first row first; returns the largest.
    private static float Mix(ReadOnlySpan<float> weights, ReadOnlySpan<float> rows, Span<float> target)
    {
        var width = target.Length;
        var most = new Vector<float>(float.NegativeInfinity);
        var i = 0;
        for (; i <= width - Vector<float>.Count; i += Vector<float>.Count)
        {
            var sum = Vector<float>.Zero;
            for (var k = 0; k < weights.Length; k++)
                sum = Vector.FusedMultiplyAdd(
                    new Vector<float>(rows[(k * width + i)..]), new Vector<float>(weights[k]), sum);
            sum.CopyTo(target[i..]);
            most = Vector.Max(most, sum);
        }
        var largest = float.NegativeInfinity;
        for (var lane = 0; lane < Vector<float>.Count; lane++)
            largest = Math.Max(largest, most[lane]);
        for (; i < width; i++)
        {
            float sum = 0;
            for (var k = 0; k < weights.Length; k++)
                sum = float.FusedMultiplyAdd(rows[k * width + i], weights[k], sum);
            (target[i], largest) = (sum, Math.Max(largest, sum));
        }
        return largest;
    }
}
