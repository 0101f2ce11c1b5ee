using AmcEngine.Tensors;

namespace AmcEngine.Tests.Engine;

/// <summary>Largest error that passes, in each floating type.</summary>
/// <param name="F32">In single precision.</param>
/// <param name="F64">In double precision.</param>
internal readonly record struct Allowance(double F32, double F64)
{
    /// <summary>The one for an element type.</summary>
    public double For(DType dtype) => dtype == DType.F64 ? F64 : F32;
}
