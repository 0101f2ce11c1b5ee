using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Ops;
using AmcEngine.Tensors;

namespace AmcEngine.Model.Modules;

/// <summary>How a new tensor gets its first values (specification 1, 2.8 and 3).</summary>
public abstract record Initialization
{
    /// <summary>All elements equal.</summary>
    public static Initialization Constant(double value) => new ConstantFill(value);

    /// <summary>
    /// Normal with mean 0. The truncated normal of the vision encoder cuts at ±2 with std 0.02, which is 100 standard
    /// deviations away: the same distribution in floating point.
    /// </summary>
    public static Initialization Normal(double std) => new NormalFill(std);

    /// <summary>Uniform in ±<paramref name="bound"/>.</summary>
    public static Initialization Uniform(double bound) => new UniformFill(bound);

    /// <summary>Random columns of length 1 (dimension 0 is normalised), for the feature queues.</summary>
    public static Initialization UnitColumns { get; } = new UnitColumnFill();

    /// <summary>Overwrites <paramref name="tensor"/>.</summary>
    internal abstract void Fill(Tensor tensor, RandomKey key);

    private sealed record ConstantFill(double Value) : Initialization
    {
        internal override void Fill(Tensor tensor, RandomKey key) => tensor.Backend.Run(new FillArgs(tensor, Value));
    }

    private sealed record NormalFill(double Std) : Initialization
    {
        internal override void Fill(Tensor tensor, RandomKey key) => tensor.FillNormal(0, Std, key);
    }

    private sealed record UniformFill(double Bound) : Initialization
    {
        internal override void Fill(Tensor tensor, RandomKey key) => tensor.FillUniform(-Bound, Bound, key);
    }

    private sealed record UnitColumnFill : Initialization
    {
        internal override void Fill(Tensor tensor, RandomKey key)
        {
            tensor.FillNormal(0, 1, key);
            using var unit = tensor.L2Normalize(0);
            tensor.Backend.Run(new CopyArgs(unit, tensor));
        }
    }
}
