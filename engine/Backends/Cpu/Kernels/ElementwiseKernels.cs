using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Host;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Backends.Plans;
using AmcEngine.Tensors;

namespace AmcEngine.Backends.Cpu.Kernels;

// Loops of the elementwise kernels: flat memory, one pass; two operands of equal shape take two vectors an iteration; a
// result far larger than the caches is written past them; the tail is a masked vector, so that an element's value does
// not depend on where it lies. Loops are never inlined: in a caller the JIT runs out of its inlining budget and leaves
// calls in the loop (GELU was 10 times slower).

/// <summary>
/// Elementwise functions of one and two operands: flat, or rows of the innermost merged axis for broadcasting.
/// </summary>
internal sealed class ElementwiseKernels(CpuHost host) : CpuKernels(host), IElementwiseKernels
{
    /// <inheritdoc/>
    public void Run(in UnaryArgs args)
    {
        if (args.Y.DType == DType.F64) Unary<double>(args);
        else Unary<float>(args);
    }

    private void Unary<T>(in UnaryArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (kind, x, y, p, q) = args;
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

    private unsafe void Map<T, O>(Tensor x, Tensor y, double p, double q, int tile)
        where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IUnaryOp =>
        Run<T, MapKernel<T, O>>(new MapKernel<T, O>(
            Ptr<T>(x), Ptr<T>(y), Cast<T>(p), Cast<T>(q), Streams(y) && !InPlace(x, y)), y.Count, tile);

    /// <inheritdoc/>
    public void Run(in BinaryArgs args)
    {
        if (args.Y.DType == DType.F64) Binary<double>(args);
        else Binary<float>(args);
    }

    private void Binary<T>(in BinaryArgs args) where T : unmanaged, IFloatingPointIeee754<T>
    {
        var (kind, a, b, y) = args;
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

    private unsafe void Zip<T, O>(Tensor a, Tensor b, Tensor y, int tile)
        where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IBinaryOp
    {
        T* pa = Ptr<T>(a), pb = Ptr<T>(b), py = Ptr<T>(y);
        bool wholeA = a.Count == y.Count, wholeB = b.Count == y.Count;
        if ((wholeA || a.Count == 1) && (wholeB || b.Count == 1))
        {
            Run<T, ZipKernel<T, O>>(new ZipKernel<T, O>(
                pa, pb, py, wholeA, wholeB, Streams(y) && !InPlace(a, y) && !InPlace(b, y)), y.Count, tile);
            return;
        }
        var plan = BroadcastPlan.Of(a.Shape, b.Shape, y.Shape);
        Run<T, ZipRowsKernel<T, O>>(new ZipRowsKernel<T, O>(pa, pb, py, plan), plan.Rows, RowTile(tile, plan.Inner));
    }

    /// <inheritdoc/>
    public void Run(in ActivationDoubleBackwardArgs args)
    {
        if (args.X.DType == DType.F64) DoubleBackward<double>(args);
        else DoubleBackward<float>(args);
    }

    private void DoubleBackward<T>(in ActivationDoubleBackwardArgs args) where T : unmanaged
    {
        switch (args.Activation)
        {
            case Activation.Gelu: DoubleBackward<T, GeluActivation>(args); break;
            case Activation.QuickGelu: DoubleBackward<T, QuickGeluActivation>(args); break;
            default:
                throw new EngineException("activation_double_backward", $"{args.Activation} has no second derivative");
        }
    }

    private unsafe void DoubleBackward<T, A>(in ActivationDoubleBackwardArgs args)
        where T : unmanaged where A : struct, ISmoothActivation
    {
        var (_, x, g, h, dg, dx) = args;
        var kernel = new ActivationDoubleBackwardKernel<T, A>(Ptr<T>(x), Ptr<T>(g), Ptr<T>(h), Ptr<T>(dg), Ptr<T>(dx));
        Run<T, ActivationDoubleBackwardKernel<T, A>>(kernel, x.Count, DearTile);
    }

    /// <inheritdoc/>
    public unsafe void Run(in AddScaledArgs args)
    {
        var (x, alpha, y) = args;
        if (y.DType == DType.F64) Run<double, AddScaledKernel<double>>(
            new AddScaledKernel<double>(Ptr<double>(x), alpha, Ptr<double>(y)), y.Count, CheapTile);
        else Run<float, AddScaledKernel<float>>(
            new AddScaledKernel<float>(Ptr<float>(x), (float)alpha, Ptr<float>(y)), y.Count, CheapTile);
    }
}

/// <summary>How a loop writes its result.</summary>
internal unsafe interface IWrite
{
    static abstract void Write<S, V, T>(V v, T* p) where S : ISimd<V, T> where V : unmanaged where T : unmanaged;
}

/// <summary>Into the caches, for the next kernel.</summary>
internal readonly unsafe struct WriteCached : IWrite
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<S, V, T>(V v, T* p)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.Store(v, p);
}

/// <summary>Past the caches; addresses are aligned to a vector.</summary>
internal readonly unsafe struct WritePast : IWrite
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<S, V, T>(V v, T* p)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.Stream(v, p);
}

