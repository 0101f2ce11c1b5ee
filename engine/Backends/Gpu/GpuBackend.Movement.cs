using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu;

// Fill, copies, permutations and patches; see Kernels/MovementKernels.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Fill(Tensor y, double value)
    {
        switch (y.DType)
        {
            case DType.F64: Fill(y, BitConverter.DoubleToUInt64Bits(value)); break;
            case DType.F32: Fill(y, BitConverter.SingleToUInt32Bits((float)value)); break;
            default: Fill(y, (uint)(int)value); break;
        }
    }

    private void Fill<E>(Tensor y, E bits) where E : unmanaged =>
        LaunchOver<FillKernel<E>, FillKernel<E>.Args>(y.Count, new FillKernel<E>.Args
        {
            Y = View<E>(y),
            Value = bits,
            Count = y.Count,
        });

    /// <inheritdoc/>
    public void Copy(Tensor x, Tensor y)
    {
        switch (x.DType, y.DType)
        {
            case (DType.F32, DType.F64): Convert<float, double, SingleToDouble>(x, y); break;
            case (DType.F64, DType.F32): Convert<double, float, DoubleToSingle>(x, y); break;
            case (DType.I32, DType.F32): Convert<int, float, IntegerToSingle>(x, y); break;
            case (DType.I32, DType.F64): Convert<int, double, IntegerToDouble>(x, y); break;
            case (DType.F32, DType.I32): Convert<float, int, SingleToInteger>(x, y); break;
            case (DType.F64, DType.I32): Convert<double, int, DoubleToInteger>(x, y); break;
            default: CopyBytes(x, y); break;
        }
    }

    private void Convert<TFrom, TTo, C>(Tensor x, Tensor y) where TFrom : unmanaged where TTo : unmanaged where C : struct, IConversion<TFrom, TTo> =>
        LaunchOver<ConvertKernel<TFrom, TTo, C>, ConvertKernel<TFrom, TTo, C>.Args>(y.Count, new ConvertKernel<TFrom, TTo, C>.Args
        {
            X = View<TFrom>(x),
            Y = View<TTo>(y),
            Count = y.Count,
        });

    private void CopyBytes(Tensor x, Tensor y)
    {
        if (y.Count == 0) return;
        try
        {
            var bytes = (long)y.Count * y.DType.Size();
            View<byte>(x, bytes).CopyTo(_host.Accelerator.DefaultStream, View<byte>(y, bytes));
        }
        catch (AcceleratorException e)
        {
            throw DeviceErrors.Lost(Device, "copy", e);
        }
    }

    /// <inheritdoc/>
    public void Permute(Tensor x, ReadOnlySpan<int> perm, Tensor y) =>
        throw new EngineException("Permute", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void CopyRows(Tensor x, int fromLength, int fromStart, Tensor y, int toLength, int toStart, int outer, int count, int inner) =>
        throw new EngineException("CopyRows", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void ImageToPatches(Tensor image, int patch, Tensor patches) =>
        throw new EngineException("ImageToPatches", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void PatchesToImage(Tensor patches, int patch, Tensor image) =>
        throw new EngineException("PatchesToImage", "the GPU back end has no kernel for it");
}
