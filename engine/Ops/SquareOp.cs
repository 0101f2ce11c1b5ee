using AmcEngine.Autograd;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>x², elementwise: the smallest op, shown in CONTRIBUTING as the pattern of all others.</summary>
[OpFamily]
public static class SquareOp
{
    /// <summary>x·x.</summary>
    [Op("square")]
    public static Tensor Square(this Tensor x)
    {
        Tensor y;
        using (NoGrad.Begin()) y = x.Mul(x);
        return Graph.Record("square", [x], y, saved: [x], (c, g) => [g[0]!.Mul(c.Saved[0]).Scale(2)]);
    }

    internal static readonly OpEntry[] Entries = [new("square", (t, _) => t[0].Square(), new OpCase([4, 9]))];
}
