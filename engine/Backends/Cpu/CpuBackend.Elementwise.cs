using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Plans;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu;

// Elementwise functions of one and two operands. Layout: flat, or rows of the innermost merged axis for broadcasting.
// Fused: both gradients of an activation's gradient. Cost: 1 to 40 FLOP an element; bytes: every operand once, every result once.
public sealed partial class CpuBackend
{
    // A result of so many bytes is no longer in the caches when the next kernel reads it; written past them it is not read first.
    private const long StreamBytes = 16L << 20;

    private static bool Streams(Tensor y) => (long)y.Count * y.DType.Size() >= StreamBytes;

    // Lines that were just read are in the caches.
    private static bool InPlace(Tensor x, Tensor y) => x.Pointer == y.Pointer;

    /// <inheritdoc/>
    public void Unary(UnaryKind kind, Tensor x, Tensor y, double p = 0, double q = 0)
    {
        if (y.DType == DType.F64) Unary<double>(kind, x, y, p, q);
        else Unary<float>(kind, x, y, p, q);
    }

    private void Unary<T>(UnaryKind kind, Tensor x, Tensor y, double p, double q) where T : unmanaged, IFloatingPointIeee754<T>
    {
        switch (kind)
        {
            case UnaryKind.Neg: Map<T, NegOp>(x, y, p, q, CheapTile); break;
            case UnaryKind.Exp: Map<T, ExpOp>(x, y, p, q, DearTile); break;
            case UnaryKind.Log: Map<T, LogOp>(x, y, p, q, DearTile); break;
            case UnaryKind.Sqrt: Map<T, SqrtOp>(x, y, p, q, CheapTile); break;
            case UnaryKind.Rsqrt: Map<T, RsqrtOp>(x, y, p, q, CheapTile); break;
            case UnaryKind.Reciprocal: Map<T, ReciprocalOp>(x, y, p, q, CheapTile); break;
            case UnaryKind.Tanh: Map<T, TanhOp>(x, y, p, q, DearTile); break;
            case UnaryKind.Sigmoid: Map<T, SigmoidOp>(x, y, p, q, DearTile); break;
            case UnaryKind.Erf: Map<T, ErfOp>(x, y, p, q, DearTile); break;
            case UnaryKind.Gelu: Map<T, GeluOp>(x, y, p, q, DearTile); break;
            case UnaryKind.GeluFirst: Map<T, GeluFirstOp>(x, y, p, q, DearTile); break;
            case UnaryKind.GeluSecond: Map<T, GeluSecondOp>(x, y, p, q, DearTile); break;
            case UnaryKind.QuickGelu: Map<T, QuickGeluOp>(x, y, p, q, DearTile); break;
            case UnaryKind.QuickGeluFirst: Map<T, QuickGeluFirstOp>(x, y, p, q, DearTile); break;
            case UnaryKind.QuickGeluSecond: Map<T, QuickGeluSecondOp>(x, y, p, q, DearTile); break;
            case UnaryKind.Relu: Map<T, ReluOp>(x, y, p, q, CheapTile); break;
            case UnaryKind.Positive: Map<T, PositiveOp>(x, y, p, q, CheapTile); break;
            case UnaryKind.Clamp: Map<T, ClampOp>(x, y, p, q, CheapTile); break;
            case UnaryKind.InRange: Map<T, InRangeOp>(x, y, p, q, CheapTile); break;
            case UnaryKind.Affine: Map<T, AffineOp>(x, y, p, q, CheapTile); break;
            default: throw new EngineException("unary", $"the CPU back end has no kernel for {kind}");
        }
    }

    private unsafe void Map<T, O>(Tensor x, Tensor y, double p, double q, int tile) where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IUnaryOp =>
        Run<T, MapKernel<T, O>>(new MapKernel<T, O>(Ptr<T>(x), Ptr<T>(y), Cast<T>(p), Cast<T>(q), Streams(y) && !InPlace(x, y)), y.Count, tile);

    /// <inheritdoc/>
    public void Binary(BinaryKind kind, Tensor a, Tensor b, Tensor y)
    {
        if (y.DType == DType.F64) Binary<double>(kind, a, b, y);
        else Binary<float>(kind, a, b, y);
    }

