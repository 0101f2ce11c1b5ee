using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Ops that move elements without computing: reshape, permute, broadcast, concatenate, slice.</summary>
[OpFamily]
public static class Movement
{
    /// <summary>The same elements under another shape; one extent may be −1. Shares the memory.</summary>
    /// <exception cref="ShapeException">The number of elements differs.</exception>
    [Op("reshape")]
    public static Tensor Reshape(this Tensor x, params ReadOnlySpan<int> dims)
    {
        var shape = Resolve(x, dims);
        if (shape.Equals(x.Shape)) return x;
        var before = x.Shape;
        return Graph.Record("reshape", [x], x.Share(shape, default), [], (_, g) => [g[0]!.Reshape(before.Dims)]);
    }

    /// <summary>
    /// A second graph node on the same memory, so that gradients with respect to it can be told apart.
    /// </summary>
    internal static Tensor Alias(this Tensor x) =>
        Graph.Record("alias", [x], x.Share(x.Shape, default), [], (_, g) => [g[0]]);

    /// <summary>Axis i of the result is axis perm[i] of x.</summary>
    /// <exception cref="ShapeException">perm is no permutation of the axes.</exception>
    [Op("permute")]
    public static Tensor Permute(this Tensor x, params ReadOnlySpan<int> perm)
    {
        var axes = new int[x.Shape.Rank];
        var inverse = new int[axes.Length];
        Array.Fill(inverse, -1);
        if (perm.Length != axes.Length) throw new ShapeException("permute", $"{perm.Length} axes given for {x.Shape}");
        var dims = new int[axes.Length];
        for (var i = 0; i < axes.Length; i++)
        {
            axes[i] = x.Shape.Axis(perm[i], "permute");
            if (inverse[axes[i]] >= 0) throw new ShapeException("permute", $"axis {axes[i]} is named twice");
            inverse[axes[i]] = i;
            dims[i] = x.Shape[axes[i]];
        }
        var y = x.EmptyLike(new Shape(dims));
        x.Backend.Run(new PermuteArgs(x, axes, y));
        return Graph.Record("permute", [x], y, [], (_, g) => [g[0]!.Permute(inverse)]);
    }

    /// <summary>Repeats extents of 1 (and missing leading axes) to fill a shape.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast to the target.</exception>
    [Op("broadcast_to")]
    public static Tensor BroadcastTo(this Tensor x, Shape shape)
    {
        if (x.Shape.Equals(shape)) return x;
        if (!Shape.Broadcast(x.Shape, shape, "broadcast_to").Equals(shape))
            throw new ShapeException("broadcast_to", $"{x.Shape} does not broadcast to {shape}");
        using var zero = Tensor.Zeros([], x.DType, x.Backend);
        var y = x.EmptyLike(shape);
        x.Backend.Run(new BinaryArgs(BinaryKind.Add, x, zero, y));
        return Graph.Record("broadcast_to", [x], y, [], (_, g) => [g[0]!.SumTo(x.Shape)]);
    }

    /// <summary>Tensors side by side along an axis.</summary>
    /// <exception cref="ShapeException">Another extent differs, or there is nothing to join.</exception>
    [Op("concat")]
    public static Tensor Concat(IReadOnlyList<Tensor> parts, int axis)
    {
        if (parts.Count == 0) throw new ShapeException("concat", "there are no tensors to join");
        var first = parts[0];
        axis = first.Shape.Axis(axis, "concat");
        var total = 0;
        foreach (var p in parts)
        {
            if (p.Shape.Rank != first.Shape.Rank || !p.Shape.With(axis, 0).Equals(first.Shape.With(axis, 0)))
                throw new ShapeException("concat", $"{p.Shape} does not fit {first.Shape} along axis {axis}");
            if (p.DType != first.DType)
                throw new DTypeException("concat", $"{p} and {first} have different element types");
            total += p.Shape[axis];
        }
        var shape = first.Shape.With(axis, total);
        var view = shape.View(axis);
        var y = first.EmptyLike(shape);
        var starts = new int[parts.Count + 1];
        for (var i = 0; i < parts.Count; i++)
        {
            var length = parts[i].Shape[axis];
            first.Backend.Run(
                new CopyRowsArgs(parts[i], length, 0, y, total, starts[i], view.Outer, length, view.Inner));
            starts[i + 1] = starts[i] + length;
        }
        return Graph.Record("concat", parts.ToArray(), y, [], (c, g) =>
        {
            var grads = new Tensor?[starts.Length - 1];
            for (var i = 0; i < grads.Length; i++)
                if (c.Needs(i)) grads[i] = g[0]!.Slice(axis, starts[i], starts[i + 1]);
            return grads;
        });
    }

