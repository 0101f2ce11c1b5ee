using System.Runtime.CompilerServices;

namespace AmcEngine.Tensors;

/// <summary>The extents of a tensor, outermost axis first. A rank of 0 is a scalar (one element).</summary>
[CollectionBuilder(typeof(Shape), nameof(Create))]
public sealed class Shape : IEquatable<Shape>, IEnumerable<int>
{
    private readonly int[] _dims;

    /// <summary>A shape with the given extents; every extent is at least 0.</summary>
    /// <exception cref="ShapeException">An extent is negative.</exception>
    public Shape(params ReadOnlySpan<int> dims)
    {
        _dims = dims.ToArray();
        long count = 1;
        foreach (var d in _dims)
        {
            if (d < 0) throw new ShapeException("shape", $"extent {d} is negative in [{string.Join(", ", _dims)}]");
            count *= d;
        }
        if (count > int.MaxValue)
            throw new ShapeException("shape", $"[{string.Join(", ", _dims)}] has {count} elements, more than 2^31-1");
        Count = (int)count;
    }

    /// <summary>Collection-expression support: <c>Shape s = [2, 3];</c></summary>
    public static Shape Create(ReadOnlySpan<int> dims) => new(dims);

    /// <summary>Number of axes.</summary>
    public int Rank => _dims.Length;

    /// <summary>Number of elements.</summary>
    public int Count { get; }

    /// <summary>Extent of an axis; negative axes count from the end.</summary>
    public int this[int axis] => _dims[axis < 0 ? axis + _dims.Length : axis];

    /// <summary>The extents, outermost first.</summary>
    public ReadOnlySpan<int> Dims => _dims;

    /// <summary>Turns an axis in [-rank, rank) into one in [0, rank).</summary>
    /// <exception cref="ShapeException">The axis is outside.</exception>
    public int Axis(int axis, string op)
    {
        if (axis < -Rank || axis >= Rank)
            throw new ShapeException(op, $"axis {axis} is outside of {this} (rank {Rank})");
        return axis < 0 ? axis + Rank : axis;
    }

    /// <summary>Product of the extents in [from, to).</summary>
    public int Product(int from, int to)
    {
        var p = 1;
        for (var i = from; i < to; i++) p *= _dims[i];
        return p;
    }

    /// <summary>This shape with one extent replaced.</summary>
    public Shape With(int axis, int extent)
    {
        var dims = (int[])_dims.Clone();
        dims[axis < 0 ? axis + Rank : axis] = extent;
        return new Shape(dims);
    }

    /// <summary>This shape without one axis.</summary>
    public Shape Without(int axis)
    {
        axis = axis < 0 ? axis + Rank : axis;
        var dims = new int[Rank - 1];
        for (int i = 0, j = 0; i < Rank; i++)
            if (i != axis) dims[j++] = _dims[i];
        return new Shape(dims);
    }

    /// <summary>NumPy broadcasting of two shapes.</summary>
    /// <exception cref="ShapeException">The shapes are incompatible.</exception>
    public static Shape Broadcast(Shape a, Shape b, string op)
    {
        if (a.Equals(b)) return a;
        var rank = Math.Max(a.Rank, b.Rank);
        var dims = new int[rank];
        for (var i = 1; i <= rank; i++)
        {
            var x = i <= a.Rank ? a[^i] : 1;
            var y = i <= b.Rank ? b[^i] : 1;
            if (x != y && x != 1 && y != 1)
                throw new ShapeException(op, $"shapes {a} and {b} do not broadcast (axis -{i}: {x} against {y})");
            dims[rank - i] = x == 1 ? y : x;
        }
        return new Shape(dims);
    }

    private int this[Index index] => _dims[index.GetOffset(_dims.Length)];

    /// <inheritdoc/>
    public bool Equals(Shape? other) => other is not null && _dims.AsSpan().SequenceEqual(other._dims);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as Shape);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var h = new HashCode();
        foreach (var d in _dims) h.Add(d);
        return h.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<int> GetEnumerator() => ((IEnumerable<int>)_dims).GetEnumerator();

    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>The shape as <c>[2, 3, 4]</c>.</summary>
    public override string ToString() => "[" + string.Join(", ", _dims) + "]";
}
