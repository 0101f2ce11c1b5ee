namespace AmcEngine.Backends.Kernels;

/// <summary>
/// Floating-point operations of a function of one element, counted in the f32 form of the CPU back end's vector
/// functions (VectorMath): a fused multiply-add is two; a minimum, comparison with its selection, or division one.
/// </summary>
internal static class FunctionCost
{
    public const double Exp = 20;
    public const double Log = 36;
    public const double Tanh = 40;
    public const double Sigmoid = 37;
    public const double Erf = 55;
    public const double Gelu = 64;
    public const double GeluFirst = 67;
    public const double GeluSecond = 35;

    /// <summary>Both derivatives of GELU from one evaluation.</summary>
    public const double GeluDerivatives = 73;

    public const double QuickGelu = 49;

    /// <summary>Both derivatives of the quick GELU from one evaluation; one of them alone costs the same.</summary>
    public const double QuickGeluDerivatives = 61;

    /// <summary>A normal number by Box-Muller: half of a logarithm, a root, a sine and a cosine.</summary>
    public const double Normal = 30;
}