    /// <summary>Elements [start, end) of an axis.</summary>
    /// <exception cref="ShapeException">The range is outside.</exception>
    [Op("slice")]
    public static Tensor Slice(this Tensor x, int axis, int start, int end)
    {
        axis = x.Shape.Axis(axis, "slice");
        var length = x.Shape[axis];
        if (start < 0 || end > length || start > end)
            throw new ShapeException("slice", $"[{start}, {end}) is outside of axis {axis} of {x.Shape}");
        if (start == 0 && end == length) return x;
        var view = x.Shape.View(axis);
        var shape = x.Shape.With(axis, end - start);
        Tensor y;
        if (view.Outer == 1)
        {
            y = x.Share(shape, default, start * view.Inner);
        }
        else
        {
            y = x.EmptyLike(shape);
            x.Backend.Run(new CopyRowsArgs(x, length, start, y, end - start, 0, view.Outer, end - start, view.Inner));
        }
        return Graph.Record("slice", [x], y, [], (_, g) => [Pad(g[0]!, axis, start, length)]);
    }

    /// <summary>
    /// Zeros of extent <paramref name="length"/> along the axis with x from <paramref name="start"/>: the adjoint of
    /// slice.
    /// </summary>
    [Op("pad")]
    public static Tensor Pad(this Tensor x, int axis, int start, int length)
    {
        axis = x.Shape.Axis(axis, "pad");
        var count = x.Shape[axis];
        if (start < 0 || start + count > length)
            throw new ShapeException("pad", $"{x.Shape} from {start} on does not fit into {length} along axis {axis}");
        var y = Tensor.Zeros(x.Shape.With(axis, length), x.DType, x.Backend);
        var view = x.Shape.View(axis);
        x.Backend.Run(new CopyRowsArgs(x, count, 0, y, length, start, view.Outer, count, view.Inner));
        return Graph.Record("pad", [x], y, [], (_, g) => [g[0]!.Slice(axis, start, start + count)]);
    }

    /// <summary>The same values in another element type; gradients convert back.</summary>
    public static Tensor To(this Tensor x, DType dtype)
    {
        if (x.DType == dtype) return x;
        var y = Tensor.Empty(x.Shape, dtype, x.Backend);
        x.Backend.Run(new CopyArgs(x, y));
        return dtype.IsFloating() && x.DType.IsFloating()
            ? Graph.Record("to", [x], y, [], (_, g) => [g[0]!.To(x.DType)])
            : y;
    }

    private static Shape Resolve(Tensor x, ReadOnlySpan<int> dims)
    {
        var resolved = dims.ToArray();
        var known = 1;
        var hole = -1;
        for (var i = 0; i < resolved.Length; i++)
        {
            if (resolved[i] == -1 && hole < 0) hole = i;
            else known *= resolved[i];
        }
        if (hole >= 0) resolved[hole] = known == 0 ? 0 : x.Count / known;
        var shape = resolved.Any(d => d < 0) ? null : new Shape(resolved);
        if (shape is null || shape.Count != x.Count)
            throw new ShapeException(
                "reshape", $"{x.Shape} has {x.Count} elements and cannot become [{string.Join(", ", dims.ToArray())}]");
        return shape;
    }

    internal static readonly OpEntry[] Entries =
    [
        new("reshape", (t, a) => t[0].Reshape(a.Ints("shape")),
            new OpCase([2, 6], [], new() { ["shape"] = new[] { 3, -1 } })),
        new("permute", (t, a) => t[0].Permute(a.Ints("dims")),
            new([2, 3, 4, 5], [], new() { ["dims"] = new[] { 0, 2, 1, 3 } }), new([37, 5], [], new()
            {
                ["dims"] = new[] { 1, 0 }
            }), new([2, 3, 4], [], new() { ["dims"] = new[] { 2, 0, 1 } })),
        new("broadcast_to", (t, a) => t[0].BroadcastTo(new Shape(a.Ints("shape"))),
            new OpCase([3, 1], [], new() { ["shape"] = new[] { 2, 3, 4 } })),
        new("concat", (t, a) => Concat(t, a.Int("dim")),
            new([2, 1, 4], [OpInput.Uniform([2, 3, 4])], new() { ["dim"] = 1 }), new(
                [3, 2], [OpInput.Uniform([1, 2]), OpInput.Uniform([2, 2])], new() { ["dim"] = 0 })),
        new("slice", (t, a) => t[0].Slice(a.Int("dim"), a.Int("start"), a.Int("end")),
            new([2, 6, 3], [], new() { ["dim"] = 1, ["start"] = 1, ["end"] = 4 }), new(
                [5, 3], [], new() { ["dim"] = 0, ["start"] = 2, ["end"] = 5 })),
        new("pad", (t, a) => t[0].Pad(a.Int("dim"), a.Int("start"), a.Int("length")),
            new OpCase([2, 3, 2], [], new() { ["dim"] = 1, ["start"] = 1, ["length"] = 5 })),
    ];
}
