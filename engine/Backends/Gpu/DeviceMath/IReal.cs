using System.Numerics;

namespace AmcEngine.Backends.Gpu.DeviceMath;

/// <summary>
/// The functions of a floating type on a device: what operators alone cannot say. Kernels are generic over the
/// type T and its functions R; ILGPU compiles one version for f32 and one for f64 from the same source.
/// The same formulas as on the CPU back end, in the same order of operations; nothing uses a device's approximate
/// instructions.
/// </summary>
/// <typeparam name="T">float or double.</typeparam>
internal interface IReal<T> where T : unmanaged, IFloatingPointIeee754<T>
{
    /// <summary>A constant.</summary>
    static abstract T From(double value);

    /// <summary>A whole number.</summary>
    static abstract T FromInt(int value);

    /// <summary>a·b + c, rounded once.</summary>
    static abstract T Fma(T a, T b, T c);

    /// <summary>√x, correctly rounded where the device does so.</summary>
    static abstract T Sqrt(T x);

    /// <summary>1/√x.</summary>
    static abstract T Rsqrt(T x);

    /// <summary>|x|.</summary>
    static abstract T Abs(T x);

    /// <summary>The larger; NaN wins.</summary>
    static abstract T Max(T a, T b);

    /// <summary>The smaller; NaN wins.</summary>
    static abstract T Min(T a, T b);

    /// <summary>eˣ.</summary>
    static abstract T Exp(T x);

    /// <summary>ln x.</summary>
    static abstract T Log(T x);

    /// <summary>tanh x.</summary>
    static abstract T Tanh(T x);

    /// <summary>1/(1 + e⁻ˣ).</summary>
    static abstract T Sigmoid(T x);

    /// <summary>erf x.</summary>
    static abstract T Erf(T x);

    /// <summary>cos 2πu for u in [0, 1).</summary>
    static abstract T CosTurns(T u);

    /// <summary>sin 2πu for u in [0, 1).</summary>
    static abstract T SinTurns(T u);

    /// <summary>x·Φ(x).</summary>
    static abstract T Gelu(T x);

    /// <summary>Φ(x) + x·φ(x).</summary>
    static abstract T GeluFirst(T x);

    /// <summary>φ(x)·(2 − x²).</summary>
    static abstract T GeluSecond(T x);

    /// <summary>x·σ(1.702 x).</summary>
    static abstract T QuickGelu(T x);

    /// <summary>First derivative of <see cref="QuickGelu"/>.</summary>
    static abstract T QuickGeluFirst(T x);

    /// <summary>Second derivative of <see cref="QuickGelu"/>.</summary>
    static abstract T QuickGeluSecond(T x);
}
