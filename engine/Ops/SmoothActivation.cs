using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>
/// What the ops of one smooth activation f share, whether it stands alone or follows a dense layer: its kernels, the
/// names of its gradients, and f and f″ in basic ops. The gradient g·f′(x) is an op of its own, so that the second
/// order is one more fused pass for both of its gradients; beyond it, f″ in basic ops is differentiated.
/// </summary>
internal sealed class SmoothActivation
{
    /// <summary>x·Φ(x), the GELU by the error function, and GELU″(x) = φ(x)·(2 − x²).</summary>
    public static readonly SmoothActivation Gelu = new(
        "gelu", Activation.Gelu, BinaryKind.GeluBackward, UnaryKind.GeluSecond)
    {
        Decomposition = x => x.Mul(x.Scale(Math.Sqrt(0.5)).Erf().Affine(0.5, 0.5)),
        SecondDecomposition = x =>
        {
            var square = x.Mul(x);
            return square.Scale(-0.5).Exp().Scale(InverseSqrtTwoPi).Mul(square.Affine(-1, 2));
        },
    };

    /// <summary>x·σ(z), z = 1.702 x, and its second derivative 1.702·σ(1 − σ)·(2 + z·(1 − 2σ)).</summary>
    public static readonly SmoothActivation QuickGelu =
        new("quick_gelu", Activation.QuickGelu, BinaryKind.QuickGeluBackward, UnaryKind.QuickGeluSecond)
        {
            Decomposition = x => x.Mul(x.Scale(ActivationConstants.QuickFactor).Sigmoid()),
            SecondDecomposition = x =>
            {
                var z = x.Scale(ActivationConstants.QuickFactor);
                var s = z.Sigmoid();
                var bend = z.Mul(s.Affine(-2, 1)).Affine(1, 2);
                return s.Mul(s.Affine(-1, 1)).Scale(ActivationConstants.QuickFactor).Mul(bend);
            },
        };

    private const double InverseSqrtTwoPi = 0.3989422804014327;

    private readonly BinaryKind _backward;
    private readonly UnaryKind _second;
    private readonly string _backwardName, _doubleBackwardName, _secondName;
    private readonly GradientRule _backwardRule;

    private SmoothActivation(string name, Activation kind, BinaryKind backward, UnaryKind second)
    {
        (Kind, _backward, _second) = (kind, backward, second);
        (_backwardName, _doubleBackwardName, _secondName) =
            ($"{name}_backward", $"{name}_double_backward", $"{name}_second");
        // One delegate each for the life of the program: recording an op allocates none.
        _backwardRule = BackwardOfBackward;
        Rule = (c, g) => [Backward(g[0]!, c.Saved[0])];
    }

    /// <summary>What a matrix product's epilogue applies.</summary>
    public Activation Kind { get; }

    /// <summary>Gradient of f(x), x saved.</summary>
    public GradientRule Rule { get; }

    /// <summary>f(x) in basic ops.</summary>
    public required Func<Tensor, Tensor> Decomposition { get; init; }

    /// <summary>f″(x) in basic ops.</summary>
    public required Func<Tensor, Tensor> SecondDecomposition { get; init; }

    /// <summary>g·f′(x).</summary>
    public Tensor Backward(Tensor g, Tensor x) => Graph.Record(
        _backwardName, [g, x], Arithmetic.Apply(_backward, _backwardName, g, x), [g, x], _backwardRule);

    private Tensor?[] BackwardOfBackward(GradientContext c, Tensor?[] h)
    {
        Tensor cotangent = h[0]!, g = c.Saved[0], x = c.Saved[1];
        if (c.Needs(0) && c.Needs(1) && !Graph.Records(cotangent, g, x)) return DoubleBackward(cotangent, g, x);
        return
        [
            c.Needs(0) ? Backward(cotangent, x) : null,
            c.Needs(1) ? cotangent.Mul(g).Mul(Second(x)) : null,
        ];
    }

    private Tensor[] DoubleBackward(Tensor h, Tensor g, Tensor x)
    {
        Tensor dg = x.EmptyLike(), dx = x.EmptyLike();
        x.Backend.Run(new ActivationDoubleBackwardArgs(Kind, x, g, h, dg, dx));
        return Graph.Record(_doubleBackwardName, [h, g, x], [dg, dx], [], (_, _) => []);
    }

    private Tensor Second(Tensor x) =>
        Graph.Records(x) ? SecondDecomposition(x) : Elementwise.Apply(_second, _secondName, x);
}
