using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Backends.Plans;
using AmcEngine.Tensors;
using ILGPU;

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
            case UnaryKind.QuickGelu: Map<T, R, QuickGeluOp>(x, y, p, q); break;
            case UnaryKind.QuickGeluFirst: Map<T, R, QuickGeluFirstOp>(x, y, p, q); break;
            case UnaryKind.QuickGeluSecond: Map<T, R, QuickGeluSecondOp>(x, y, p, q); break;
            case UnaryKind.Relu: Map<T, R, ReluOp>(x, y, p, q); break;
            case UnaryKind.Positive: Map<T, R, PositiveOp>(x, y, p, q); break;
            case UnaryKind.Clamp: Map<T, R, ClampOp>(x, y, p, q); break;
            case UnaryKind.InRange: Map<T, R, InRangeOp>(x, y, p, q); break;
            case UnaryKind.Affine: Map<T, R, AffineOp>(x, y, p, q); break;
            default: throw new EngineException("unary", $"the GPU back end has no kernel for {kind}");
        }
    }

    private void Map<T, R, O>(Tensor x, Tensor y, double p, double q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IUnaryOp
    {
        var args = new MapKernel<T, R, O>.Args
        {
            X = View<T>(x),
            Y = View<T>(y),
            P = T.CreateChecked(p),
            Q = T.CreateChecked(q),
            Count = y.Count,
        };
        if (!Quads<T>(x, y))
        {
            LaunchOver<MapKernel<T, R, O>, MapKernel<T, R, O>.Args>(y.Count, args);
            return;
        }
        LaunchOver<MapQuadsKernel<T, R, O>, MapQuadsKernel<T, R, O>.Args>(QuadLanes(y.Count), new MapQuadsKernel<T, R, O>.Args
        {
            Whole = args,
            X = args.X.Cast<Quad<T>>(),
            Y = args.Y.Cast<Quad<T>>(),
        });
    }

    /// <inheritdoc/>
    public void Binary(BinaryKind kind, Tensor a, Tensor b, Tensor y)
    {
        if (y.DType == DType.F64) Binary<double, F64>(kind, a, b, y);
        else Binary<float, F32>(kind, a, b, y);
    }

    /// <inheritdoc/>
    public void ActivationDoubleBackward(Activation activation, Tensor x, Tensor g, Tensor h, Tensor dg, Tensor dx)
    {
        var (backward, second) = activation switch
        {
            Activation.Gelu => (BinaryKind.GeluBackward, UnaryKind.GeluSecond),
            Activation.QuickGelu => (BinaryKind.QuickGeluBackward, UnaryKind.QuickGeluSecond),
            _ => throw new EngineException("activation_double_backward", $"{activation} has no second derivative"),
        };
        Binary(backward, h, x, dg);
        Unary(second, x, dx);
        Binary(BinaryKind.Mul, dx, g, dx);
        Binary(BinaryKind.Mul, dx, h, dx);
    }

    private void Binary<T, R>(BinaryKind kind, Tensor a, Tensor b, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        switch (kind)
        {
            case BinaryKind.Add: Zip<T, R, AddOp>(a, b, y); break;
            case BinaryKind.Sub: Zip<T, R, SubOp>(a, b, y); break;
            case BinaryKind.Mul: Zip<T, R, MulOp>(a, b, y); break;
            case BinaryKind.Div: Zip<T, R, DivOp>(a, b, y); break;
            case BinaryKind.GeluBackward: Zip<T, R, GeluBackwardOp>(a, b, y); break;
            case BinaryKind.QuickGeluBackward: Zip<T, R, QuickGeluBackwardOp>(a, b, y); break;
            case BinaryKind.TanhBackward: Zip<T, R, TanhBackwardOp>(a, b, y); break;
            case BinaryKind.SigmoidBackward: Zip<T, R, SigmoidBackwardOp>(a, b, y); break;
            case BinaryKind.ReluBackward: Zip<T, R, ReluBackwardOp>(a, b, y); break;
            default: throw new EngineException("binary", $"the GPU back end has no kernel for {kind}");
        }
    }

    private void Zip<T, R, O>(Tensor a, Tensor b, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IBinaryOp
    {
        bool wholeA = a.Count == y.Count, wholeB = b.Count == y.Count;
        if ((!wholeA && a.Count != 1) || (!wholeB && b.Count != 1))
        {
            ZipBroadcast<T, R, O>(a, b, y);
            return;
        }
        var args = new ZipKernel<T, R, O>.Args
        {
            A = View<T>(a),
            B = View<T>(b),
            Y = View<T>(y),
            StrideA = wholeA ? 1 : 0,
            StrideB = wholeB ? 1 : 0,
            Count = y.Count,
        };
        if (!wholeA || !wholeB || !Quads<T>(a, b, y))
        {
            LaunchOver<ZipKernel<T, R, O>, ZipKernel<T, R, O>.Args>(y.Count, args);
            return;
        }
        LaunchOver<ZipQuadsKernel<T, R, O>, ZipQuadsKernel<T, R, O>.Args>(QuadLanes(y.Count), new ZipQuadsKernel<T, R, O>.Args
        {
            Whole = args,
            A = args.A.Cast<Quad<T>>(),
            B = args.B.Cast<Quad<T>>(),
            Y = args.Y.Cast<Quad<T>>(),
        });
    }

    private unsafe void ZipBroadcast<T, R, O>(Tensor a, Tensor b, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IBinaryOp
    {
        if (y.Count == 0) return;
        var plan = BroadcastPlan.Of(a.Shape, b.Shape, y.Shape);
        for (var i = plan.Rank; i < BroadcastPlan.MaxRank; i++) plan.Extent[i] = 1;
        if (plan.Rank >= AxisWalk.MaxAxes)
            throw new ShapeException("binary", $"{a.Shape} and {b.Shape} broadcast over {plan.Rank + 1} axes that cannot be merged; the GPU back end takes {AxisWalk.MaxAxes}. Copy one of them to {y.Shape} first");
        LaunchOver<ZipBroadcastKernel<T, R, O>, ZipBroadcastKernel<T, R, O>.Args>(y.Count, new ZipBroadcastKernel<T, R, O>.Args
        {
            A = View<T>(a),
            B = View<T>(b),
            Y = View<T>(y),
            Inner = (uint)plan.Inner,
            InnerA = (uint)plan.InnerA,
            InnerB = (uint)plan.InnerB,
            Others = plan.Rank,
            Extent1 = (uint)plan.Extent[0],
            StrideA1 = (int)plan.StrideA[0],
            StrideB1 = (int)plan.StrideB[0],
            Extent2 = (uint)plan.Extent[1],
            StrideA2 = (int)plan.StrideA[1],
            StrideB2 = (int)plan.StrideB[1],
            Extent3 = (uint)plan.Extent[2],
            StrideA3 = (int)plan.StrideA[2],
            StrideB3 = (int)plan.StrideB[2],
            Extent4 = (uint)plan.Extent[3],
            StrideA4 = (int)plan.StrideA[3],
            StrideB4 = (int)plan.StrideB[3],
            Extent5 = (uint)plan.Extent[4],
            StrideA5 = (int)plan.StrideA[4],
            StrideB5 = (int)plan.StrideB[4],
            Count = y.Count,
        });
    }

    /// <inheritdoc/>
    public void AddScaled(Tensor x, double alpha, Tensor y)
    {
        if (y.DType == DType.F64) AddScaled<double, F64>(x, alpha, y);
        else AddScaled<float, F32>(x, alpha, y);
    }

    private void AddScaled<T, R>(Tensor x, double alpha, Tensor y)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var args = new AddScaledKernel<T, R>.Args
        {
            X = View<T>(x),
            Y = View<T>(y),
            Alpha = T.CreateTruncating(alpha),
            Count = y.Count,
        };
        if (!Quads<T>(x, y))
        {
            LaunchOver<AddScaledKernel<T, R>, AddScaledKernel<T, R>.Args>(y.Count, args);
            return;
        }
        LaunchOver<AddScaledQuadsKernel<T, R>, AddScaledQuadsKernel<T, R>.Args>(QuadLanes(y.Count), new AddScaledQuadsKernel<T, R>.Args
        {
            Whole = args,
            X = args.X.Cast<Quad<T>>(),
            Y = args.Y.Cast<Quad<T>>(),
        });
    }

    /// <inheritdoc/>
    public void Lerp(ReadOnlySpan<TensorPair> pairs, double weight)
    {
        for (var from = 0; from < pairs.Length;)
            if (pairs[from].Y.DType == DType.F64) Lerp<double, F64>(pairs, ref from, weight);
            else Lerp<float, F32>(pairs, ref from, weight);
    }

    // Takes as many pairs as one launch serves.
    private void Lerp<T, R>(ReadOnlySpan<TensorPair> pairs, ref int from, double weight)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var args = new LerpKernel<T, R>.Args { Weight = T.CreateTruncating(weight) };
        var quads = true;
        for (var i = from; i < pairs.Length && i < from + Batch<LerpSlot<T>>.Size; i++) quads &= Quads<T>(pairs[i].X, pairs[i].Y);
        var dtype = pairs[from].Y.DType;
        for (; from < pairs.Length && pairs[from].Y.DType == dtype; from++)
        {
            var (x, y) = pairs[from];
            if (!args.Slots.Add(new LerpSlot<T> { X = View<T>(x), Y = View<T>(y) }, quads ? QuadsOf(y.Count) : y.Count)) break;
        }
        if (quads) LaunchOver<LerpQuadsKernel<T, R>, LerpKernel<T, R>.Args>(args.Slots.End, args);
        else LaunchOver<LerpKernel<T, R>, LerpKernel<T, R>.Args>(args.Slots.End, args);
    }

    private static int QuadsOf(int count) => count / 4 + (count % 4 == 0 ? 0 : 1);

    // Whether four elements at a time are 16 bytes at an address that takes them.
    private static bool Quads<T>(params ReadOnlySpan<Tensor> tensors) where T : unmanaged => Unsafe.SizeOf<T>() == 4 && Aligned16(tensors);

    // Lanes for whole quads and what is left over.
    private static int QuadLanes(int count) => count / 4 + count % 4;
}
