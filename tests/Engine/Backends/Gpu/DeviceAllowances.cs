using AmcEngine.Tensors;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// How far a device may be from the CPU back end, by relative L2 error. About thirty times what pocl shows: drivers
/// and GPUs contract products and order sums in ways of their own. What only moves numbers, or scales them once, is the
/// same to the bit on all of them.
/// </summary>
internal static class DeviceAllowances
{
    /// <summary>What sums: products, softmax, norms, attention, losses.</summary>
    public static readonly Allowance Reducing = new(1e-5, 5e-14);

    /// <summary>Matrix products.</summary>
    public static readonly Allowance MatMul = new(1e-5, 1e-14);

    /// <summary>Functions of one element, with the device's own exponential.</summary>
    public static readonly Allowance Function = new(2e-6, 5e-15);

    /// <summary>One product and one sum an element, which a device may contract or not.</summary>
    public static readonly Allowance Contracted = new(1e-7, 2e-16);

    /// <summary>A few roundings an element: binary functions, steps of AdamW.</summary>
    public static readonly Allowance Chain = new(5e-7, 1e-15);

    private static readonly Allowance Exact = new(0, 0);

    // Value, gradients and second order of these move numbers or change their sign; dropout scales each once.
    private static readonly HashSet<string> Moves =
    [
        "clamp", "concat", "dropout", "from_patches", "neg", "pad", "permute", "relu", "reshape", "slice", "to_patches",
    ];

    private static readonly HashSet<string> Functions = ["erf", "exp", "gelu_erf", "sigmoid", "tanh"];

    /// <summary>That of an op of the catalog.</summary>
    public static double Of(string op, DType dtype) =>
        (Moves.Contains(op) ? Exact : Functions.Contains(op) ? Function : Reducing).For(dtype);
}
