using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Elementwise functions of one tensor. Each derivative is written with ops of this file.</summary>
[OpFamily]
public static class Elementwise
{
    private const double TwoOverSqrtPi = 1.1283791670955126;

    /// <summary>eˣ.</summary>
    [Op("exp")]
    public static Tensor Exp(this Tensor x)
    {
        var y = Apply(UnaryKind.Exp, "exp", x);
        return Graph.Record("exp", [x], y, [y], (c, g) => [g[0]!.Mul(c.Saved[0])]);
    }

    /// <summary>ln x.</summary>
    [Op("log")]
    public static Tensor Log(this Tensor x) =>
        Graph.Record("log", [x], Apply(UnaryKind.Log, "log", x), [x], (c, g) => [g[0]!.Div(c.Saved[0])]);

    /// <summary>√x.</summary>
    [Op("sqrt")]
    public static Tensor Sqrt(this Tensor x)
    {
        var y = Apply(UnaryKind.Sqrt, "sqrt", x);
        return Graph.Record("sqrt", [x], y, [y], (c, g) => [g[0]!.Div(c.Saved[0]).Scale(0.5)]);
    }

    /// <summary>1/√x.</summary>
    [Op("rsqrt")]
    public static Tensor Rsqrt(this Tensor x)
    {
        var y = Apply(UnaryKind.Rsqrt, "rsqrt", x);
        return Graph.Record("rsqrt", [x], y, [y], (c, g) =>
        {
            var r = c.Saved[0];
            return [g[0]!.Mul(r.Mul(r).Mul(r)).Scale(-0.5)];
        });
    }

    /// <summary>1/x.</summary>
    [Op("reciprocal")]
    public static Tensor Reciprocal(this Tensor x)
    {
        var y = Apply(UnaryKind.Reciprocal, "reciprocal", x);
        return Graph.Record("reciprocal", [x], y, [y], (c, g) => [g[0]!.Mul(c.Saved[0]).Mul(c.Saved[0]).Neg()]);
    }

    /// <summary>tanh x.</summary>
    [Op("tanh")]
    public static Tensor Tanh(this Tensor x)
    {
        var y = Apply(UnaryKind.Tanh, "tanh", x);
        return Graph.Record("tanh", [x], y, [y], (c, g) => [TanhBackward(g[0]!, c.Saved[0])]);
    }

    /// <summary>1/(1 + e⁻ˣ).</summary>
    [Op("sigmoid")]
    public static Tensor Sigmoid(this Tensor x)
    {
        var y = Apply(UnaryKind.Sigmoid, "sigmoid", x);
        return Graph.Record("sigmoid", [x], y, [y], (c, g) => [SigmoidBackward(g[0]!, c.Saved[0])]);
    }

    /// <summary>The error function.</summary>
    [Op("erf")]
    public static Tensor Erf(this Tensor x) => Graph.Record("erf", [x], Apply(UnaryKind.Erf, "erf", x), [x],
        (c, g) => [g[0]!.Mul(c.Saved[0].Mul(c.Saved[0]).Neg().Exp()).Scale(TwoOverSqrtPi)]);

    /// <summary>max(x, 0); its derivative at 0 is 0.</summary>
    [Op("relu")]
    public static Tensor Relu(this Tensor x) => Graph.Record("relu", [x], Apply(UnaryKind.Relu, "relu", x), [x],
        (c, g) => [ReluBackward(g[0]!, c.Saved[0])]);

    /// <summary>x limited to [low, high]; gradients pass where low ≤ x ≤ high.</summary>
    [Op("clamp")]
    public static Tensor Clamp(this Tensor x, double low, double high)
    {
        if (!(low <= high)) throw new EngineException("clamp", $"the lower limit {low} is above the upper one {high}");
        return Graph.Record("clamp", [x], Apply(UnaryKind.Clamp, "clamp", x, low, high), [x], (c, g) =>
            [g[0]!.Mul(Apply(UnaryKind.InRange, "clamp", c.Saved[0], low, high))]);
    }

    private static Tensor TanhBackward(Tensor g, Tensor y) => Graph.Record(
        "tanh_backward", [g, y], Arithmetic.Apply(BinaryKind.TanhBackward, "tanh_backward", g, y), [g, y], (c, h) =>
        [
            c.Needs(0) ? TanhBackward(h[0]!, c.Saved[1]) : null,
            c.Needs(1) ? h[0]!.Mul(c.Saved[0]).Mul(c.Saved[1]).Scale(-2) : null,
        ]);

    private static Tensor SigmoidBackward(Tensor g, Tensor y) => Graph.Record(
        "sigmoid_backward", [g, y], Arithmetic.Apply(BinaryKind.SigmoidBackward, "sigmoid_backward", g, y),
        [g, y], (c, h) =>
        [
            c.Needs(0) ? SigmoidBackward(h[0]!, c.Saved[1]) : null,
            c.Needs(1) ? h[0]!.Mul(c.Saved[0]).Mul(c.Saved[1].Affine(-2, 1)) : null,
        ]);

    /// <summary>g where x &gt; 0: linear in g, constant in x almost everywhere.</summary>
    private static Tensor ReluBackward(Tensor g, Tensor x) => Graph.Record(
        "relu_backward", [g, x], Arithmetic.Apply(BinaryKind.ReluBackward, "relu_backward", g, x), [x], (c, h) =>
        [c.Needs(0) ? ReluBackward(h[0]!, c.Saved[0]) : null, null]);

    internal static Tensor Apply(UnaryKind kind, string op, Tensor x, double p = 0, double q = 0)
    {
        OpSupport.RequireFloating(op, x);
        var y = x.EmptyLike();
        x.Backend.Run(new UnaryArgs(kind, x, y, p, q));
        return y;
    }

    internal static readonly OpEntry[] Entries =
    [
        Entry("exp", Exp, OpInput.Uniform), Entry("log", Log, OpInput.Positive), Entry("sqrt", Sqrt, OpInput.Positive),
        Entry("rsqrt", Rsqrt, OpInput.Positive), Entry("reciprocal", Reciprocal, OpInput.Away),
        Entry("tanh", Tanh, OpInput.Uniform), Entry("sigmoid", Sigmoid, OpInput.Uniform),
        Entry("erf", Erf, OpInput.Uniform), Entry("relu", Relu, OpInput.Away),
        new("clamp", (t, a) => t[0].Clamp(a.Double("low"), a.Double("high")),
            OpCase.Of(new() { ["low"] = -0.1, ["high"] = 0.1 }, OpInput.Away([4, 9])),
            OpCase.Of(new() { ["low"] = -9.0, ["high"] = 9.0 }, OpInput.Uniform([5]))),
    ];

    internal static OpEntry Entry(string name, Func<Tensor, Tensor> run, Func<int[], OpInput> input) =>
        new(name, (t, _) => run(t[0]), OpCase.Of([], input([4, 9])), OpCase.Of([], input([1])),
            OpCase.Of([], input([2, 3, 37])));
}
