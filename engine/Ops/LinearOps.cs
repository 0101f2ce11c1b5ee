using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>The fully connected layer with its bias, and with an activation, in one pass over the product.</summary>
[OpFamily]
public static class LinearOps
{
    // One delegate each for the life of the program: recording an op allocates none.
    private static readonly GradientRule GeluRule = RuleOf(SmoothActivation.Gelu);
    private static readonly GradientRule QuickGeluRule = RuleOf(SmoothActivation.QuickGelu);

    /// <summary>x·Wᵀ + b: x [..., in], weight [out, in], bias [out] or null → [..., out].</summary>
    /// <exception cref="ShapeException">The extents do not fit.</exception>
    [Op("linear")]
    public static Tensor Linear(this Tensor x, Tensor weight, Tensor? bias)
    {
        var y = Forward("linear", x, weight, bias, Activation.None, null);
        return bias is null
            ? Graph.Record("linear", [x, weight], y, [x, weight], (c, g) => Backward(c, g[0]!, false))
            : Graph.Record("linear", [x, weight, bias], y, [x, weight], (c, g) => Backward(c, g[0]!, true));
    }

    /// <summary>GELU(x·Wᵀ + b), the product's epilogue applies bias and GELU.</summary>
    /// <exception cref="ShapeException">The extents do not fit.</exception>
    [Op("linear_gelu")]
    public static Tensor LinearGelu(this Tensor x, Tensor weight, Tensor bias) =>
        Activated("linear_gelu", SmoothActivation.Gelu, GeluRule, x, weight, bias);

    /// <summary>QuickGELU(x·Wᵀ + b), the product's epilogue applies bias and activation.</summary>
    /// <exception cref="ShapeException">The extents do not fit.</exception>
    [Op("linear_quick_gelu")]
    public static Tensor LinearQuickGelu(this Tensor x, Tensor weight, Tensor bias) =>
        Activated("linear_quick_gelu", SmoothActivation.QuickGelu, QuickGeluRule, x, weight, bias);

    /// <summary>x·Wᵀ + b + residual: what a block of a network adds to its input, in the product's epilogue.</summary>
    /// <exception cref="ShapeException">The extents do not fit.</exception>
    [Op("linear_residual")]
    public static Tensor LinearResidual(this Tensor x, Tensor weight, Tensor bias, Tensor residual)
    {
        OpSupport.RequireSame("linear_residual", x, residual);
        OpSupport.RequireShape(
            "linear_residual", "the residual", residual, OutputShape("linear_residual", x, weight, bias));
        var y = Forward("linear_residual", x, weight, bias, Activation.None, null, residual);
        return Graph.Record("linear_residual", [x, weight, bias, residual], y, [x, weight],
            (c, g) => [.. Backward(c, g[0]!, true), g[0]]);
    }

    private static Tensor Activated(
        string op, SmoothActivation activation, GradientRule rule, Tensor x, Tensor weight, Tensor bias)
    {
        if (!Graph.Records(x, weight, bias))
            return Graph.Record(
                op, [x, weight, bias], Forward(op, x, weight, bias, activation.Kind, null), [], (_, _) => []);
        using var before = x.EmptyLike(OutputShape(op, x, weight, bias));
        var y = Forward(op, x, weight, bias, activation.Kind, before);
        return Graph.Record(op, [x, weight, bias], y, [x, weight, bias, before], rule);
    }

    private static GradientRule RuleOf(SmoothActivation activation) => (c, g) =>
    {
        // The saved pre-activation is a by-product without history; a second order rebuilds it with one.
        var z = GradMode.Enabled ? c.Saved[0].Linear(c.Saved[1], c.Saved[2]) : c.Saved[3];
        return Backward(c, activation.Backward(g[0]!, z), true);
    };

    private static Tensor?[] Backward(GradientContext c, Tensor g, bool bias)
    {
        var (x, w) = (c.Saved[0], c.Saved[1]);
        var rows = g.Reshape(-1, g.Shape[-1]);
        Tensor? dx = null, dw = null;
        if (c.Needs(0))
            dx = c.Sum(0) is { } sum ? MatMulOps.AddProduct(sum, rows, w) : rows.MatMul(w).Reshape(x.Shape.Dims);
        if (c.Needs(1))
        {
            var inputs = x.Reshape(-1, x.Shape[-1]);
            dw = c.Sum(1) is { } sum
                ? MatMulOps.AddProduct(sum, rows, inputs, transposeA: true)
                : rows.MatMul(inputs, transposeA: true);
        }
        return bias ? [dx, dw, c.Needs(2) ? rows.Sum([0]) : null] : [dx, dw];
    }

    private static Shape OutputShape(string op, Tensor x, Tensor weight, Tensor? bias)
    {
        OpSupport.RequireSame(op, x, weight);
        if (x.Shape.Rank < 1 || weight.Shape.Rank != 2 || weight.Shape[1] != x.Shape[-1])
            throw new ShapeException(op, $"weight {weight.Shape} ([out, in]) does not fit {x.Shape} ([..., in])");
        if (bias is not null) OpSupport.RequireShape(op, "bias", bias, [weight.Shape[0]]);
        return x.Shape.With(-1, weight.Shape[0]);
    }

    private static Tensor Forward(string op, Tensor x, Tensor weight, Tensor? bias, Activation activation,
        Tensor? preActivation, Tensor? residual = null)
    {
        var y = x.EmptyLike(OutputShape(op, x, weight, bias));
        var (n, k) = (weight.Shape[0], weight.Shape[1]);
        x.Backend.Run(new MatMulArgs
        {
            A = x,
            B = weight,
            C = y,
            M = x.Count / Math.Max(k, 1),
            N = n,
            K = k,
            TransB = true,
            Lda = k,
            Ldb = k,
            Ldc = n,
            Bias = bias,
            Activation = activation,
            PreActivation = preActivation,
            Residual = residual,
        });
        return y;
    }

    internal static readonly OpEntry[] Entries =
    [
        new("linear", (t, _) => t[0].Linear(t[1], t.Length > 2 ? t[2] : null),
            new([3, 7], [OpInput.Uniform([5, 7]), OpInput.Uniform([5])]), new([2, 3, 4], [OpInput.Uniform([6, 4])]))
        {
            Decomposition = (t, _) =>
                t.Length > 2 ? t[0].MatMul(t[1], false, true).Add(t[2]) : t[0].MatMul(t[1], false, true),
            Benchmark = new OpCase([2080, 96], [OpInput.Uniform([384, 96]), OpInput.Uniform([384])]),
        },
        Activated("linear_gelu", LinearGelu, SmoothActivation.Gelu),
        Activated("linear_quick_gelu", LinearQuickGelu, SmoothActivation.QuickGelu),
        new("linear_residual", (t, _) => t[0].LinearResidual(t[1], t[2], t[3]),
            new OpCase([2, 3, 7], [OpInput.Uniform([5, 7]), OpInput.Uniform([5]), OpInput.Uniform([2, 3, 5])]))
        {
            Decomposition = (t, _) => t[0].MatMul(t[1], false, true).Add(t[2]).Add(t[3]),
        },
    ];

    private static OpEntry Activated(
        string name, Func<Tensor, Tensor, Tensor, Tensor> run, SmoothActivation activation) =>
        new(name, (t, _) => run(t[0], t[1], t[2]), new OpCase(
            [2, 3, 7], [OpInput.Uniform([5, 7]), OpInput.Uniform([5])]))
        {
            Decomposition = (t, _) => activation.Decomposition(t[0].MatMul(t[1], false, true).Add(t[2])),
        };
}
