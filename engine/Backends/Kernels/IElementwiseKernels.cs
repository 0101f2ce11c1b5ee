using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>Functions element by element, of one operand and of two with broadcasting.</summary>
public interface IElementwiseKernels :
    IKernel<UnaryArgs>, IKernel<BinaryArgs>, IKernel<AddScaledArgs>, IKernel<ActivationDoubleBackwardArgs>;

/// <summary>y = f(x). A function's operations are those of its f32 polynomial on vectors.</summary>
/// <param name="Kind">The function.</param>
/// <param name="X">Operand.</param>
/// <param name="Y">Result, of x's shape; may be x.</param>
/// <param name="P">First parameter of the function, where it has one.</param>
/// <param name="Q">Second parameter.</param>
public readonly record struct UnaryArgs(UnaryKind Kind, Tensor X, Tensor Y, double P = 0, double Q = 0) : IKernelArgs
{
    private static readonly string[] Names = KindNames.Of<UnaryKind>();

    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of(Names[(int)Kind], Flop, Y, X);

    private double Flop => Kind switch
    {
        UnaryKind.Exp => FunctionCost.Exp,
        UnaryKind.Log => FunctionCost.Log,
        UnaryKind.Tanh => FunctionCost.Tanh,
        UnaryKind.Sigmoid => FunctionCost.Sigmoid,
        UnaryKind.Erf => FunctionCost.Erf,
        UnaryKind.Gelu => FunctionCost.Gelu,
        UnaryKind.GeluFirst => FunctionCost.GeluFirst,
        UnaryKind.GeluSecond => FunctionCost.GeluSecond,
        UnaryKind.QuickGelu => FunctionCost.QuickGelu,
        UnaryKind.QuickGeluFirst or UnaryKind.QuickGeluSecond => FunctionCost.QuickGeluDerivatives,
        UnaryKind.InRange => 3,
        UnaryKind.Affine or UnaryKind.Clamp or UnaryKind.Rsqrt => 2,
        _ => 1,
    };
}

/// <summary>y = f(a, b), a and b broadcast to y's shape.</summary>
/// <param name="Kind">The function.</param>
/// <param name="A">Left operand.</param>
/// <param name="B">Right operand.</param>
/// <param name="Y">Result; may be an operand of its shape.</param>
public readonly record struct BinaryArgs(BinaryKind Kind, Tensor A, Tensor B, Tensor Y) : IKernelArgs
{
    private static readonly string[] Names = KindNames.Of<BinaryKind>();

    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of(Names[(int)Kind], Flop, Y, A, B);

    private double Flop => Kind switch
    {
        BinaryKind.GeluBackward => FunctionCost.GeluFirst + 1,
        BinaryKind.QuickGeluBackward => FunctionCost.QuickGeluDerivatives + 1,
        BinaryKind.TanhBackward or BinaryKind.SigmoidBackward => 3,
        _ => 1,
    };
}

/// <summary>y += alpha·x, equal shapes.</summary>
/// <param name="X">What is added.</param>
/// <param name="Alpha">Its factor.</param>
/// <param name="Y">The sum, read and written.</param>
public readonly record struct AddScaledArgs(Tensor X, double Alpha, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("add scaled", 2, Y, Y, X);
}

/// <summary>
/// Gradients of h·(g·f′(x)) for a smooth activation f, all of one shape: dg = h·f′(x) and dx = h·g·f″(x), which are
/// overwritten and share no memory with the operands. Both derivatives come from one evaluation of what they share;
/// three products with them.
/// </summary>
/// <param name="Activation">The activation f.</param>
/// <param name="X">Its input.</param>
/// <param name="G">Cotangent of f(x).</param>
/// <param name="H">Cotangent of g·f′(x).</param>
/// <param name="Dg">Gradient with respect to g.</param>
/// <param name="Dx">Gradient with respect to x.</param>
public readonly record struct ActivationDoubleBackwardArgs(
    Activation Activation, Tensor X, Tensor G, Tensor H, Tensor Dg, Tensor Dx) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => Activation == Activation.Gelu
        ? KernelWork.Of("gelu double backward", FunctionCost.GeluDerivatives + 3, X, G, H, Dg, Dx)
        : KernelWork.Of("quick gelu double backward", FunctionCost.QuickGeluDerivatives + 3, X, G, H, Dg, Dx);
}

/// <summary>Elementwise functions of one operand; p and q are the kernel's parameters.</summary>
public enum UnaryKind
{
    /// <summary>−x</summary>
    Neg,
    /// <summary>eˣ</summary>
    Exp,
    /// <summary>ln x</summary>
    Log,
    /// <summary>√x</summary>
    Sqrt,
    /// <summary>1/√x</summary>
    Rsqrt,
    /// <summary>1/x</summary>
    Reciprocal,
    /// <summary>tanh x</summary>
    Tanh,
    /// <summary>1/(1+e⁻ˣ)</summary>
    Sigmoid,
    /// <summary>erf x</summary>
    Erf,
    /// <summary>x·Φ(x): GELU by the error function</summary>
    Gelu,
    /// <summary>Φ(x) + x·φ(x): first derivative of GELU</summary>
    GeluFirst,
    /// <summary>φ(x)·(2 − x²): second derivative of GELU</summary>
    GeluSecond,
    /// <summary>x·σ(1.702 x): the quick form of GELU</summary>
    QuickGelu,
    /// <summary>First derivative of the quick GELU</summary>
    QuickGeluFirst,
    /// <summary>Second derivative of the quick GELU</summary>
    QuickGeluSecond,
    /// <summary>max(x, 0); NaN stays NaN</summary>
    Relu,
    /// <summary>1 where x &gt; 0, else 0: derivative of ReLU</summary>
    Positive,
    /// <summary>x limited to [p, q]; NaN stays NaN</summary>
    Clamp,
    /// <summary>1 where p ≤ x ≤ q, else 0: derivative of clamp</summary>
    InRange,
    /// <summary>p·x + q</summary>
    Affine,
}

/// <summary>Elementwise functions of two operands, with broadcasting.</summary>
public enum BinaryKind
{
    /// <summary>a + b</summary>
    Add,
    /// <summary>a − b</summary>
    Sub,
    /// <summary>a · b</summary>
    Mul,
    /// <summary>a / b</summary>
    Div,
    /// <summary>a · GELU′(b): gradient of GELU at input b</summary>
    GeluBackward,
    /// <summary>a · QuickGELU′(b): gradient of the quick GELU at input b</summary>
    QuickGeluBackward,
    /// <summary>a · (1 − b²): gradient of tanh at output b</summary>
    TanhBackward,
    /// <summary>a · b · (1 − b): gradient of sigmoid at output b</summary>
    SigmoidBackward,
    /// <summary>a where b &gt; 0, else 0: gradient of ReLU at input b</summary>
    ReluBackward,
}
