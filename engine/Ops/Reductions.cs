using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Sums, means, maxima and minima over axes, in a fixed order.</summary>
[OpFamily]
public static class Reductions
{
    /// <summary>Sum of all elements, a scalar.</summary>
    public static Tensor Sum(this Tensor x) => x.Sum(AllAxes(x));

    /// <summary>Sum over the given axes.</summary>
    /// <exception cref="ShapeException">An axis is outside or named twice.</exception>
    [Op("sum")]
    public static Tensor Sum(this Tensor x, int[] axes, bool keepDim = false)
    {
        OpSupport.RequireFloating("sum", x);
        var sorted = SortedAxes("sum", x, axes);
        var kept = Keep(x.Shape, sorted);
        var y = SumKernel(x, sorted, kept);
        var record = Graph.Record("sum", [x], y, [], (_, g) => [g[0]!.Reshape(kept.Dims).BroadcastTo(x.Shape)]);
        return keepDim ? record : record.Reshape(WithoutAxes(x.Shape, sorted).Dims);
    }

    /// <summary>Mean of all elements, a scalar.</summary>
    public static Tensor Mean(this Tensor x) => x.Mean(AllAxes(x));

    /// <summary>Mean over the given axes.</summary>
    /// <exception cref="ShapeException">An axis is outside or named twice, or the mean is over nothing.</exception>
    [Op("mean")]
    public static Tensor Mean(this Tensor x, int[] axes, bool keepDim = false)
    {
        var count = 1;
        foreach (var a in SortedAxes("mean", x, axes)) count *= x.Shape[a];
        if (count == 0) throw new ShapeException("mean", $"{x.Shape} has no elements to average");
        return x.Sum(axes, keepDim).Scale(1.0 / count);
    }

    /// <summary>Largest value along an axis; the gradient goes to the first index that has it.</summary>
    /// <exception cref="ShapeException">The axis is outside or empty.</exception>
    [Op("max")]
    public static Tensor Max(this Tensor x, int axis, bool keepDim = false) =>
        Select(ReduceKind.Max, "max", x, axis, keepDim);

    /// <summary>Smallest value along an axis; the gradient goes to the first index that has it.</summary>
    /// <exception cref="ShapeException">The axis is outside or empty.</exception>
    [Op("min")]
    public static Tensor Min(this Tensor x, int axis, bool keepDim = false) =>
        Select(ReduceKind.Min, "min", x, axis, keepDim);

    /// <summary>
    /// Largest value over several axes; the gradient goes to the first position, in row-major order, that has it.
    /// </summary>
    /// <exception cref="ShapeException">An axis is outside, named twice or empty.</exception>
    public static Tensor Max(this Tensor x, int[] axes, bool keepDim = false) =>
        SelectOver(ReduceKind.Max, "max", x, axes, keepDim);

    /// <summary>
    /// Smallest value over several axes; the gradient goes to the first position, in row-major order, that has it.
    /// </summary>
    /// <exception cref="ShapeException">An axis is outside, named twice or empty.</exception>
    public static Tensor Min(this Tensor x, int[] axes, bool keepDim = false) =>
        SelectOver(ReduceKind.Min, "min", x, axes, keepDim);

    /// <summary>Brings the axes together at the end and selects along them as one.</summary>
    private static Tensor SelectOver(ReduceKind kind, string op, Tensor x, int[] axes, bool keepDim)
    {
        var sorted = SortedAxes(op, x, axes);
        int[] rest = [.. AllAxes(x).Except(sorted)];
        var shape = WithoutAxes(x.Shape, sorted);
        var y = Select(kind, op, x.Permute([.. rest, .. sorted])
            .Reshape([.. shape.Dims, shape.Count == 0 ? 0 : x.Count / shape.Count]), -1, false);
        return keepDim ? y.Reshape(Keep(x.Shape, sorted).Dims) : y;
    }

