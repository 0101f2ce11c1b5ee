using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Cross-entropies and L2 normalisation.</summary>
[OpFamily]
public static class Losses
{
    /// <summary>
    /// Mean over the rows of −log softmax(logits)[label]; rows whose label is <paramref name="ignoreIndex"/> do not
    /// count. Without any row that counts the loss is 0 (PyTorch gives NaN).
    /// </summary>
    /// <param name="logits">[..., C]</param>
    /// <param name="labels">[...] I32</param>
    /// <param name="ignoreIndex">Label of rows to leave out.</param>
    /// <exception cref="ShapeException">The labels do not have the logits' leading shape.</exception>
    /// <exception cref="EngineException">A label is outside of [0, C).</exception>
    /// <remarks>
    /// Reads the labels to check them, which waits for the device; labels that are on the host go by the other form.
    /// </remarks>
    [Op("cross_entropy")]
    public static Tensor CrossEntropy(this Tensor logits, Tensor labels, int ignoreIndex = -100)
    {
        OpSupport.RequireIndices("cross_entropy", labels);
        OpSupport.RequireShape("cross_entropy", "labels", labels, logits.Shape.Without(-1));
        return MeanOfRows(logits, labels, labels.ToArray<int>(), ignoreIndex);
    }

    /// <summary>
    /// The same with labels on the host, in row-major order of the logits' leading axes: nothing waits.
    /// </summary>
    /// <exception cref="ShapeException">There is not one label a row.</exception>
    /// <exception cref="EngineException">A label is outside of [0, C).</exception>
    public static Tensor CrossEntropy(this Tensor logits, int[] labels, int ignoreIndex = -100) =>
        MeanOfRows(logits, Tensor.From(labels, logits.Shape.Without(-1), logits.Backend), labels, ignoreIndex);

    private static Tensor MeanOfRows(Tensor logits, Tensor labels, int[] values, int ignoreIndex)
    {
        OpSupport.RequireFloating("cross_entropy", logits);
        var counted = 0;
        foreach (var label in values)
        {
            if (label == ignoreIndex) continue;
            counted++;
            if ((uint)label >= (uint)logits.Shape[-1])
                throw new EngineException("cross_entropy", $"label {label} is outside of [0, {logits.Shape[-1]})");
        }
        return Rows(logits, labels, ignoreIndex).Sum().Scale(1.0 / Math.Max(counted, 1));
    }

    private static Tensor Rows(Tensor logits, Tensor labels, int ignore)
    {
        var rows = logits.Shape.Product(0, logits.Shape.Rank - 1);
        var losses = logits.EmptyLike([rows]);
        using var lse = logits.EmptyLike([rows]);
        logits.Backend.Run(new CrossEntropyArgs(logits, labels, ignore, losses, lse));
        return Graph.Record("cross_entropy", [logits], losses, [logits, labels, lse], (c, g) =>
            [RowsBackward(c.Saved[0], c.Saved[1], c.Saved[2], g[0]!, ignore)]);
    }

    private static Tensor RowsBackward(Tensor logits, Tensor labels, Tensor lse, Tensor g, int ignore)
    {
        var dx = logits.EmptyLike();
        logits.Backend.Run(new CrossEntropyBackwardArgs(logits, lse, labels, ignore, g, dx));
        return Graph.Record("cross_entropy_backward", [logits, g], dx, [logits, g, labels], (c, h) =>
        {
            var index = c.Saved[2];
            return Decomposition.Gradients(c, h, 2, t => [BackwardDecomposition(t[0], index, t[1], ignore)]);
        });
    }

    private static Tensor BackwardDecomposition(Tensor logits, Tensor labels, Tensor g, int ignore)
    {
        var (onehot, keep) = OneHot(logits, labels, ignore);
        var weights = g.Reshape([.. labels.Shape.Dims, 1]).Mul(keep);
        return logits.Softmax(-1).Sub(onehot).Mul(weights);
    }

