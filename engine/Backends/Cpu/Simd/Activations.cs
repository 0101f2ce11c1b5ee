using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>What a matrix product applies to a finished vector.</summary>
internal interface IActivation
{
    /// <summary>f(x).</summary>
    static abstract V Value<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged;
}

/// <summary>An activation with two derivatives, which share most of their work.</summary>
internal interface ISmoothActivation : IActivation
{
    /// <summary>f′(x), and f″(x) in <paramref name="second"/>.</summary>
    static abstract V Derivatives<S, V, T>(V x, out V second)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged;
}

/// <summary>The product as it is.</summary>
internal readonly struct NoActivation : IActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged => x;
}

/// <summary>GELU by the error function.</summary>
internal readonly struct GeluActivation : ISmoothActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        VectorMath.Gelu<S, V, T>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivatives<S, V, T>(V x, out V second)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        VectorMath.GeluDerivatives<S, V, T>(x, out second);
}

/// <summary>The quick GELU, x·σ(1.702 x).</summary>
internal readonly struct QuickGeluActivation : ISmoothActivation
{
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Value<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        VectorMath.QuickGelu<S, V, T>(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Derivatives<S, V, T>(V x, out V second)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        VectorMath.QuickGeluDerivatives<S, V, T>(x, out second);
}
