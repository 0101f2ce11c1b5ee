using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Gpu.DeviceMath;

/// <summary>
/// Functions of f32: exp, log, tanh, erf, sigmoid and 1/√x within 2 ulp (tests sweep them), with the polynomials of the
/// CPU back end. exp takes about 12 FLOP, GELU 35. Infinities, NaN and denormals come out as IEEE wants.
/// </summary>
internal readonly struct F32 : IReal<float>
{
    private const float InverseSqrt2Pi = 0.39894228040143267794f;
    private const float QuickFactor = (float)ActivationConstants.QuickFactor;
    // 1.702 less its nearest f32.
    private const float QuickFactorRest = (float)(ActivationConstants.QuickFactor - (double)QuickFactor);
    // e^−(1.702·64) is below the denormals of f32; 64 keeps infinities out of products with 0.
    private const float QuickLimit = 64;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float From(double value) => (float)value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float FromInt(int value) => value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Fma(float a, float b, float c) => DeviceIntrinsics.Fma(a, b, c);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sqrt(float x) => MathF.Sqrt(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Rsqrt(float x) => 1f / MathF.Sqrt(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Abs(float x) => MathF.Abs(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Max(float a, float b) => a > b | IsNaN(a) ? a : b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Min(float a, float b) => a < b | IsNaN(a) ? a : b;

    /// <inheritdoc/>
    /// <remarks>eˣ = 2ⁿ·eʳ with |r| ≤ ½ ln 2; two scalings reach the denormals and infinity.</remarks>
    public static float Exp(float x)
    {
        var limited = x < -105f ? -105f : x > 89f ? 89f : x;
        var n = Round(limited * 1.44269504f);
        var r = Fma(n, 2.12194440e-4f, Fma(n, -0.693359375f, limited));
        var p = Fma(1.9875691500e-4f, r, 1.3981999507e-3f);
        p = Fma(p, r, 8.3334519073e-3f);
        p = Fma(p, r, 4.1665795894e-2f);
        p = Fma(p, r, 1.6666665459e-1f);
        p = Fma(p, r, 5.0000001201e-1f);
        p = Fma(p, r * r, r) + 1f;
        // A NaN has no exponent to speak of; it is in p already.
        var whole = IsNaN(x) ? 0 : (int)n;
        var half = whole >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(whole - half);
    }

    /// <inheritdoc/>
    public static float Log(float x)
    {
        var tiny = x < 1.17549435e-38f;
        var bits = BitConverter.SingleToInt32Bits(tiny ? x * 8388608f : x);
        // Mantissa in [√½, √2): the exponent is taken from above √½.
        var shifted = bits - 0x3f3504f3;
        var exponent = shifted >> 23;
        var f = BitConverter.Int32BitsToSingle(bits - (exponent << 23)) - 1f;
        float e = tiny ? exponent - 23 : exponent;
        var z = f * f;
        var p = Fma(7.0376836292e-2f, f, -1.1514610310e-1f);
        p = Fma(p, f, 1.1676998740e-1f);
        p = Fma(p, f, -1.2420140846e-1f);
        p = Fma(p, f, 1.4249322787e-1f);
        p = Fma(p, f, -1.6668057665e-1f);
        p = Fma(p, f, 2.0000714765e-1f);
        p = Fma(p, f, -2.4999993993e-1f);
        p = Fma(p, f, 3.3333331174e-1f);
        var y = Fma(p * f, z, e * -2.12194440e-4f);
        y = f + Fma(-0.5f, z, y);
        y = Fma(e, 0.693359375f, y);
        y = x < float.PositiveInfinity ? y : x;
        y = x < 0f ? float.NaN : y;
        return x == 0f ? float.NegativeInfinity : y;
    }

    /// <inheritdoc/>
    /// <remarks>A polynomial near 0, else 1 − 2/(e²ˣ + 1).</remarks>
    public static float Tanh(float x)
    {
        var a = Abs(x);
        var z = x * x;
        var p = Fma(-5.70498872745e-3f, z, 2.06390887954e-2f);
        p = Fma(p, z, -5.37397155531e-2f);
        p = Fma(p, z, 1.33314422036e-1f);
        p = Fma(p, z, -3.33332819422e-1f);
        p = Fma(p * z, x, x);
        var big = 1f - 2f / (Exp(a + a) + 1f);
        return a < 0.625f ? p : x < 0f ? -big : big;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// From e^−|x|, so that the far tails keep their digits; one Newton step returns what rounding lost.
    /// </remarks>
    public static float Sigmoid(float x)
    {
        return SigmoidOf(x, Exp(-Abs(x)));
    }

    // The sigmoid of an argument of x's sign whose magnitude's negative has the exponential e.
    private static float SigmoidOf(float x, float e)
    {
        var top = x < 0f ? e : 1f;
        var sum = 1f + e;
        var lost = e - (sum - 1f);
        var r = 1f / sum;
        var y = top * r;
        return Fma(Fma(-y, lost, Fma(-y, sum, top)), r, y);
    }

    /// <inheritdoc/>
    /// <remarks>x·P(x²) near 0, else 1 − exp(Q(|x|)) (polynomials of N. Juffa).</remarks>
    public static float Erf(float x)
    {
        var s = x * x;
        var p = Fma(-5.96761703e-4f, s, 4.99119423e-3f);
        p = Fma(p, s, -2.67681349e-2f);
        p = Fma(p, s, 1.12819925e-1f);
        p = Fma(p, s, -3.76125336e-1f);
        p = Fma(p, s, 1.28379166e-1f);
        p = Fma(p, x, x);
        // Beyond 4 the result is 1; the limit keeps the polynomial where it was fitted.
        var a = Abs(x);
        var t = a > 4f ? 4f : a;
        s = t * t;
        var r = Fma(-1.72853470e-5f, t, 3.83197126e-4f);
        var u = Fma(-3.88396438e-3f, t, 2.42546219e-2f);
        r = Fma(r, s, u);
        r = Fma(r, t, -1.06777877e-1f);
        r = Fma(r, t, -6.34846687e-1f);
        r = Fma(r, t, -1.28717512e-1f);
        r = Fma(r, t, -t);
        var far = 1f - Exp(r);
        return t <= 0.927734375f ? p : x < 0f ? -far : far;
    }

    /// <inheritdoc/>
    public static float CosTurns(float u)
    {
        var quadrant = (int)(u * 4f + 0.5f);
        var angle = (u - quadrant * 0.25f) * 6.28318530717958648f;
        var value = (quadrant & 1) == 0 ? CosSmall(angle) : SinSmall(angle);
        return ((quadrant + 1) & 2) == 0 ? value : -value;
    }

    /// <inheritdoc/>
    public static float SinTurns(float u)
    {
        var quadrant = (int)(u * 4f + 0.5f);
        var angle = (u - quadrant * 0.25f) * 6.28318530717958648f;
        var value = (quadrant & 1) == 0 ? SinSmall(angle) : CosSmall(angle);
        return (quadrant & 2) == 0 ? value : -value;
    }

    /// <inheritdoc/>
    /// <remarks>−∞ gives 0.</remarks>
    public static float Gelu(float x)
    {
        var gauss = Gauss(Limit(Abs(x), 14.6f));
        return Floor(x) * Phi(x, gauss);
    }

    /// <inheritdoc/>
    public static float GeluFirst(float x)
    {
        var gauss = Gauss(Limit(Abs(x), 14.6f));
        return Fma(Limit(Floor(x), 15f) * InverseSqrt2Pi, gauss, Phi(x, gauss));
    }

    /// <inheritdoc/>
    public static float GeluSecond(float x)
    {
        var a = Limit(Abs(x), 15f);
        return Gauss(a) * InverseSqrt2Pi * Fma(-a, a, 2f);
    }

    /// <inheritdoc/>
    /// <remarks>−∞ gives 0.</remarks>
    public static float QuickGelu(float x) => (x < -QuickLimit ? -QuickLimit : x) * SigmoidOf(x, QuickExp(x));

    /// <inheritdoc/>
    public static float QuickGeluFirst(float x)
    {
        var z = QuickFactor * Limit(Abs(x), QuickLimit);
        var e = QuickExp(x);
        var r = 1f / (1f + e);
        return Fma(x < 0f ? -z : z, e * r * r, SigmoidOf(x, e));
    }

    /// <inheritdoc/>
    public static float QuickGeluSecond(float x)
    {
        var z = QuickFactor * Limit(Abs(x), QuickLimit);
        var e = QuickExp(x);
        var r = 1f / (1f + e);
        return e * r * r * QuickFactor * Fma(-z, (1f - e) * r, 2f);
    }

    // e^−z of z = |1.702 x|, with what rounding z and the factor lost. Beyond the limit it is 0 in f32.
    private static float QuickExp(float x)
    {
        var a = Limit(Abs(x), QuickLimit);
        var z = a * QuickFactor;
        var lost = Fma(a, QuickFactorRest, Fma(a, QuickFactor, -z));
        var e = Exp(-z);
        return Fma(-e, lost, e);
    }

    // Φ(−a) = exp(−a²/2)·R(a), R(a)·(a + 4) a polynomial in q = (a − 4)/(a + 4): relative accuracy in the lower tail.
    private static float Phi(float x, float gauss)
    {
        var a = Limit(Abs(x), 14.6f);
        var sum = a + 4f;
        var r = 1f / sum;
        var q = Fma(-8f, r, 1f);
        q = Fma(r, Fma(-q, sum, a - 4f), q);
        var p = Fma(-1.235153535e-04f, q, 1.935910747e-04f);
        p = Fma(p, q, 1.568784781e-03f);
        p = Fma(p, q, -3.523051911e-03f);
        p = Fma(p, q, -7.526833247e-03f);
        p = Fma(p, q, 6.040641760e-02f);
        p = Fma(p, q, -1.865230677e-01f);
        p = Fma(p, q, 3.871366799e-01f);
        p = Fma(p, q, -6.078966037e-01f);
        p = Fma(p, q, 7.552851385e-01f);
        var tail = p * r * gauss;
        return x < 0f ? tail : 1f - tail;
    }

    // exp(−a²/2), with what rounding a² lost.
    private static float Gauss(float a)
    {
        var s = a * a;
        var lost = Fma(a, a, -s);
        var e = Exp(s * -0.5f);
        return Fma(e * -0.5f, lost, e);
    }

    private static float SinSmall(float x)
    {
        var z = x * x;
        var p = Fma(Fma(-1.9515295891e-4f, z, 8.3321608736e-3f), z, -1.6666654611e-1f);
        return Fma(p * z, x, x);
    }

    private static float CosSmall(float x)
    {
        var z = x * x;
        var p = Fma(Fma(2.443315711809948e-5f, z, -1.388731625493765e-3f), z, 4.166664568298827e-2f);
        return Fma(p, z * z, Fma(-0.5f, z, 1f));
    }

    // Below −15 every tail is 0 in f32; without the limit −∞·0 would be NaN.
    private static float Floor(float x) => x < -15f ? -15f : x;

    private static float Limit(float x, float most) => x > most ? most : x;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsNaN(float x) => float.IsNaN(x);

    // To the nearest whole number, |x| < 2²²; fused, so that no compiler drops the detour.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float Round(float x) => Fma(1f, x, 12582912f) - 12582912f;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static float PowerOfTwo(int n) => BitConverter.Int32BitsToSingle((n + 127) << 23);
}