    private void Binary<T>(BinaryKind kind, Tensor a, Tensor b, Tensor y) where T : unmanaged, IFloatingPointIeee754<T>
    {
        switch (kind)
        {
            case BinaryKind.Add: Zip<T, AddOp>(a, b, y, CheapTile); break;
            case BinaryKind.Sub: Zip<T, SubOp>(a, b, y, CheapTile); break;
            case BinaryKind.Mul: Zip<T, MulOp>(a, b, y, CheapTile); break;
            case BinaryKind.Div: Zip<T, DivOp>(a, b, y, CheapTile); break;
            case BinaryKind.GeluBackward: Zip<T, GeluBackwardOp>(a, b, y, DearTile); break;
            case BinaryKind.QuickGeluBackward: Zip<T, QuickGeluBackwardOp>(a, b, y, DearTile); break;
            case BinaryKind.TanhBackward: Zip<T, TanhBackwardOp>(a, b, y, CheapTile); break;
            case BinaryKind.SigmoidBackward: Zip<T, SigmoidBackwardOp>(a, b, y, CheapTile); break;
            case BinaryKind.ReluBackward: Zip<T, ReluBackwardOp>(a, b, y, CheapTile); break;
            default: throw new EngineException("binary", $"the CPU back end has no kernel for {kind}");
        }
    }

    private unsafe void Zip<T, O>(Tensor a, Tensor b, Tensor y, int tile) where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IBinaryOp
    {
        T* pa = Ptr<T>(a), pb = Ptr<T>(b), py = Ptr<T>(y);
        bool wholeA = a.Count == y.Count, wholeB = b.Count == y.Count;
        if ((wholeA || a.Count == 1) && (wholeB || b.Count == 1))
        {
            Run<T, ZipKernel<T, O>>(new ZipKernel<T, O>(pa, pb, py, wholeA, wholeB, Streams(y) && !InPlace(a, y) && !InPlace(b, y)), y.Count, tile);
            return;
        }
        var plan = BroadcastPlan.Of(a.Shape, b.Shape, y.Shape);
        Run<T, ZipRowsKernel<T, O>>(new ZipRowsKernel<T, O>(pa, pb, py, plan), plan.Rows, RowTile(tile, plan.Inner));
    }

    /// <inheritdoc/>
    public void ActivationDoubleBackward(Activation activation, Tensor x, Tensor g, Tensor h, Tensor dg, Tensor dx)
    {
        if (x.DType == DType.F64) ActivationDoubleBackward<double>(activation, x, g, h, dg, dx);
        else ActivationDoubleBackward<float>(activation, x, g, h, dg, dx);
    }

    private void ActivationDoubleBackward<T>(Activation activation, Tensor x, Tensor g, Tensor h, Tensor dg, Tensor dx)
        where T : unmanaged
    {
        switch (activation)
        {
            case Activation.Gelu: DoubleBackward<T, GeluActivation>(x, g, h, dg, dx); break;
            case Activation.QuickGelu: DoubleBackward<T, QuickGeluActivation>(x, g, h, dg, dx); break;
            default: throw new EngineException("activation_double_backward", $"{activation} has no second derivative");
        }
    }

    private unsafe void DoubleBackward<T, A>(Tensor x, Tensor g, Tensor h, Tensor dg, Tensor dx)
        where T : unmanaged where A : struct, ISmoothActivation
    {
        var kernel = new ActivationDoubleBackwardKernel<T, A>(Ptr<T>(x), Ptr<T>(g), Ptr<T>(h), Ptr<T>(dg), Ptr<T>(dx));
        Run<T, ActivationDoubleBackwardKernel<T, A>>(kernel, x.Count, DearTile);
    }

    /// <inheritdoc/>
    public unsafe void AddScaled(Tensor x, double alpha, Tensor y)
    {
        if (y.DType == DType.F64) Run<double, AddScaledKernel<double>>(new AddScaledKernel<double>(Ptr<double>(x), alpha, Ptr<double>(y)), y.Count, CheapTile);
        else Run<float, AddScaledKernel<float>>(new AddScaledKernel<float>(Ptr<float>(x), (float)alpha, Ptr<float>(y)), y.Count, CheapTile);
    }

    /// <inheritdoc/>
    public void Lerp(ReadOnlySpan<TensorPair> pairs, double weight)
    {
        foreach (var (x, y) in pairs) Lerp(x, weight, y);
    }

    private unsafe void Lerp(Tensor x, double weight, Tensor y)
    {
        if (y.DType == DType.F64) Run<double, LerpKernel<double>>(new LerpKernel<double>(Ptr<double>(x), weight, Ptr<double>(y)), y.Count, CheapTile);
        else Run<float, LerpKernel<float>>(new LerpKernel<float>(Ptr<float>(x), (float)weight, Ptr<float>(y)), y.Count, CheapTile);
    }
}
