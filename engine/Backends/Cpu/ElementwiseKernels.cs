using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Plans;

namespace AmcEngine.Backends.Cpu;

// Loops of the elementwise kernels: flat memory, one pass; two operands of equal shape take two vectors an iteration; a result
// far larger than the caches is written past them; the tail is a masked vector, so that an element's value does not depend on
// where it lies. Loops are never inlined: in a caller the JIT runs out of its inlining budget and leaves calls in the loop
// (GELU was 10 times slower).

/// <summary>How a loop writes its result.</summary>
internal unsafe interface IWrite
{
    static abstract void Write<S, V, T>(V v, T* p) where S : ISimd<V, T> where V : unmanaged where T : unmanaged;
}

/// <summary>Into the caches, for the next kernel.</summary>
internal readonly unsafe struct WriteCached : IWrite
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<S, V, T>(V v, T* p) where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.Store(v, p);
}

/// <summary>Past the caches; addresses are aligned to a vector.</summary>
internal readonly unsafe struct WritePast : IWrite
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Write<S, V, T>(V v, T* p) where S : ISimd<V, T> where V : unmanaged where T : unmanaged => S.Stream(v, p);
}

/// <summary>y = f(x).</summary>
internal readonly unsafe struct MapKernel<T, O>(T* x, T* y, T p, T q, bool stream) : IKernel<T>
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
            Simd.StoreFence();
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
internal readonly unsafe struct ZipKernel<T, O>(T* a, T* b, T* y, bool wholeA, bool wholeB, bool stream) : IKernel<T>
    where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IBinaryOp
{
    private readonly bool _stream = stream;
    private readonly T* _a = a;
    private readonly T* _b = b;
    private readonly T* _y = y;
    private readonly bool _wholeA = wholeA;
    private readonly bool _wholeB = wholeB;

    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged =>
        ZipRow<T, O>.Run<S, V>(_wholeA ? _a + from : _a, _wholeA, _wholeB ? _b + from : _b, _wholeB, _y + from, to - from, _stream);
}

/// <summary>One row of y = f(a, b), each operand a row or one element.</summary>
internal static unsafe class ZipRow<T, O> where T : unmanaged, IFloatingPointIeee754<T> where O : struct, IBinaryOp
{
    public static void Run<S, V>(T* a, bool rowA, T* b, bool rowB, T* y, int n, bool stream = false) where S : ISimd<V, T> where V : unmanaged
    {
        if (rowA && rowB && stream && (nint)y % sizeof(V) == 0)
        {
            Both<S, V, WritePast>(a, b, y, n);
            Simd.StoreFence();
        }
        else if (rowA && rowB) Both<S, V, WriteCached>(a, b, y, n);
        else if (rowA) Left<S, V>(a, S.Set(*b), y, n);
        else if (rowB) Right<S, V>(S.Set(*a), b, y, n);
        else Fill<S, V>(O.Apply<S, V, T>(S.Set(*a), S.Set(*b)), y, n);
    }

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    private static void Both<S, V, W>(T* a, T* b, T* y, int n) where S : ISimd<V, T> where V : unmanaged where W : struct, IWrite
    {
        var i = 0;
        for (; i <= n - 2 * S.Count; i += 2 * S.Count)
        {
            V v = O.Apply<S, V, T>(S.Load(a + i), S.Load(b + i)), w = O.Apply<S, V, T>(S.Load(a + i + S.Count), S.Load(b + i + S.Count));
            W.Write<S, V, T>(v, y + i);
            W.Write<S, V, T>(w, y + i + S.Count);
        }
        if (i <= n - S.Count)
        {
            S.Store(O.Apply<S, V, T>(S.Load(a + i), S.Load(b + i)), y + i);
            i += S.Count;
        }
        if (i < n) S.StorePartial(O.Apply<S, V, T>(S.LoadPartial(a + i, n - i, default), S.LoadPartial(b + i, n - i, default)), y + i, n - i);
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
internal readonly unsafe struct ZipRowsKernel<T, O>(T* a, T* b, T* y, BroadcastPlan plan) : IKernel<T>
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
internal readonly unsafe struct ActivationDoubleBackwardKernel<T, A>(T* x, T* g, T* h, T* dg, T* dx) : IKernel<T>
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
internal readonly unsafe struct AddScaledKernel<T>(T* x, T alpha, T* y) : IKernel<T> where T : unmanaged
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
        if (i < to) S.StorePartial(S.Fma(alpha, S.LoadPartial(x + i, to - i, default), S.LoadPartial(y + i, to - i, default)), y + i, to - i);
    }
}

/// <summary>y += weight·(x − y).</summary>
internal readonly unsafe struct LerpKernel<T>(T* x, T weight, T* y) : IKernel<T> where T : unmanaged
{
    private readonly T* _x = x;
    private readonly T* _y = y;
    private readonly T _weight = weight;

    [MethodImpl(MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization)]
    public void Run<S, V>(int from, int to) where S : ISimd<V, T> where V : unmanaged
    {
        T* x = _x, y = _y;
        var weight = S.Set(_weight);
        var i = from;
        for (; i <= to - S.Count; i += S.Count)
        {
            var old = S.Load(y + i);
            S.Store(S.Fma(weight, S.Sub(S.Load(x + i), old), old), y + i);
        }
        if (i < to)
        {
            var old = S.LoadPartial(y + i, to - i, default);
            S.StorePartial(S.Fma(weight, S.Sub(S.LoadPartial(x + i, to - i, default), old), old), y + i, to - i);
        }
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
