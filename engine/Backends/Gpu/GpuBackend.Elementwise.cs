using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Gpu;

// Elementwise functions of one and two operands; see Kernels/ElementwiseKernels.cs.
public sealed partial class GpuBackend
{
    /// <inheritdoc/>
    public void Unary(UnaryKind kind, Tensor x, Tensor y, double p = 0, double q = 0)
    {
        if (y.DType == DType.F64) Unary<double, F64>(kind, x, y, p, q);
        else Unary<float, F32>(kind, x, y, p, q);
    }

    private void Unary<T, R>(UnaryKind kind, Tensor x, Tensor y, double p, double q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        switch (kind)
        {
            case UnaryKind.Neg: Map<T, R, NegOp>(x, y, p, q); break;
            case UnaryKind.Exp: Map<T, R, ExpOp>(x, y, p, q); break;
            case UnaryKind.Log: Map<T, R, LogOp>(x, y, p, q); break;
            case UnaryKind.Sqrt: Map<T, R, SqrtOp>(x, y, p, q); break;
            case UnaryKind.Rsqrt: Map<T, R, RsqrtOp>(x, y, p, q); break;
            case UnaryKind.Reciprocal: Map<T, R, ReciprocalOp>(x, y, p, q); break;
            case UnaryKind.Tanh: Map<T, R, TanhOp>(x, y, p, q); break;
            case UnaryKind.Sigmoid: Map<T, R, SigmoidOp>(x, y, p, q); break;
            case UnaryKind.Erf: Map<T, R, ErfOp>(x, y, p, q); break;
            case UnaryKind.Gelu: Map<T, R, GeluOp>(x, y, p, q); break;
            case UnaryKind.GeluFirst: Map<T, R, GeluFirstOp>(x, y, p, q); break;
            case UnaryKind.GeluSecond: Map<T, R, GeluSecondOp>(x, y, p, q); break;
            case UnaryKind.Relu: Map<T, R, ReluOp>(x, y, p, q); break;
            case UnaryKind.Positive: Map<T, R, PositiveOp>(x, y, p, q); break;
            case UnaryKind.Clamp: Map<T, R, ClampOp>(x, y, p, q); break;
            case UnaryKind.InRange: Map<T, R, InRangeOp>(x, y, p, q); break;
            case UnaryKind.Affine: Map<T, R, AffineOp>(x, y, p, q); break;
            default: throw new EngineException("unary", $"the GPU back end has no kernel for {kind}");
        }
    }

    private void Map<T, R, O>(Tensor x, Tensor y, double p, double q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IUnaryOp =>
        LaunchOver<MapKernel<T, R, O>, MapKernel<T, R, O>.Args>(y.Count, new MapKernel<T, R, O>.Args
        {
            X = View<T>(x),
            Y = View<T>(y),
            P = T.CreateChecked(p),
            Q = T.CreateChecked(q),
            Count = y.Count,
        });

    /// <inheritdoc/>
    public void AddScaled(Tensor x, double alpha, Tensor y) =>
        throw new EngineException("AddScaled", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void Lerp(Tensor x, double weight, Tensor y) =>
        throw new EngineException("Lerp", "the GPU back end has no kernel for it");

    /// <inheritdoc/>
    public void Binary(BinaryKind kind, Tensor a, Tensor b, Tensor y) =>
        throw new EngineException("Binary", "the GPU back end has no kernel for it");
}
