using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Gpu.DeviceMath;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Kernels;
using AmcEngine.Backends.Plans;
using AmcEngine.Tensors;
using ILGPU;
using ILGPU.Runtime;

namespace AmcEngine.Backends.Gpu.Kernels;

// Elementwise functions. Layout: flat; lanes stride over the elements, or over quads of f32 where all operands start at
// a multiple of 16 bytes (the last elements that fill no quad go to the first lanes). The function is a struct
// (ElementwiseOps.cs), so that each combination is a kernel of its own. Nothing is accumulated but where y is an
// operand. Traffic: every operand once, the result once, so that these run at memory speed.

/// <summary>Elementwise functions of one and two operands.</summary>
internal sealed class ElementwiseKernels(GpuContext context) : GpuKernels(context), IElementwiseKernels
{
    /// <inheritdoc/>
    public void Run(in UnaryArgs args)
    {
        if (args.Y.DType == DType.F64) Unary<double, F64>(args);
        else Unary<float, F32>(args);
    }

    private void Unary<T, R>(in UnaryArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (kind, x, y, p, q) = args;
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
        LaunchOver<MapQuadsKernel<T, R, O>, MapQuadsKernel<T, R, O>.Args>(
            QuadLanes(y.Count), new MapQuadsKernel<T, R, O>.Args
            {
                Whole = args,
                X = args.X.Cast<Quad<T>>(),
                Y = args.Y.Cast<Quad<T>>(),
            });
    }

    /// <inheritdoc/>
    public void Run(in BinaryArgs args)
    {
        if (args.Y.DType == DType.F64) Binary<double, F64>(args);
        else Binary<float, F32>(args);
    }

    /// <inheritdoc/>
    public void Run(in ActivationDoubleBackwardArgs args)
    {
        var (activation, x, g, h, dg, dx) = args;
        var (backward, second) = activation switch
        {
            Activation.Gelu => (BinaryKind.GeluBackward, UnaryKind.GeluSecond),
            Activation.QuickGelu => (BinaryKind.QuickGeluBackward, UnaryKind.QuickGeluSecond),
            _ => throw new EngineException("activation_double_backward", $"{activation} has no second derivative"),
        };
        Run(new BinaryArgs(backward, h, x, dg));
        Run(new UnaryArgs(second, x, dx));
        Run(new BinaryArgs(BinaryKind.Mul, dx, g, dx));
        Run(new BinaryArgs(BinaryKind.Mul, dx, h, dx));
    }

    private void Binary<T, R>(in BinaryArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (kind, a, b, y) = args;
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
        LaunchOver<ZipQuadsKernel<T, R, O>, ZipQuadsKernel<T, R, O>.Args>(
            QuadLanes(y.Count), new ZipQuadsKernel<T, R, O>.Args
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
            throw new ShapeException("binary", $"{a.Shape} and {b.Shape} broadcast over {plan.Rank + 1} axes that "
                + $"cannot be merged; the GPU back end takes {AxisWalk.MaxAxes}. Copy one of them to {y.Shape} first");
        LaunchOver<ZipBroadcastKernel<T, R, O>, ZipBroadcastKernel<T, R, O>.Args>(
            y.Count, new ZipBroadcastKernel<T, R, O>.Args
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
    public void Run(in AddScaledArgs args)
    {
        if (args.Y.DType == DType.F64) AddScaled<double, F64>(args);
        else AddScaled<float, F32>(args);
    }

    private void AddScaled<T, R>(in AddScaledArgs args)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
    {
        var (x, alpha, y) = args;
        var call = new AddScaledKernel<T, R>.Args
        {
            X = View<T>(x),
            Y = View<T>(y),
            Alpha = T.CreateTruncating(alpha),
            Count = y.Count,
        };
        if (!Quads<T>(x, y))
        {
            LaunchOver<AddScaledKernel<T, R>, AddScaledKernel<T, R>.Args>(y.Count, call);
            return;
        }
        LaunchOver<AddScaledQuadsKernel<T, R>, AddScaledQuadsKernel<T, R>.Args>(
            QuadLanes(y.Count), new AddScaledQuadsKernel<T, R>.Args
            {
                Whole = call,
                X = call.X.Cast<Quad<T>>(),
                Y = call.Y.Cast<Quad<T>>(),
            });
    }
}

/// <summary>y = f(x; p, q).</summary>
internal readonly struct MapKernel<T, R, O> : IDeviceKernel<MapKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IUnaryOp
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Y;
        public T P;
        public T Q;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
            a.Y[i] = O.Apply<T, R>(a.X[i], a.P, a.Q);
    }
}

/// <summary>y = f(x; p, q) by quads.</summary>
internal readonly struct MapQuadsKernel<T, R, O> : IDeviceKernel<MapQuadsKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IUnaryOp
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public MapKernel<T, R, O>.Args Whole;
        public ArrayView<Quad<T>> X;
        public ArrayView<Quad<T>> Y;
    }

    public static void Run(Args a)
    {
        var first = Grid.GlobalIndex.X;
        var quads = a.Whole.Count / 4;
        T p = a.Whole.P, q = a.Whole.Q;
        for (var i = first; i < quads; i += Grid.DimX * Group.DimX)
        {
            var x = a.X[i];
            x.X = O.Apply<T, R>(x.X, p, q);
            x.Y = O.Apply<T, R>(x.Y, p, q);
            x.Z = O.Apply<T, R>(x.Z, p, q);
            x.W = O.Apply<T, R>(x.W, p, q);
            a.Y[i] = x;
        }
        var rest = 4 * quads + first;
        if (rest < a.Whole.Count) a.Whole.Y[rest] = O.Apply<T, R>(a.Whole.X[rest], p, q);
    }
}

