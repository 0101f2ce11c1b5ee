using System.Numerics;
using AmcEngine.Backends.Gpu.DeviceMath;

namespace AmcEngine.Backends.Gpu.Kernels;

/// <summary>A function of one value; p and q are the kernel's parameters.</summary>
internal interface IUnaryOp
{
    static abstract T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>;
}

/// <summary>A function of two values.</summary>
internal interface IBinaryOp
{
    static abstract T Apply<T, R>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T>;
}

/// <summary>x as it is: a matrix product without an activation.</summary>
internal readonly struct IdentityOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => x;
}

internal readonly struct NegOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => -x;
}

internal readonly struct ExpOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Exp(x);
}

internal readonly struct LogOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Log(x);
}

internal readonly struct SqrtOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Sqrt(x);
}

internal readonly struct RsqrtOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Rsqrt(x);
}

internal readonly struct ReciprocalOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => T.One / x;
}

internal readonly struct TanhOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Tanh(x);
}

internal readonly struct SigmoidOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Sigmoid(x);
}

internal readonly struct ErfOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Erf(x);
}

internal readonly struct GeluOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Gelu(x);
}

internal readonly struct GeluFirstOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.GeluFirst(x);
}

internal readonly struct GeluSecondOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.GeluSecond(x);
}

internal readonly struct QuickGeluOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.QuickGelu(x);
}

internal readonly struct QuickGeluFirstOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.QuickGeluFirst(x);
}

internal readonly struct QuickGeluSecondOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.QuickGeluSecond(x);
}

internal readonly struct ReluOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Max(x, T.Zero);
}

internal readonly struct PositiveOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => x > T.Zero ? T.One : T.Zero;
}

internal readonly struct ClampOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Min(R.Max(x, p), q);
}

internal readonly struct InRangeOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => x >= p & x <= q ? T.One : T.Zero;
}

internal readonly struct AffineOp : IUnaryOp
{
    public static T Apply<T, R>(T x, T p, T q)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => R.Fma(p, x, q);
}

internal readonly struct AddOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => a + b;
}

internal readonly struct SubOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => a - b;
}

internal readonly struct MulOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => a * b;
}

internal readonly struct DivOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b)
        where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> => a / b;
}

internal readonly struct GeluBackwardOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        a * R.GeluFirst(b);
}

internal readonly struct QuickGeluBackwardOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        a * R.QuickGeluFirst(b);
}

internal readonly struct TanhBackwardOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        a * (T.One - b * b);
}

internal readonly struct SigmoidBackwardOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        a * b * (T.One - b);
}

internal readonly struct ReluBackwardOp : IBinaryOp
{
    public static T Apply<T, R>(T a, T b) where T : unmanaged, IFloatingPointIeee754<T> where R : struct, IReal<T> =>
        b > T.Zero ? a : T.Zero;
}
