using AmcEngine.Tensors;

namespace AmcEngine.Backends.Kernels;

/// <summary>Filling, copying and rearranging, without arithmetic; any element type.</summary>
public interface IMovementKernels :
    IKernel<FillArgs>, IKernel<CopyArgs>, IKernel<PermuteArgs>, IKernel<CopyRowsArgs>,
    IKernel<ImageToPatchesArgs>, IKernel<PatchesToImageArgs>;

/// <summary>y = value.</summary>
/// <param name="Y">Result.</param>
/// <param name="Value">The value, converted to y's type.</param>
public readonly record struct FillArgs(Tensor Y, double Value) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("fill", 0, Y);
}

/// <summary>y = x elementwise in row-major order; converts between element types.</summary>
/// <param name="X">Operand.</param>
/// <param name="Y">Result, of as many elements.</param>
public readonly record struct CopyArgs(Tensor X, Tensor Y) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("copy", 0, Y, X);
}

/// <summary>y = x with axes permuted: axis i of y is axis perm[i] of x.</summary>
/// <param name="x">Operand.</param>
/// <param name="perm">The axes of x in y's order.</param>
/// <param name="y">Result.</param>
public readonly ref struct PermuteArgs(Tensor x, ReadOnlySpan<int> perm, Tensor y) : IKernelArgs
{
    /// <summary>Operand.</summary>
    public Tensor X { get; } = x;

    /// <summary>The axes of x in y's order.</summary>
    public ReadOnlySpan<int> Perm { get; } = perm;

    /// <summary>Result.</summary>
    public Tensor Y { get; } = y;

    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("permute", 0, Y, X);
}

/// <summary>
/// Copies count rows of an axis: y[o, toStart + i, n] = x[o, fromStart + i, n], i &lt; count, where x is
/// [outer, fromLength, inner] and y is [outer, toLength, inner]. The rest of y is left alone.
/// </summary>
/// <param name="X">Operand.</param>
/// <param name="FromLength">Rows of x.</param>
/// <param name="FromStart">First row that is read.</param>
/// <param name="Y">Result.</param>
/// <param name="ToLength">Rows of y.</param>
/// <param name="ToStart">First row that is written.</param>
/// <param name="Outer">Product of the extents before the axis.</param>
/// <param name="Count">Rows that are copied.</param>
/// <param name="Inner">Product of the extents after the axis.</param>
public readonly record struct CopyRowsArgs(
    Tensor X, int FromLength, int FromStart, Tensor Y, int ToLength, int ToStart, int Outer, int Count, int Inner)
    : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => new("copy rows", 0, 2.0 * Outer * Count * Inner * Y.DType.Size());
}

/// <summary>patches [B·(H/p)·(W/p), C·p·p] from image [B, C, H, W]: row (b, py, px), column (c, y, x).</summary>
/// <param name="Image">Operand.</param>
/// <param name="Patch">Edge p of a patch, which divides H and W.</param>
/// <param name="Patches">Result.</param>
public readonly record struct ImageToPatchesArgs(Tensor Image, int Patch, Tensor Patches) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("image to patches", 0, Patches, Image);
}

/// <summary>The adjoint of <see cref="ImageToPatchesArgs"/> (each pixel lies in one patch).</summary>
/// <param name="Patches">Operand.</param>
/// <param name="Patch">Edge of a patch.</param>
/// <param name="Image">Result.</param>
public readonly record struct PatchesToImageArgs(Tensor Patches, int Patch, Tensor Image) : IKernelArgs
{
    /// <inheritdoc/>
    public KernelWork Work => KernelWork.Of("patches to image", 0, Image, Patches);
}
