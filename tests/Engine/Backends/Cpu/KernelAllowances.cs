namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>
/// How far a family of host kernels may be from a loop in f64, for each element relative to max(1, |expected|).
/// About ten times the worst of all SIMD paths; sums in f32 three to five times, for they are off by many last places
/// on every path.
/// </summary>
internal static class KernelAllowances
{
    /// <summary>
    /// One or two roundings: in-place updates, dropout, random numbers, GradCAM, gradients that are products.
    /// </summary>
    public static readonly Allowance Rounding = new(1e-6, 2e-15);

    /// <summary>A short chain of them, with a function inside: unary, binary, AdamW, cross-entropy.</summary>
    public static readonly Allowance Chain = new(2e-6, 5e-15);

    /// <summary>
    /// A few values added in one place. The test values are exact in f32, so that f64 has hardly anything to round.
    /// </summary>
    public static readonly Allowance ScatteredSum = new(5e-6, 1e-15);

    /// <summary>Sums over a region of a map.</summary>
    public static readonly Allowance RegionSum = new(2e-5, 1e-15);

    /// <summary>Sums of up to 70,001 values.</summary>
    public static readonly Allowance Sum = new(6e-5, 1e-15);

    /// <summary>Softmax over up to 70,001 values, and its gradient.</summary>
    public static readonly Allowance Softmax = new(2e-5, 2e-14);

    /// <summary>
    /// Layer norm of rows whose mean is ten times their deviation, and gradients summed over 2,081 rows.
    /// </summary>
    public static readonly Allowance LayerNorm = new(2e-4, 5e-13);
}
