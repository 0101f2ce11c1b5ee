using AmcEngine.Autograd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Smooth activations of one tensor; <see cref="LinearOps"/> has them behind a dense layer.</summary>
[OpFamily]
public static class Activations
{
    /// <summary>
    /// x·Φ(x), the GELU by the error function (Hendrycks and Gimpel 2016), not its tanh approximation.
    /// </summary>
    [Op("gelu_erf")]
    public static Tensor Gelu(this Tensor x) =>
        Graph.Record(
            "gelu_erf", [x], Elementwise.Apply(UnaryKind.Gelu, "gelu_erf", x), [x], SmoothActivation.Gelu.Rule);

    /// <summary>x·σ(1.702 x), the quick form of GELU (Hendrycks and Gimpel 2016) that CLIP was trained with.</summary>
    [Op("quick_gelu")]
    public static Tensor QuickGelu(this Tensor x) =>
        Graph.Record("quick_gelu", [x], Elementwise.Apply(UnaryKind.QuickGelu, "quick_gelu", x), [x],
            SmoothActivation.QuickGelu.Rule);

    internal static readonly OpEntry[] Entries =
    [
        Entry("gelu_erf", Gelu, SmoothActivation.Gelu), Entry("quick_gelu", QuickGelu, SmoothActivation.QuickGelu),
    ];

    // Measured over the hidden rows of a small picture encoder.
    private static OpEntry Entry(string name, Func<Tensor, Tensor> run, SmoothActivation activation) =>
        Elementwise.Entry(name, run, OpInput.Uniform) with
        {
            Decomposition = (t, _) => activation.Decomposition(t[0]),
            Benchmark = new OpCase([2080, 384]),
        };
}