    private static (Tensor OneHot, Tensor Keep) OneHot(Tensor logits, Tensor labels, int ignore)
    {
        var ids = labels.ToArray<int>();
        var classes = logits.Shape[-1];
        var onehot = new float[ids.Length * classes];
        var keep = new float[ids.Length];
        for (var i = 0; i < ids.Length; i++)
        {
            if (ids[i] == ignore) continue;
            onehot[i * classes + ids[i]] = 1;
            keep[i] = 1;
        }
        return (Tensor.From(onehot, logits.Shape, logits.Backend).To(logits.DType),
            Tensor.From(keep, [.. labels.Shape.Dims, 1], logits.Backend).To(logits.DType));
    }

    private static Tensor CrossEntropyDecomposition(Tensor logits, Tensor labels, int ignore)
    {
        var (onehot, keep) = OneHot(logits, labels, ignore);
        var counted = Math.Max(keep.ToDoubles().Sum(), 1);
        return logits.LogSoftmax(-1).Mul(onehot).Sum().Scale(-1 / counted);
    }

    /// <summary>
    /// Mean over the rows of −Σ targets·log softmax(logits) along the last axis; targets usually sum to 1.
    /// </summary>
    /// <exception cref="ShapeException">The shapes differ.</exception>
    [Op("soft_cross_entropy")]
    public static Tensor SoftCrossEntropy(this Tensor logits, Tensor targets)
    {
        OpSupport.RequireSame("soft_cross_entropy", logits, targets);
        OpSupport.RequireShape("soft_cross_entropy", "targets", targets, logits.Shape);
        var rows = logits.Shape.Product(0, logits.Shape.Rank - 1);
        return logits.LogSoftmax(-1).Mul(targets).Sum().Scale(-1.0 / Math.Max(rows, 1));
    }

    /// <summary>
    /// x/max(‖x‖₂, eps) along an axis. Where the norm is below eps it is no function of x: a row of zeros has the
    /// gradient cotangent/eps, as in PyTorch.
    /// </summary>
    /// <exception cref="ShapeException">The axis is outside.</exception>
    [Op("l2_normalize")]
    public static Tensor L2Normalize(this Tensor x, int axis = -1, double eps = 1e-12)
    {
        OpSupport.RequireFloating("l2_normalize", x);
        axis = x.Shape.Axis(axis, "l2_normalize");
        // The root's derivative at 0 is infinite, and 0·∞ no number: it is taken at the smallest normal number instead,
        // and dropped by the outer limit.
        var smallest = x.DType == DType.F64 ? 2.2250738585072014e-308 : 1.1754943508222875e-38;
        var norm = x.Square().Sum([axis], true).Clamp(smallest, double.MaxValue).Sqrt();
        return x.Div(norm.Clamp(eps, double.MaxValue));
    }

    internal static readonly OpEntry[] Entries =
    [
        new("cross_entropy", (t, a) => t[0].CrossEntropy(t[1], a.Int("ignore_index", -100)),
            OpCase.Of(new(), OpInput.Uniform([4, 10]), OpInput.Index([4], 10)),
            OpCase.Of(new() { ["ignore_index"] = 2 }, OpInput.Uniform([2, 5, 7]), OpInput.Index([2, 5], 7)))
        {
            Decomposition = (t, a) => CrossEntropyDecomposition(t[0], t[1], a.Int("ignore_index", -100)),
            Benchmark = OpCase.Of(new(), OpInput.Uniform([16, 30522]), OpInput.Index([16], 30522)),
        },
        new("soft_cross_entropy", (t, _) => t[0].SoftCrossEntropy(t[1]),
            new OpCase([3, 12], [OpInput.Positive([3, 12])])),
        new("l2_normalize", (t, a) => t[0].L2Normalize(a.Int("dim", -1), a.Double("eps", 1e-12)),
            new([3, 16], [], new() { ["dim"] = -1 }), new([4, 5], [], new() { ["dim"] = 0 }),
            // Rows on both sides of the limit.
            new([6, 16], [], new() { ["dim"] = -1, ["eps"] = 3.5 })),
    ];
}
