using AmcEngine.Backends.Kernels;
using AmcEngine.Model.Modules;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Layers;

/// <summary>A dense layer y = x·Wᵀ + b with W <c>[out, in]</c>.</summary>
public sealed class Linear : Module
{
    /// <summary>A dense layer with its initialisation.</summary>
    public Linear(int inputs, int outputs, Initialization weight, Initialization bias)
    {
        Weight = AddWeight("weight", [outputs, inputs], weight);
        Bias = AddWeight("bias", [outputs], bias);
    }

    /// <summary>W <c>[out, in]</c>.</summary>
    public Parameter Weight { get; }

    /// <summary>b <c>[out]</c>.</summary>
    public Parameter Bias { get; }

    /// <summary>A layer of the encoders: W normal with std 0.02, b zero.</summary>
    public static Linear Encoder(int inputs, int outputs) =>
        new(inputs, outputs, Initialization.Normal(0.02), Initialization.Constant(0));

    /// <summary>A layer with PyTorch's default: W and b uniform in ±1/√in.</summary>
    public static Linear Default(int inputs, int outputs)
    {
        var uniform = Initialization.Uniform(1 / Math.Sqrt(inputs));
        return new Linear(inputs, outputs, uniform, uniform);
    }

    /// <summary><c>[…, in]</c> to <c>[…, out]</c>.</summary>
    public Tensor Forward(Tensor x) => x.Linear(Weight.Value, Bias.Value);

    /// <summary><c>[…, in]</c> to <c>[…, out]</c>, added to <paramref name="residual"/> in the same pass.</summary>
    public Tensor Forward(Tensor x, Tensor residual) => x.LinearResidual(Weight.Value, Bias.Value, residual);

    /// <summary>GELU of the dense layer's output.</summary>
    public Tensor ForwardGelu(Tensor x) => x.LinearGelu(Weight.Value, Bias.Value);

    /// <summary>An activation of the dense layer's output.</summary>
    public Tensor Forward(Tensor x, Activation activation) => activation switch
    {
        Activation.Gelu => ForwardGelu(x),
        Activation.QuickGelu => x.LinearQuickGelu(Weight.Value, Bias.Value),
        _ => Forward(x),
    };
}
