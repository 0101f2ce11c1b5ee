using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// Random tensors and dropout; see Kernels/RandomKernels.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Dropout(Tensor x, double p, RandomKey key, Tensor y)
    {
        if (y.DType == DType.F64) Dropout<double>(x, p, key, y);
        else Dropout<float>(x, p, key, y);
    }

    private void Dropout<T>(Tensor x, double p, RandomKey key, Tensor y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var args = new DropoutKernel<T>.Args
        {
            X = View<T>(x),
            Y = View<T>(y),
            Scale = T.CreateTruncating(1 / (1 - p)),
            Threshold = (uint)Math.Ceiling(p * (1 << 24)),
            SeedLow = (uint)key.Seed,
            SeedHigh = (uint)(key.Seed >> 32),
            Op = key.Op,
            Step = key.Step,
            Count = y.Count,
        };
        if (Quads<T>(x, y)) LaunchOver<DropoutQuadsKernel<T>, DropoutKernel<T>.Args>(QuadsOf(y.Count), args);
        else LaunchOver<DropoutKernel<T>, DropoutKernel<T>.Args>(QuadsOf(y.Count), args);
    }

    /// <inheritdoc/>
    public void Uniform(Tensor y, double low, double high, RandomKey key)
    {
        if (y.DType == DType.F64) Uniform<double, SameDouble>(y, low, high, key);
        else Uniform<float, DoubleToSingle>(y, low, high, key);
    }

    private void Uniform<T, C>(Tensor y, double low, double high, RandomKey key)
        where T : unmanaged, IFloatingPointIeee754<T> where C : struct, IConversion<double, T> =>
        LaunchOver<UniformKernel<T, double, F64, C>, UniformKernel<T, double, F64, C>.Args>(QuadsOf(y.Count), new UniformKernel<T, double, F64, C>.Args
        {
            Y = View<T>(y),
            Low = low,
            Width = high - low,
            Last = high <= low ? T.PositiveInfinity : T.BitDecrement(T.CreateTruncating(high)),
            SeedLow = (uint)key.Seed,
            SeedHigh = (uint)(key.Seed >> 32),
            Op = key.Op,
            Step = key.Step,
            Count = y.Count,
        });

    /// <inheritdoc/>
    public void Normal(Tensor y, double mean, double std, RandomKey key)
    {
        if (y.DType == DType.F64) Normal<double, F64>(y, mean, std, key);
        else Normal<float, F32>(y, mean, std, key);
    }

    private void Normal<T, R>(Tensor y, double mean, double std, RandomKey key)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        LaunchOver<NormalKernel<T, R>, NormalKernel<T, R>.Args>(QuadsOf(y.Count), new NormalKernel<T, R>.Args
        {
            Y = View<T>(y),
            Mean = T.CreateTruncating(mean),
            Std = T.CreateTruncating(std),
            SeedLow = (uint)key.Seed,
            SeedHigh = (uint)(key.Seed >> 32),
            Op = key.Op,
            Step = key.Step,
            Count = y.Count,
        });
}
