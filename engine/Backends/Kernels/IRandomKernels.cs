using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>Random tensors and dropout. The integer operations of the generator are not counted.</summary>
public interface IRandomKernels : IKernel<DropoutArgs>, IKernel<UniformArgs>, IKernel<NormalArgs>;

/// <summary>
/// y = x∘keep/(1 − p), keep where the element's uniform number ≥ p. Elements are numbered as in the whole tensor whose
/// rows x holds by its key. One product an element.
/// </summary>
/// <param name="X">Operand.</param>
/// <param name="P">Probability of dropping an element.</param>
/// <param name="Key">Stream of the numbers.</param>
/// <param name="Y">Result; may be x.</param>
public readonly record struct DropoutArgs(Tensor X, double P, RandomKey Key, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("dropout", 1, Y, X);
}

/// <summary>y uniform in [low, high). Two operations an element.</summary>
/// <param name="Y">Result.</param>
/// <param name="Low">Smallest value.</param>
/// <param name="High">Limit.</param>
/// <param name="Key">Stream of the numbers.</param>
public readonly record struct UniformArgs(Tensor Y, double Low, double High, RandomKey Key) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("uniform random", 2, Y);
}

/// <summary>y normal (Box-Muller on pairs of uniform numbers).</summary>
/// <param name="Y">Result.</param>
/// <param name="Mean">Mean.</param>
/// <param name="Std">Standard deviation.</param>
/// <param name="Key">Stream of the numbers.</param>
public readonly record struct NormalArgs(Tensor Y, double Mean, double Std, RandomKey Key) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("normal random", FunctionCost.Normal, Y);
}