/// <summary>y = f(x).</summary>
internal readonly unsafe struct MapKernel<T, O>(T* x, T* y, T p, T q, bool stream) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IUnaryOp
{
    private readonly bool _stream = stream;
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly T _p = p;
    private readonly T _q = q;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        if (_stream && (nint)(_y + from) % sizeof(V) == 0)
        {
            Loop<S, V, WritePast>(from, to);
            SimdDispatch.StoreFence();
        }
        else
        {
            Loop<S, V, WriteCached>(from, to);
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private void Loop<S, V, W>(int from, int to) where S : ISimd<V, T> where V : unmanaged where W : struct, IWrite
    {
        T* x = _x, y = _y;
        V p = S.Set(_p), q = S.Set(_q);
        var i = from;
        for (; i <= to - S.Count; i += S.Count) W.Write<S, V, T>(O.Apply<S, V, T>(S.Load(x + i), p, q), y + i);
        if (i < to) S.StorePartial(O.Apply<S, V, T>(S.LoadPartial(x + i, to - i, default), p, q), y + i, to - i);
    }
}

/// <summary>y = f(a, b), each operand of y's size or one element.</summary>
internal readonly unsafe struct ZipKernel<T, O>(T* a, T* b, T* y, bool wholeA, bool wholeB, bool stream)
    : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IBinaryOp
{
    private readonly bool _stream = stream;
    private readonly T* _a = a;
    private readonly T* _b = b;
    private readonly T* _y = y;
    private readonly bool _wholeA = wholeA;
    private readonly bool _wholeB = wholeB;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged =>
        ZipRow<T, O>.Run<S, V>(
            _wholeA ? _a + from : _a, _wholeA, _wholeB ? _b + from : _b, _wholeB, _y + from, to - from, _stream);
}

/// <summary>One row of y = f(a, b), each operand a row or one element.</summary>
internal static unsafe class ZipRow<T, O> where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IBinaryOp
{
    public static void Run<S, V>(T* a, bool rowA, T* b, bool rowB, T* y, int n, bool stream = false)
        where S : ISimd<V, T> where V : unmanaged
    {
        if (rowA && rowB && stream && (nint)y % sizeof(V) == 0)
        {
            Both<S, V, WritePast>(a, b, y, n);
            SimdDispatch.StoreFence();
        }
        else if (rowA && rowB) Both<S, V, WriteCached>(a, b, y, n);
        else if (rowA) Left<S, V>(a, S.Set(*b), y, n);
        else if (rowB) Right<S, V>(S.Set(*a), b, y, n);
        else Fill<S, V>(O.Apply<S, V, T>(S.Set(*a), S.Set(*b)), y, n);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Both<S, V, W>(T* a, T* b, T* y, int n)
        where S : ISimd<V, T> where V : unmanaged where W : struct, IWrite
    {
        var i = 0;
        for (; i <= n - 2 * S.Count; i += 2 * S.Count)
        {
            V v = O.Apply<S, V, T>(S.Load(a + i), S.Load(b + i)),
                w = O.Apply<S, V, T>(S.Load(a + i + S.Count), S.Load(b + i + S.Count));
            W.Write<S, V, T>(v, y + i);
            W.Write<S, V, T>(w, y + i + S.Count);
        }
        if (i <= n - S.Count)
        {
            S.Store(O.Apply<S, V, T>(S.Load(a + i), S.Load(b + i)), y + i);
            i += S.Count;
        }
        if (i < n) S.StorePartial(
            O.Apply<S, V, T>(S.LoadPartial(a + i, n - i, default), S.LoadPartial(b + i, n - i, default)), y + i, n - i);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Left<S, V>(T* a, V b, T* y, int n) where S : ISimd<V, T> where V : unmanaged
    {
        var i = 0;
        for (; i <= n - S.Count; i += S.Count) S.Store(O.Apply<S, V, T>(S.Load(a + i), b), y + i);
        if (i < n) S.StorePartial(O.Apply<S, V, T>(S.LoadPartial(a + i, n - i, default), b), y + i, n - i);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Right<S, V>(V a, T* b, T* y, int n) where S : ISimd<V, T> where V : unmanaged
    {
        var i = 0;
        for (; i <= n - S.Count; i += S.Count) S.Store(O.Apply<S, V, T>(a, S.Load(b + i)), y + i);
        if (i < n) S.StorePartial(O.Apply<S, V, T>(a, S.LoadPartial(b + i, n - i, default)), y + i, n - i);
    }

    private static void Fill<S, V>(V value, T* y, int n) where S : ISimd<V, T> where V : unmanaged =>
        new Span<T>(y, n).Fill(S.Lane(value, 0));
}

/// <summary>y = f(a, b) with broadcasting, row by row of the innermost merged axis.</summary>
internal readonly unsafe struct ZipRowsKernel<T, O>(T* a, T* b, T* y, BroadcastPlan plan) : ISimdKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IBinaryOp
{
    private readonly T* _a = a;
    private readonly T* _b = b;
    private readonly T* _y = y;
    private readonly BroadcastPlan _plan = plan;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        var walk = new BroadcastWalk(_plan, from);
        var inner = _plan.Inner;
        bool rowA = _plan.InnerA != 0, rowB = _plan.InnerB != 0;
        for (var row = from; row < to; row++)
        {
            ZipRow<T, O>.Run<S, V>(_a + walk.OffsetA, rowA, _b + walk.OffsetB, rowB, _y + (long)row * inner, inner);
            walk.Next();
        }
    }
}

/// <summary>dg = h·f′(x), dx = h·g·f″(x) of a smooth activation f.</summary>
internal readonly unsafe struct ActivationDoubleBackwardKernel<T, A>(T* x, T* g, T* h, T* dg, T* dx) : ISimdKernel<T>
    where T : unmanaged where A : struct, ISmoothActivation
{
    private readonly T* _x = x;
    private readonly T* _g = g;
    private readonly T* _h = h;
    private readonly T* _dg = dg;
    private readonly T* _dx = dx;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        T* x = _x, g = _g, h = _h, dg = _dg, dx = _dx;
        var i = from;
        for (; i <= to - S.Count; i += S.Count)
        {
            var first = A.Derivatives<S, V, T>(S.Load(x + i), out var second);
            var c = S.Load(h + i);
            S.Store(S.Mul(c, first), dg + i);
            S.Store(S.Mul(S.Mul(c, S.Load(g + i)), second), dx + i);
        }
        var rest = to - i;
        if (rest == 0) return;
        var edge = A.Derivatives<S, V, T>(S.LoadPartial(x + i, rest, default), out var edge2);
        var cotangent = S.LoadPartial(h + i, rest, default);
        S.StorePartial(S.Mul(cotangent, edge), dg + i, rest);
        S.StorePartial(S.Mul(S.Mul(cotangent, S.LoadPartial(g + i, rest, default)), edge2), dx + i, rest);
    }
}

/// <summary>y += alpha·x.</summary>
internal readonly unsafe struct AddScaledKernel<T>(T* x, T alpha, T* y) : ISimdKernel<T> where T : unmanaged
{
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly T _alpha = alpha;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        T* x = _x, y = _y;
        var alpha = S.Set(_alpha);
        var i = from;
        for (; i <= to - S.Count; i += S.Count) S.Store(S.Fma(alpha, S.Load(x + i), S.Load(y + i)), y + i);
        if (i < to) S.StorePartial(
            S.Fma(alpha, S.LoadPartial(x + i, to - i, default), S.LoadPartial(y + i, to - i, default)), y + i, to - i);
    }
}

/// <summary>Where the rows of a broadcast begin, one after another.</summary>
internal unsafe struct BroadcastWalk
{
    private readonly BroadcastPlan _plan;
    private fixed int _index[BroadcastPlan.MaxRank];

    /// <summary>Starts at a row.</summary>
    public BroadcastWalk(in BroadcastPlan plan, int row)
    {
        _plan = plan;
        OffsetA = OffsetB = 0;
        for (var d = 0; d < plan.Rank; d++)
        {
            var extent = _plan.Extent[d];
            _index[d] = row % extent;
            row /= extent;
            OffsetA += _index[d] * _plan.StrideA[d];
            OffsetB += _index[d] * _plan.StrideB[d];
        }
    }

    /// <summary>First element of a's row.</summary>
    public long OffsetA { get; private set; }

    /// <summary>First element of b's row.</summary>
    public long OffsetB { get; private set; }

    /// <summary>Moves to the next row.</summary>
    public void Next()
    {
        for (var d = 0; d < _plan.Rank; d++)
        {
            OffsetA += _plan.StrideA[d];
            OffsetB += _plan.StrideB[d];
            if (++_index[d] < _plan.Extent[d]) return;
            OffsetA -= _plan.Extent[d] * _plan.StrideA[d];
            OffsetB -= _plan.Extent[d] * _plan.StrideB[d];
            _index[d] = 0;
        }
    }
}
