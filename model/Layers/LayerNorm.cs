using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Layers;

/// <summary>Layer normalisation of the last axis.</summary>
public sealed class LayerNorm : Module
{
    private readonly double _eps;
    private readonly Parameter _weight;
    private readonly Parameter _bias;

    /// <summary>A normalisation of <paramref name="width"/> features.</summary>
    public LayerNorm(int width, double eps)
    {
        _eps = eps;
        _weight = AddWeight("weight", [width], Initialization.Constant(1));
        _bias = AddWeight("bias", [width], Initialization.Constant(0));
    }

    /// <summary>Same shape as x.</summary>
    public Tensor Forward(Tensor x) => x.LayerNorm(_weight.Value, _bias.Value, _eps);
}
