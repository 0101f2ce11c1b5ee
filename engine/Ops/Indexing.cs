using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>
/// Selection by index, its adjoint scatter, and embedding lookup. Scatters add in index order: deterministic.
/// </summary>
[OpFamily]
public static class Indexing
{
    /// <summary>Rows of an axis by index: y[…, i, …] = x[…, index[i], …]; index is a vector.</summary>
    /// <exception cref="EngineException">An index is outside of the axis.</exception>
    [Op("index_select")]
    public static Tensor IndexSelect(this Tensor x, int axis, Tensor index)
    {
        axis = x.Shape.Axis(axis, "index_select");
        if (index.Shape.Rank != 1)
            throw new ShapeException("index_select", $"the index is a vector, not {index.Shape}");
        return Select("index_select", x, axis, index, x.Shape.With(axis, index.Count), -1);
    }

    /// <summary>
    /// Lookup of table rows [V, D]: ids […] to […, D]. The gradient of row <paramref name="paddingIdx"/> is dropped.
    /// </summary>
    /// <exception cref="EngineException">An id is outside of the table.</exception>
    [Op("embedding")]
    public static Tensor Embedding(this Tensor table, Tensor ids, int? paddingIdx = null)
    {
        if (table.Shape.Rank != 2) throw new ShapeException("embedding", $"the table is [V, D], not {table.Shape}");
        return Select("embedding", table, 0, ids, new Shape([.. ids.Shape.Dims, table.Shape[1]]), paddingIdx ?? -1);
    }

    /// <summary>One element an index: y[…, i, …] = x[…, index[…, i, …], …]; index has x's rank.</summary>
    /// <exception cref="ShapeException">The index's other extents differ from x's.</exception>
    [Op("gather")]
    public static Tensor Gather(this Tensor x, int axis, Tensor index)
    {
        axis = x.Shape.Axis(axis, "gather");
        OpSupport.RequireFloating("gather", x);
        OpSupport.RequireIndices("gather", index);
        if (index.Shape.Rank != x.Shape.Rank || !index.Shape.With(axis, 0).Equals(x.Shape.With(axis, 0)))
            throw new ShapeException("gather", $"index {index.Shape} does not fit {x.Shape} along axis {axis}");
        var y = x.EmptyLike(index.Shape);
        var length = x.Shape[axis];
        x.Backend.Run(new GatherArgs(x, x.Shape.View(axis), index, index.Shape[axis], y));
        return Graph.Record("gather", [x], y, [index], (c, g) => [ScatterAdd(g[0]!, axis, c.Saved[0], length)]);
    }

    /// <summary>
    /// The adjoint of <see cref="Gather"/>: zeros of the given extent with g added where the index says.
    /// </summary>
    [Op("scatter_add")]
    public static Tensor ScatterAdd(Tensor g, int axis, Tensor index, int length)
    {
        axis = g.Shape.Axis(axis, "scatter_add");
        OpSupport.RequireIndices("scatter_add", index);
        OpSupport.RequireShape("scatter_add", "the index", index, g.Shape);
        var shape = g.Shape.With(axis, length);
        var y = g.EmptyLike(shape);
        g.Backend.Run(new ScatterAddArgs(g, shape.View(axis), index, index.Shape[axis], y));
        return Graph.Record("scatter_add", [g], y, [index], (c, h) => [h[0]!.Gather(axis, c.Saved[0])]);
    }

    private static Tensor Select(string op, Tensor x, int axis, Tensor index, Shape shape, int skip)
    {
        OpSupport.RequireFloating(op, x);
        OpSupport.RequireIndices(op, index);
        var y = x.EmptyLike(shape);
        var before = x.Shape;
        x.Backend.Run(new IndexSelectArgs(x, before.View(axis), index, y));
        return Graph.Record(
            op, [x], y, [index], (c, g) => [IndexAdd(op, g[0]!, axis, c.Saved[0], before, skip, c.Sum(0))]);
    }

    /// <summary>
    /// The adjoint of a selection: a tensor of the given shape, or the sum of a pass, to which rows are added in place.
    /// </summary>
    private static Tensor IndexAdd(string op, Tensor g, int axis, Tensor index, Shape shape, int skip, Tensor? sum)
    {
        if (sum is not null)
        {
            g.Backend.Run(new IndexAddArgs(g, shape.View(axis), index, skip, sum, Accumulate: true));
            GraphWatch.Outputs?.Invoke($"{op}_backward", sum);
            return sum;
        }
        var y = g.EmptyLike(shape);
        var before = g.Shape;
        g.Backend.Run(new IndexAddArgs(g, shape.View(axis), index, skip, y));
        return Graph.Record($"{op}_backward", [g], y, [index], (c, h) =>
        {
            var back = Select(op, h[0]!, axis, c.Saved[0], before, skip);
            return [skip < 0 ? back : back.Mul(KeepMask(c.Saved[0], skip, back))];
        });
    }

    /// <summary>1 where the index counts, 0 where it is skipped, shaped to multiply rows.</summary>
    private static Tensor KeepMask(Tensor index, int skip, Tensor rows)
    {
        using var f = Tensor.Empty(index.Shape, rows.DType, rows.Backend);
        rows.Backend.Run(new CopyArgs(index, f));
        using var hit = f.EmptyLike();
        rows.Backend.Run(new UnaryArgs(UnaryKind.InRange, f, hit, skip, skip));
        return hit.Affine(-1, 1).Reshape([.. index.Shape.Dims, 1]);
    }

    internal static readonly OpEntry[] Entries =
    [
        new("index_select", (t, a) => t[0].IndexSelect(a.Int("dim"), t[1]),
            OpCase.Of(new() { ["dim"] = 0 }, OpInput.Uniform([4, 3, 2]), OpInput.Index([3], 4)),
            OpCase.Of(new() { ["dim"] = 1 }, OpInput.Uniform([2, 5, 3]), OpInput.Index([7], 5))),
        new("embedding", (t, a) => t[0].Embedding(t[1], a.Int("padding_idx", -1)),
            // Padding rows have a gradient of zero by definition, not by calculus: the padding index of this case is
            // never drawn.
            OpCase.Of(new() { ["padding_idx"] = 6 }, OpInput.Uniform([7, 6]), OpInput.Index([2, 3], 6)),
            OpCase.Of(new(), OpInput.Uniform([5, 33]), OpInput.Index([11], 5))),
        new("gather", (t, a) => t[0].Gather(a.Int("dim"), t[1]),
            OpCase.Of(new() { ["dim"] = 1 }, OpInput.Uniform([3, 5, 2]), OpInput.Index([3, 4, 2], 5))),
        new("scatter_add", (t, a) => ScatterAdd(t[0], a.Int("dim"), t[1], a.Int("length")),
            OpCase.Of(new() { ["dim"] = -1, ["length"] = 6 }, OpInput.Uniform([3, 4]), OpInput.Index([3, 4], 6))),
    ];
}
