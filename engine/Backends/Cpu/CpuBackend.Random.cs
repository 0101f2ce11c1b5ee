using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

// Random tensors and dropout; see RandomKernels.cs. Tiles are whole blocks of four words.
public sealed partial class CpuBackend
{
    /// <inheritdoc/>
    public unsafe void Dropout(Tensor x, double p, RandomKey key, Tensor y)
    {
        if (y.DType == DType.F64) Run<double, DropoutKernel<double>>(new DropoutKernel<double>(Ptr<double>(x), p, key, Ptr<double>(y)), y.Count, DearTile);
        else Run<float, DropoutKernel<float>>(new DropoutKernel<float>(Ptr<float>(x), p, key, Ptr<float>(y)), y.Count, DearTile);
    }

    /// <inheritdoc/>
    public unsafe void Uniform(Tensor y, double low, double high, RandomKey key)
    {
        if (y.DType == DType.F64) Run(new UniformKernel<double>(Ptr<double>(y), low, high, key), y.Count, DearTile);
        else Run(new UniformKernel<float>(Ptr<float>(y), low, high, key), y.Count, DearTile);
    }

    /// <inheritdoc/>
    public unsafe void Normal(Tensor y, double mean, double std, RandomKey key)
    {
        var pairs = (y.Count + 1) / 2;
        if (y.DType == DType.F64) Run(new NormalKernel<double>(Ptr<double>(y), y.Count, mean, std, key), pairs, DearTile / 2);
        else Run(new NormalKernel<float>(Ptr<float>(y), y.Count, mean, std, key), pairs, DearTile / 2);
    }
}
