using System.Numerics;
using System.Runtime.CompilerServices;
using AmcEngine.Backends.Cpu.Simd;

namespace AmcEngine.Backends.Cpu.Kernels;

/// <summary>A function of one vector; p and q are the kernel's parameters, broadcast.</summary>
internal interface IUnaryOp
{
    static abstract V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T>;
}

/// <summary>A function of two vectors.</summary>
internal interface IBinaryOp
{
    static abstract V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T>;
}

internal readonly struct NegOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Mul(x, S.Set(-T.One));
}

internal readonly struct ExpOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.Exp<S, V, T>(x);
}

internal readonly struct LogOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.Log<S, V, T>(x);
}

internal readonly struct TanhOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.Tanh<S, V, T>(x);
}

internal readonly struct SigmoidOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.Sigmoid<S, V, T>(x);
}

internal readonly struct ErfOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.Erf<S, V, T>(x);
}

internal readonly struct GeluOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.Gelu<S, V, T>(x);
}

internal readonly struct GeluFirstOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.GeluFirst<S, V, T>(x);
}

internal readonly struct GeluSecondOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.GeluSecond<S, V, T>(x);
}

internal readonly struct QuickGeluOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.QuickGelu<S, V, T>(x);
}

internal readonly struct QuickGeluFirstOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.QuickGeluFirst<S, V, T>(x);
}

internal readonly struct QuickGeluSecondOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        VectorMath.QuickGeluSecond<S, V, T>(x);
}

internal readonly struct SqrtOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Sqrt(x);
}

internal readonly struct RsqrtOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Div(S.Set(T.One), S.Sqrt(x));
}

internal readonly struct ReciprocalOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Div(S.Set(T.One), x);
}

internal readonly struct ReluOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Max(x, S.Set(T.Zero));
}

internal readonly struct PositiveOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.And(S.Less(S.Set(T.Zero), x), S.Set(T.One));
}

internal readonly struct ClampOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Min(S.Max(x, p), q);
}

internal readonly struct InRangeOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.And(S.And(S.LessEqual(p, x), S.LessEqual(x, q)), S.Set(T.One));
}

internal readonly struct AffineOp : IUnaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V x, V p, V q)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Fma(p, x, q);
}

internal readonly struct AddOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Add(a, b);
}

internal readonly struct SubOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Sub(a, b);
}

internal readonly struct MulOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Mul(a, b);
}

internal readonly struct DivOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Div(a, b);
}

internal readonly struct GeluBackwardOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Mul(a, VectorMath.GeluFirst<S, V, T>(b));
}

internal readonly struct QuickGeluBackwardOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Mul(a, VectorMath.QuickGeluFirst<S, V, T>(b));
}

internal readonly struct TanhBackwardOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Mul(a, S.Sub(S.Set(T.One), S.Mul(b, b)));
}

internal readonly struct SigmoidBackwardOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.Mul(S.Mul(a, b), S.Sub(S.Set(T.One), b));
}

internal readonly struct ReluBackwardOp : IBinaryOp
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Apply<S, V, T>(V a, V b)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged, IFloatingPointIeee754<T> =>
        S.And(S.Less(S.Set(T.Zero), b), a);
}
