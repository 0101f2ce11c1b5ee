using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Layer normalisation over the last axis (Ba, Kiros and Hinton 2016).</summary>
[OpFamily]
public static class LayerNormOps
{
    /// <summary>(x − mean)/√(variance + eps)·gamma + beta for each row; variance is biased.</summary>
    /// <exception cref="ShapeException">gamma or beta is not a vector of the last extent.</exception>
    [Op("layer_norm")]
    public static Tensor LayerNorm(this Tensor x, Tensor gamma, Tensor beta, double eps)
    {
        OpSupport.RequireSame("layer_norm", x, gamma, beta);
        if (x.Shape.Rank < 1) throw new ShapeException("layer_norm", "a scalar has no rows");
        OpSupport.RequireShape("layer_norm", "gamma", gamma, [x.Shape[-1]]);
        OpSupport.RequireShape("layer_norm", "beta", beta, [x.Shape[-1]]);
        var rows = x.Shape.Product(0, x.Shape.Rank - 1);
        var y = x.EmptyLike();
        using var mean = x.EmptyLike([rows]);
        using var rstd = x.EmptyLike([rows]);
        x.Backend.Run(new LayerNormArgs(x, gamma, beta, eps, y, mean, rstd));
        return Graph.Record("layer_norm", [x, gamma, beta], y, [x, gamma, mean, rstd], (c, g) =>
            Backward(c.Saved[0], c.Saved[1], c.Saved[2], c.Saved[3], g[0]!, eps, c.Needs(0), c.Needs(1) || c.Needs(2)));
    }

    /// <summary>The fused gradient (dx, dgamma, dbeta), an op of its own.</summary>
    private static Tensor?[] Backward(
        Tensor x, Tensor gamma, Tensor mean, Tensor rstd, Tensor g, double eps, bool needX, bool needAffine)
    {
        var dx = needX ? x.EmptyLike() : null;
        var dgamma = needAffine ? gamma.EmptyLike() : null;
        var dbeta = needAffine ? gamma.EmptyLike() : null;
        x.Backend.Run(new LayerNormBackwardArgs(x, gamma, mean, rstd, g, dx, dgamma, dbeta));
        Tensor[] outputs = [.. new[] { dx, dgamma, dbeta }.OfType<Tensor>()];
        Graph.Record("layer_norm_backward", [x, gamma, g], outputs, [x, gamma, g, mean, rstd], (c, h) =>
        {
            // Cotangents of dx, dgamma and dbeta, of which only the needed ones were outputs.
            var affine = needX ? 1 : 0;
            Tensor?[] all = [needX ? h[0] : null, needAffine ? h[affine] : null, needAffine ? h[affine + 1] : null];
            return DoubleBackward(c.Saved[0], c.Saved[1], c.Saved[2], c.Saved[3], c.Saved[4], all, eps);
        });
        return [dx, dgamma, dbeta];
    }

    /// <summary>
    /// The fused gradient of the gradient (with respect to x, gamma and g), an op of its own; the orders after it
    /// differentiate the decomposition, in which mean and deviation are functions of x again.
    /// </summary>
    private static Tensor[] DoubleBackward(
        Tensor x, Tensor gamma, Tensor g, Tensor mean, Tensor rstd, Tensor?[] cotangents, double eps)
    {
        Tensor[] outputs = [x.EmptyLike(), gamma.EmptyLike(), g.EmptyLike()];
        x.Backend.Run(new LayerNormDoubleBackwardArgs(
            x, gamma, mean, rstd, g, cotangents[0], cotangents[1], cotangents[2], outputs[0], outputs[1], outputs[2]));
        var given = cotangents.Select(t => t is not null).ToArray();
        Tensor[] inputs = [x, gamma, g, .. cotangents.OfType<Tensor>()];
        return Graph.Record("layer_norm_double_backward", inputs, outputs, inputs,
            (c, h) => Decomposition.Gradients(c, h, c.Saved.Length, t =>
                Decomposition.GradientFunction(
                    t[..3], Decomposition.Spread(t[3..], given), u => BackwardDecomposition(u[0], u[1], u[2], eps))));
    }

    private static (Tensor Normalised, Tensor Rstd) Normalise(Tensor x, double eps)
    {
        int[] last = [x.Shape.Rank - 1];
        var centred = x.Sub(x.Mean(last, true));
        var rstd = centred.Square().Mean(last, true).AddScalar(eps).Rsqrt();
        return (centred.Mul(rstd), rstd);
    }

    private static Tensor[] BackwardDecomposition(Tensor x, Tensor gamma, Tensor g, double eps)
    {
        int[] last = [x.Shape.Rank - 1];
        var (n, rstd) = Normalise(x, eps);
        var u = g.Mul(gamma);
        var dx = u.Sub(u.Mean(last, true)).Sub(n.Mul(u.Mul(n).Mean(last, true))).Mul(rstd);
        return [dx, g.Mul(n).SumTo(gamma.Shape), g.SumTo(gamma.Shape)];
    }

    internal static readonly OpEntry[] Entries =
    [
        new("layer_norm", (t, a) => t[0].LayerNorm(t[1], t[2], a.Double("eps")),
            Case([2, 5, 48], 48, 1e-6), Case([7, 33], 33, 1e-12), Case([3, 16], 16, 1e-5))
        {
            Decomposition = (t, a) => Normalise(t[0], a.Double("eps")).Normalised.Mul(t[1]).Add(t[2]),
            Benchmark = Case([2080, 96], 96, 1e-6),
        },
    ];

    private static OpCase Case(int[] dims, int width, double eps) =>
        new(dims, [OpInput.Uniform([width]), OpInput.Uniform([width])], new() { ["eps"] = eps });
}
