using System.Numerics;
using AmcEngine.Ops;

namespace AmcEngine.Amc.Maps;

/// <summary>
/// A map enlarged by the bicubic rule of specification 1, row by row: as <see cref="Interpolation"/>, columns first,
/// then rows, products added one by one in single precision, so that it gives the same numbers on every device.
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
        var across = Weights(side, width);
        _columns = new float[side * width];
        for (var row = 0; row < side; row++)
        {
            for (var x = 0; x < width; x++)
            {
                float sum = 0;
                for (var k = 0; k < side; k++)
                    sum = float.FusedMultiplyAdd(map[row * side + k], across[x * side + k], sum);
                _columns[row * width + x] = sum;
            }
        }
    }

    /// <summary>Computes a row and returns its largest value.</summary>
    /// <param name="y">Which row.</param>
    /// <param name="target">As many numbers as a row has.</param>
    public float Read(int y, Span<float> target)
    {
        target.Clear();
        for (var k = 0; k < _side; k++)
        {
            var weight = _weights[y * _side + k];
            if (weight != 0)
                Add(_columns.AsSpan(k * _width, _width), weight, target);
        }
        return Largest(target);
    }

    private static float[] Weights(int from, int to) =>
        Array.ConvertAll(Interpolation.Weights(from, to, InterpolationMode.Bicubic, alignCorners: false, single: true),
            w => (float)w);

    private static void Add(ReadOnlySpan<float> source, float weight, Span<float> target)
    {
        var i = 0;
        var factor = new Vector<float>(weight);
        for (; i <= target.Length - Vector<float>.Count; i += Vector<float>.Count)
            Vector.FusedMultiplyAdd(new Vector<float>(source[i..]), factor, new Vector<float>(target[i..]))
                .CopyTo(target[i..]);
        for (; i < target.Length; i++)
            target[i] = float.FusedMultiplyAdd(source[i], weight, target[i]);
    }

    private static float Largest(ReadOnlySpan<float> row)
    {
        var largest = row[0];
        var i = 0;
        if (row.Length >= Vector<float>.Count)
        {
            var most = new Vector<float>(row);
            for (i = Vector<float>.Count; i <= row.Length - Vector<float>.Count; i += Vector<float>.Count)
                most = Vector.Max(most, new Vector<float>(row[i..]));
            for (var lane = 0; lane < Vector<float>.Count; lane++)
                largest = Math.Max(largest, most[lane]);
        }
        for (; i < row.Length; i++)
            largest = Math.Max(largest, row[i]);
        return largest;
    }
}