/// <summary>y = f(a, b), each operand of y's size (stride 1) or one element (stride 0).</summary>
internal readonly struct ZipKernel<T, R, O> : IDeviceKernel<ZipKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IBinaryOp
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> A;
        public ArrayView<T> B;
        public ArrayView<T> Y;
        public int StrideA;
        public int StrideB;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
            a.Y[i] = O.Apply<T, R>(a.A[i * a.StrideA], a.B[i * a.StrideB]);
    }
}

/// <summary>y = f(a, b) by quads, both operands of y's size.</summary>
internal readonly struct ZipQuadsKernel<T, R, O> : IDeviceKernel<ZipQuadsKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IBinaryOp
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ZipKernel<T, R, O>.Args Whole;
        public ArrayView<Quad<T>> A;
        public ArrayView<Quad<T>> B;
        public ArrayView<Quad<T>> Y;
    }

    public static void Run(Args a)
    {
        var first = Grid.GlobalIndex.X;
        var quads = a.Whole.Count / 4;
        for (var i = first; i < quads; i += Grid.DimX * Group.DimX)
        {
            var x = a.A[i];
            var y = a.B[i];
            x.X = O.Apply<T, R>(x.X, y.X);
            x.Y = O.Apply<T, R>(x.Y, y.Y);
            x.Z = O.Apply<T, R>(x.Z, y.Z);
            x.W = O.Apply<T, R>(x.W, y.W);
            a.Y[i] = x;
        }
        var rest = 4 * quads + first;
        if (rest < a.Whole.Count) a.Whole.Y[rest] = O.Apply<T, R>(a.Whole.A[rest], a.Whole.B[rest]);
    }
}

/// <summary>
/// y = f(a, b) with broadcasting over at most six merged axes: the innermost, along which an operand runs or
/// repeats, and up to five others. A bias or a column has one other axis and costs one division an element.
/// </summary>
internal readonly struct ZipBroadcastKernel<T, R, O> : IDeviceKernel<ZipBroadcastKernel<T, R, O>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> where O : struct, IBinaryOp
{
    /// <summary>Arguments; axes are numbered outwards, those that are not there have extent 1.</summary>
    public struct Args
    {
        public ArrayView<T> A;
        public ArrayView<T> B;
        public ArrayView<T> Y;
        public uint Inner;
        public uint InnerA;
        public uint InnerB;
        public int Others;
        public uint Extent1;
        public int StrideA1;
        public int StrideB1;
        public uint Extent2;
        public int StrideA2;
        public int StrideB2;
        public uint Extent3;
        public int StrideA3;
        public int StrideB3;
        public uint Extent4;
        public int StrideA4;
        public int StrideB4;
        public uint Extent5;
        public int StrideA5;
        public int StrideB5;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
        {
            var row = (uint)i / a.Inner;
            var n = (uint)i - row * a.Inner;
            var atA = (int)(n * a.InnerA);
            var atB = (int)(n * a.InnerB);
            if (a.Others > 1)
            {
                row = AxisWalk.Enter(row, a.Extent1, a.StrideA1, a.StrideB1, ref atA, ref atB);
                row = AxisWalk.Enter(row, a.Extent2, a.StrideA2, a.StrideB2, ref atA, ref atB);
                if (a.Others > 3)
                {
                    row = AxisWalk.Enter(row, a.Extent3, a.StrideA3, a.StrideB3, ref atA, ref atB);
                    row = AxisWalk.Enter(row, a.Extent4, a.StrideA4, a.StrideB4, ref atA, ref atB);
                    AxisWalk.Enter(row, a.Extent5, a.StrideA5, a.StrideB5, ref atA, ref atB);
                }
                else
                {
                    AxisWalk.Enter(row, a.Extent3, a.StrideA3, a.StrideB3, ref atA, ref atB);
                }
            }
            else
            {
                atA += (int)row * a.StrideA1;
                atB += (int)row * a.StrideB1;
            }
            a.Y[i] = O.Apply<T, R>(a.A[atA], a.B[atB]);
        }
    }
}

/// <summary>y += alpha·x.</summary>
internal readonly struct AddScaledKernel<T, R> : IDeviceKernel<AddScaledKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public ArrayView<T> X;
        public ArrayView<T> Y;
        public T Alpha;
        public int Count;
    }

    public static void Run(Args a)
    {
        for (var i = Grid.GlobalIndex.X; i < a.Count; i += Grid.DimX * Group.DimX)
            a.Y[i] = R.Fma(a.Alpha, a.X[i], a.Y[i]);
    }
}

/// <summary>y += alpha·x by quads.</summary>
internal readonly struct AddScaledQuadsKernel<T, R> : IDeviceKernel<AddScaledQuadsKernel<T, R>.Args>
    where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>
{
    /// <summary>The kernel's operands.</summary>
    public struct Args
    {
        public AddScaledKernel<T, R>.Args Whole;
        public ArrayView<Quad<T>> X;
        public ArrayView<Quad<T>> Y;
    }

    public static void Run(Args a)
    {
        var first = Grid.GlobalIndex.X;
        var quads = a.Whole.Count / 4;
        var alpha = a.Whole.Alpha;
        for (var i = first; i < quads; i += Grid.DimX * Group.DimX)
        {
            var x = a.X[i];
            var y = a.Y[i];
            y.X = R.Fma(alpha, x.X, y.X);
            y.Y = R.Fma(alpha, x.Y, y.Y);
            y.Z = R.Fma(alpha, x.Z, y.Z);
            y.W = R.Fma(alpha, x.W, y.W);
            a.Y[i] = y;
        }
        var rest = 4 * quads + first;
        if (rest < a.Whole.Count) a.Whole.Y[rest] = R.Fma(alpha, a.Whole.X[rest], a.Whole.Y[rest]);
    }
}