    private static Tensor Select(ReduceKind kind, string op, Tensor x, int axis, bool keepDim)
    {
        OpSupport.RequireFloating(op, x);
        axis = x.Shape.Axis(axis, op);
        if (x.Shape[axis] == 0) throw new ShapeException(op, $"axis {axis} of {x.Shape} is empty");
        var kept = x.Shape.With(axis, 1);
        var y = x.EmptyLike(kept);
        using var index = Tensor.Empty(kept, DType.I32, x.Backend);
        x.Backend.Run(new ArgReduceArgs(kind, x, x.Shape.View(axis), y, index));
        var length = x.Shape[axis];
        Graph.Record(op, [x], y, [index], (c, g) => [Indexing.ScatterAdd(g[0]!, axis, c.Saved[0], length)]);
        return keepDim ? y : y.Reshape(x.Shape.Without(axis).Dims);
    }

    /// <summary>Sums one run of neighbouring axes after the other, the last run first.</summary>
    private static Tensor SumKernel(Tensor x, int[] axes, Shape kept)
    {
        if (axes.Length == 0) return x.Detach();
        var current = x;
        var shape = x.Shape;
        for (var end = axes.Length; end > 0;)
        {
            var start = end - 1;
            while (start > 0 && axes[start - 1] == axes[start] - 1) start--;
            var (first, last) = (axes[start], axes[end - 1]);
            var view = new AxisView(
                shape.Product(0, first), shape.Product(first, last + 1), shape.Product(last + 1, shape.Rank));
            for (var a = first; a <= last; a++) shape = shape.With(a, 1);
            var next = x.EmptyLike(start == 0 ? kept : shape);
            x.Backend.Run(new ReduceArgs(ReduceKind.Sum, current, view, next));
            if (!ReferenceEquals(current, x)) current.Dispose();
            current = next;
            end = start;
        }
        return current;
    }

    private static int[] AllAxes(Tensor x) => [.. Enumerable.Range(0, x.Shape.Rank)];

    private static int[] SortedAxes(string op, Tensor x, int[] axes)
    {
        var sorted = Array.ConvertAll(axes, a => x.Shape.Axis(a, op));
        Array.Sort(sorted);
        for (var i = 1; i < sorted.Length; i++)
            if (sorted[i] == sorted[i - 1]) throw new ShapeException(op, $"axis {sorted[i]} is named twice");
        return sorted;
    }

    private static Shape Keep(Shape shape, int[] axes)
    {
        foreach (var a in axes) shape = shape.With(a, 1);
        return shape;
    }

    private static Shape WithoutAxes(Shape shape, int[] axes)
    {
        for (var i = axes.Length - 1; i >= 0; i--) shape = shape.Without(axes[i]);
        return shape;
    }

    internal static readonly OpEntry[] Entries =
    [
        Over("sum", (t, axes, keep) => t.Sum(axes, keep)),
        Over("mean", (t, axes, keep) => t.Mean(axes, keep)),
        Along("max", Max), Along("min", Min), Over("max_over", Max), Over("min_over", Min),
    ];

    private static OpEntry Over(string name, Func<Tensor, int[], bool, Tensor> run) => new(name,
        (t, a) => run(t[0], a.ContainsKey("dim") ? a.Ints("dim") : AllAxes(t[0]), a.Bool("keepdim")),
        new([3, 4, 5], [], new() { ["dim"] = new[] { 1 } }),
        new([3, 4, 5], [], new() { ["dim"] = new[] { 0, -1 }, ["keepdim"] = true }),
        new([37, 19], [], new() { ["dim"] = new[] { 0 } }),
        new([2, 3], [], new()));

    private static OpEntry Along(string name, Func<Tensor, int, bool, Tensor> run) => new(name,
        (t, a) => run(t[0], a.Int("dim"), a.Bool("keepdim")),
        new([3, 7], [], new() { ["dim"] = -1 }), new([3, 4, 5], [], new() { ["dim"] = 1, ["keepdim"] = true }));
}
