using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Softmax and its logarithm over any axis.</summary>
[OpFamily]
public static class SoftmaxOps
{
    /// <summary>exp(x)/Σexp(x) along an axis.</summary>
    /// <exception cref="ShapeException">The axis is outside.</exception>
    [Op("softmax")]
    public static Tensor Softmax(this Tensor x, int axis) => Apply("softmax", x, axis, false);

    /// <summary>x − log Σexp(x) along an axis.</summary>
    /// <exception cref="ShapeException">The axis is outside.</exception>
    [Op("log_softmax")]
    public static Tensor LogSoftmax(this Tensor x, int axis) => Apply("log_softmax", x, axis, true);

    private static Tensor Apply(string op, Tensor x, int axis, bool log)
    {
        OpSupport.RequireFloating(op, x);
        axis = x.Shape.Axis(axis, op);
        var y = x.EmptyLike();
        x.Backend.Run(new SoftmaxArgs(x, x.Shape.View(axis), log, y));
        return Graph.Record(op, [x], y, [y],
            (c, g) => [log ? LogBackward(c.Saved[0], g[0]!, axis) : Backward(c.Saved[0], g[0]!, axis)]);
    }

    /// <summary>
    /// dx = y∘(g − Σy∘g) from the output y. An op of its own: its gradient with respect to y and g is again written
    /// in ops, with the symmetric Jacobian reused for the g part.
    /// </summary>
    internal static Tensor Backward(Tensor y, Tensor g, int axis)
    {
        var dx = Fused(y, g, axis, false);
        return Graph.Record("softmax_backward", [y, g], dx, [y, g], (c, h) =>
        {
            var (p, u, w) = (c.Saved[0], c.Saved[1], h[0]!);
            var dy =
                c.Needs(0) ? w.Mul(u.Sub(p.Mul(u).Sum([axis], true))).Sub(u.Mul(w.Mul(p).Sum([axis], true))) : null;
            return [dy, c.Needs(1) ? Backward(p, w, axis) : null];
        });
    }

    /// <summary>dx = g − exp(y)·Σg from the output y of log-softmax.</summary>
    private static Tensor LogBackward(Tensor y, Tensor g, int axis)
    {
        var dx = Fused(y, g, axis, true);
        return Graph.Record("log_softmax_backward", [y, g], dx, [y, g], (c, h) =>
        {
            var (p, u, w) = (c.Saved[0].Exp(), c.Saved[1], h[0]!);
            var pw = p.Mul(w);
            return [c.Needs(0) ? pw.Mul(u.Sum([axis], true)).Neg() : null,
                c.Needs(1) ? w.Sub(pw.Sum([axis], true)) : null];
        });
    }

    private static Tensor Fused(Tensor y, Tensor g, int axis, bool log)
    {
        var dx = y.EmptyLike();
        y.Backend.Run(new SoftmaxBackwardArgs(y, g, y.Shape.View(axis), log, dx));
        return dx;
    }

    /// <summary>Softmax in basic ops, shifted by the maximum (a constant: it cancels).</summary>
    internal static Tensor Decompose(Tensor x, int axis, bool log)
    {
        axis = x.Shape.Axis(axis, "softmax");
        Tensor max;
        using (NoGrad.Begin()) max = x.Max(axis, true);
        var shifted = x.Sub(max);
        var e = shifted.Exp();
        var sum = e.Sum([axis], true);
        return log ? shifted.Sub(sum.Log()) : e.Div(sum);
    }

    internal static readonly OpEntry[] Entries = [Entry("softmax", false), Entry("log_softmax", true)];

    private static OpEntry Entry(string name, bool log) => new(name,
        (t, a) => Apply(name, t.Length > 1 ? t[0].Add(t[1]) : t[0], a.Int("dim"), log),
        new([2, 4, 9], [OpInput.Constant([2, 1, 9])], new() { ["dim"] = -1 }),
        new([3, 11], [], new() { ["dim"] = -1 }),
        new([3, 5, 4], [], new() { ["dim"] = 1 }),
        new([6, 2], [], new() { ["dim"] = 0 }))
    {
        Decomposition = (t, a) => Decompose(t.Length > 1 ? t[0].Add(t[1]) : t[0], a.Int("dim"), log),
        Benchmark = new OpCase([8320, 65], [], new() { ["dim"] = -1 }),
    };
}
