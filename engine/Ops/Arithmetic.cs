using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>
/// Addition, subtraction, multiplication and division with NumPy broadcasting, and scaling by constants.
/// </summary>
[OpFamily]
public static class Arithmetic
{
    /// <summary>a + b, shapes broadcast.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
    [Op("add")]
    public static Tensor Add(this Tensor a, Tensor b) => Graph.Record("add", [a, b], Apply(BinaryKind.Add, "add", a, b),
        [], (c, g) => [c.Needs(0) ? g[0]!.SumTo(a.Shape) : null, c.Needs(1) ? g[0]!.SumTo(b.Shape) : null]);

    /// <summary>a − b, shapes broadcast.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
    [Op("sub")]
    public static Tensor Sub(this Tensor a, Tensor b) => Graph.Record("sub", [a, b], Apply(BinaryKind.Sub, "sub", a, b),
        [], (c, g) => [c.Needs(0) ? g[0]!.SumTo(a.Shape) : null, c.Needs(1) ? g[0]!.Neg().SumTo(b.Shape) : null]);

    /// <summary>a · b, shapes broadcast.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
    [Op("mul")]
    public static Tensor Mul(this Tensor a, Tensor b) =>
        Graph.Record("mul", [a, b], Apply(BinaryKind.Mul, "mul", a, b), [a, b],
            (c, g) =>
            [
                c.Needs(0) ? g[0]!.Mul(c.Saved[1]).SumTo(c.Saved[0].Shape) : null,
                c.Needs(1) ? g[0]!.Mul(c.Saved[0]).SumTo(c.Saved[1].Shape) : null,
            ]);

    /// <summary>a / b, shapes broadcast.</summary>
    /// <exception cref="ShapeException">The shapes do not broadcast.</exception>
    [Op("div")]
    public static Tensor Div(this Tensor a, Tensor b)
    {
        var y = Apply(BinaryKind.Div, "div", a, b);
        return Graph.Record("div", [a, b], y, [b, y], (c, g) =>
        {
            var scaled = g[0]!.Div(c.Saved[0]);
            return
            [
                c.Needs(0) ? scaled.SumTo(a.Shape) : null,
                c.Needs(1) ? scaled.Mul(c.Saved[1]).Neg().SumTo(b.Shape) : null,
            ];
        });
    }

    /// <summary>−x.</summary>
    [Op("neg")]
    public static Tensor Neg(this Tensor x) => x.Affine(-1, 0);

    /// <summary>factor · x.</summary>
    public static Tensor Scale(this Tensor x, double factor) => x.Affine(factor, 0);

    /// <summary>x + constant.</summary>
    public static Tensor AddScalar(this Tensor x, double constant) => x.Affine(1, constant);

    /// <summary>factor · x + constant.</summary>
    [Op("affine")]
    public static Tensor Affine(this Tensor x, double factor, double constant)
    {
        OpSupport.RequireFloating("affine", x);
        var y = x.EmptyLike();
        x.Backend.Run(new UnaryArgs(UnaryKind.Affine, x, y, factor, constant));
        return Graph.Record("affine", [x], y, [], (_, g) => [g[0]!.Affine(factor, 0)]);
    }

    /// <summary>Sums out what broadcasting repeated: the adjoint of broadcasting to this tensor's shape.</summary>
    internal static Tensor SumTo(this Tensor g, Shape shape)
    {
        if (g.Shape.Equals(shape)) return g;
        var lead = g.Shape.Rank - shape.Rank;
        var axes = new List<int>();
        for (var i = 0; i < g.Shape.Rank; i++)
            if (i < lead || (shape[i - lead] == 1 && g.Shape[i] != 1)) axes.Add(i);
        return g.Sum([.. axes], keepDim: true).Reshape(shape.Dims);
    }

    /// <summary>Runs a broadcasting kernel.</summary>
    internal static Tensor Apply(BinaryKind kind, string op, Tensor a, Tensor b)
    {
        OpSupport.RequireSame(op, a, b);
        var y = a.EmptyLike(Shape.Broadcast(a.Shape, b.Shape, op));
        a.Backend.Run(new BinaryArgs(kind, a, b, y));
        return y;
    }

    internal static readonly OpEntry[] Entries =
    [
        Binary("add", Add), Binary("sub", Sub), Binary("mul", Mul),
        new("div", (t, _) => t[0].Div(t[1]),
            new([3, 5], [OpInput.Away([1, 5])]), new([4, 1, 3], [OpInput.Away([2, 3])]), new(
                [7, 9], [OpInput.Away([7, 9])])),
        new("neg", (t, _) => t[0].Neg(), new OpCase([3, 7])),
        new("affine", (t, a) => t[0].Affine(a.Double("factor"), a.Double("constant")),
            new OpCase([5, 3], [], new() { ["factor"] = -2.5, ["constant"] = 0.75 })),
    ];

    private static OpEntry Binary(string name, Func<Tensor, Tensor, Tensor> run) => new(name, (t, _) => run(t[0], t[1]),
        new([3, 5], [OpInput.Uniform([1, 5])]),
        new([2, 1, 4], [OpInput.Uniform([3, 1])]),
        new([33], [OpInput.Uniform([33])]),
        new([6, 7], [OpInput.Uniform([])]));
}
