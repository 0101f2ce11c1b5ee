using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>
/// Transcendental functions on vectors. f32: polynomials in the vector registers, about 9 FMA for exp and 27 for GELU;
/// exp, log, tanh, erf and sigmoid are within 2 ulp, GELU within 5 down to its lower tail (4 above zero), the quick
/// GELU within 4; derivatives, away from their zeros, within 3, the second one of the quick GELU within 7 (tests sweep
/// them). f64: the scalar functions lane by lane, since f64 is for checking gradients. Infinities, NaN and denormals
/// come out as IEEE wants. Fma stands where the accuracy needs one rounding on hardware without the instruction too.
/// </summary>
internal static class VectorMath
{
    private const double InverseSqrt2Pi = 0.39894228040143267794;

    // 1.702 less its nearest f32.
    private const double QuickFactorRest =
        ActivationConstants.QuickFactor - (double)(float)ActivationConstants.QuickFactor;

    // e^−(1.702·64) is below the denormals of f32; 64 keeps infinities out of products with 0.
    private const double QuickLimit = 64;

    /// <summary>
    /// eˣ = 2ⁿ·eʳ with |r| ≤ ½ ln 2; scaling reaches the denormals and infinity. The limits come first in the
    /// minimum and maximum because x86 returns the second operand where one is NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Exp<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        typeof(T) == typeof(double) ? ScalarMath.Lanes<V, Exp64>(x) : ExpBelow<S, V, T>(S.MinFast(S.Const(89), x));

    /// <summary>
    /// <see cref="Exp"/> for arguments that are at most 89 or NaN: softmax and all that takes the exponential of what
    /// is not positive. eʳ = 1 + r·(1 + r·p(r)), p fitted to the least relative error (0.03 ulp).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V ExpBelow<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, Exp64>(x);
        x = S.MaxFast(S.Const(-105), x);
        var n = S.Round(S.Mul(x, S.Const(1.44269504)));
        var r = S.Fma(n, S.Const(2.12194440e-4), S.MulAdd(n, S.Const(-0.693359375), x));
        var p = S.MulAdd(S.Const(1.3814540e-3), r, S.Const(8.3687451e-3));
        p = S.MulAdd(p, r, S.Const(4.1668391e-2));
        p = S.MulAdd(p, r, S.Const(1.6666521e-1));
        p = S.MulAdd(p, r, S.Const(4.9999994e-1));
        p = S.MulAdd(p, r, S.Const(1));
        return S.Scale(S.Fma(p, r, S.Const(1)), n);
    }

    /// <summary>ln x (polynomial of S. Moshier's Cephes).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Log<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, Log64>(x);
        var tiny = S.Less(x, S.Const(1.17549435e-38));
        var m = S.Split(S.Select(tiny, S.Mul(x, S.Const(8388608)), x), out var e);
        e = S.Sub(e, S.And(tiny, S.Const(23)));
        var f = S.Sub(m, S.Const(1));
        var z = S.Mul(f, f);
        var p = S.MulAdd(S.Const(7.0376836292e-2), f, S.Const(-1.1514610310e-1));
        p = S.MulAdd(p, f, S.Const(1.1676998740e-1));
        p = S.MulAdd(p, f, S.Const(-1.2420140846e-1));
        p = S.MulAdd(p, f, S.Const(1.4249322787e-1));
        p = S.MulAdd(p, f, S.Const(-1.6668057665e-1));
        p = S.MulAdd(p, f, S.Const(2.0000714765e-1));
        p = S.MulAdd(p, f, S.Const(-2.4999993993e-1));
        p = S.MulAdd(p, f, S.Const(3.3333331174e-1));
        var y = S.MulAdd(S.Mul(p, f), z, S.Mul(e, S.Const(-2.12194440e-4)));
        y = S.Add(f, S.MulAdd(S.Const(-0.5), z, y));
        y = S.MulAdd(e, S.Const(0.693359375), y);
        // ln 0 = −∞, ln ∞ = ∞, and NaN below zero and for NaN.
        y = S.Select(S.Less(x, S.Const(double.PositiveInfinity)), y, x);
        y = S.Select(S.Less(x, S.Const(0)), S.Const(double.NaN), y);
        return S.Select(S.Equal(x, S.Const(0)), S.Const(double.NegativeInfinity), y);
    }

    /// <summary>tanh x: a polynomial near 0, else 1 − 2/(e²ˣ + 1).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Tanh<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, Tanh64>(x);
        var a = S.Abs(x);
        var z = S.Mul(x, x);
        var p = S.MulAdd(S.Const(-5.70498872745e-3), z, S.Const(2.06390887954e-2));
        p = S.MulAdd(p, z, S.Const(-5.37397155531e-2));
        p = S.MulAdd(p, z, S.Const(1.33314422036e-1));
        p = S.MulAdd(p, z, S.Const(-3.33332819422e-1));
        p = S.MulAdd(S.Mul(p, z), x, x);
        var big = S.Sub(S.Const(1), S.Div(S.Const(2), S.Add(Exp<S, V, T>(S.Add(a, a)), S.Const(1))));
        return S.Select(S.Less(a, S.Const(0.625)), p, CopySign<S, V, T>(big, x));
    }

    /// <summary>
    /// 1/(1 + e⁻ˣ), from e^−|x| so that the far tails keep their digits; one Newton step returns what the sum and the
    /// quotient lost by rounding.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Sigmoid<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, Sigmoid64>(x);
        return SigmoidOf<S, V, T>(x, ExpBelow<S, V, T>(S.Sub(S.Const(0), S.Abs(x))));
    }

    // The sigmoid of an argument of x's sign whose magnitude's negative has the exponential e.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V SigmoidOf<S, V, T>(V x, V e) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        var top = S.Select(S.Less(x, S.Const(0)), e, S.Const(1));
        var sum = S.Add(S.Const(1), e);
        var lost = S.Sub(e, S.Sub(sum, S.Const(1)));
        var r = S.Div(S.Const(1), sum);
        var y = S.Mul(top, r);
        var rest = S.Fma(S.Sub(S.Const(0), y), lost, S.Fma(S.Sub(S.Const(0), y), sum, top));
        return S.Fma(rest, r, y);
    }

    /// <summary>erf x (polynomials of N. Juffa): x·P(x²) near 0, else 1 − exp(Q(|x|)).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Erf<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, Erf64>(x);
        var s = S.Mul(x, x);
        var p = S.MulAdd(S.Const(-5.96761703e-4), s, S.Const(4.99119423e-3));
        p = S.MulAdd(p, s, S.Const(-2.67681349e-2));
        p = S.MulAdd(p, s, S.Const(1.12819925e-1));
        p = S.MulAdd(p, s, S.Const(-3.76125336e-1));
        p = S.MulAdd(p, s, S.Const(1.28379166e-1));
        p = S.MulAdd(p, x, x);
        // Beyond 4 the result is 1; the limit keeps the polynomial where it was fitted.
        var t = S.MinFast(S.Const(4), S.Abs(x));
        s = S.Mul(t, t);
        var r = S.MulAdd(S.Const(-1.72853470e-5), t, S.Const(3.83197126e-4));
        var u = S.MulAdd(S.Const(-3.88396438e-3), t, S.Const(2.42546219e-2));
        r = S.MulAdd(r, s, u);
        r = S.MulAdd(r, t, S.Const(-1.06777877e-1));
        r = S.MulAdd(r, t, S.Const(-6.34846687e-1));
        r = S.MulAdd(r, t, S.Const(-1.28717512e-1));
        r = S.MulAdd(r, t, S.Sub(S.Const(0), t));
        var far = S.Sub(S.Const(1), ExpBelow<S, V, T>(r));
        return S.Select(S.LessEqual(t, S.Const(0.927734375)), p, CopySign<S, V, T>(far, x));
    }

    /// <summary>
    /// Φ(x) and exp(−x²/2): Φ(−a) = exp(−a²/2)·R(a) with R(a)·(a + 4) a polynomial in q = (a − 4)/(a + 4), which keeps
    /// relative accuracy in the lower tail; f32 only. q takes one Newton step.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Phi<S, V, T>(V x, out V gauss) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        var a = S.MinFast(S.Const(14.6), S.Abs(x));
        gauss = Gauss<S, V, T>(a);
        var sum = S.Add(a, S.Const(4));
        var r = S.Div(S.Const(1), sum);
        var q = S.Fma(S.Const(-8), r, S.Const(1));
        q = S.Fma(r, S.Fma(S.Sub(S.Const(0), q), sum, S.Sub(a, S.Const(4))), q);
        var p = S.MulAdd(S.Const(-1.235153535e-04), q, S.Const(1.935910747e-04));
        p = S.MulAdd(p, q, S.Const(1.568784781e-03));
        p = S.MulAdd(p, q, S.Const(-3.523051911e-03));
        p = S.MulAdd(p, q, S.Const(-7.526833247e-03));
        p = S.MulAdd(p, q, S.Const(6.040641760e-02));
        p = S.MulAdd(p, q, S.Const(-1.865230677e-01));
        p = S.MulAdd(p, q, S.Const(3.871366799e-01));
        p = S.Fma(p, q, S.Const(-6.078966037e-01));
        p = S.Fma(p, q, S.Const(7.552851385e-01));
        var tail = S.Mul(S.Mul(p, r), gauss);
        return S.Select(S.Less(x, S.Const(0)), tail, S.Sub(S.Const(1), tail));
    }

    /// <summary>x·Φ(x); −∞ gives 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V Gelu<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, Gelu64>(x);
        return S.Mul(Limit<S, V, T>(x), Phi<S, V, T>(x, out _));
    }

    /// <summary>Φ(x) + x·φ(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V GeluFirst<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, GeluFirst64>(x);
        var phi = Phi<S, V, T>(x, out var gauss);
        var limited = S.MinFast(S.Const(15), Limit<S, V, T>(x));
        return S.MulAdd(S.Mul(limited, S.Const(InverseSqrt2Pi)), gauss, phi);
    }

    /// <summary>φ(x)·(2 − x²).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V GeluSecond<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, GeluSecond64>(x);
        var a = S.MinFast(S.Const(15), S.Abs(x));
        var phi = S.Mul(Gauss<S, V, T>(a), S.Const(InverseSqrt2Pi));
        return S.Mul(phi, S.Fma(S.Sub(S.Const(0), a), a, S.Const(2)));
    }

    /// <summary>
    /// <see cref="GeluFirst"/> and <see cref="GeluSecond"/> from one evaluation of Φ and of the exponential.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V GeluDerivatives<S, V, T>(V x, out V second)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.LanesOfTwo<V, GeluDerivatives64>(x, out second);
        var phi = Phi<S, V, T>(x, out var gauss);
        gauss = S.Mul(gauss, S.Const(InverseSqrt2Pi));
        var a = S.MinFast(S.Const(15), S.Abs(x));
        second = S.Mul(gauss, S.Fma(S.Sub(S.Const(0), a), a, S.Const(2)));
        return S.MulAdd(S.MinFast(S.Const(15), Limit<S, V, T>(x)), gauss, phi);
    }

    /// <summary>x·σ(1.702 x); −∞ gives 0.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V QuickGelu<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.Lanes<V, QuickGelu64>(x);
        return S.Mul(S.MaxFast(S.Const(-QuickLimit), x), SigmoidOf<S, V, T>(x, QuickExp<S, V, T>(x, out _)));
    }

    /// <summary>First derivative of <see cref="QuickGelu"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V QuickGeluFirst<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        QuickGeluDerivatives<S, V, T>(x, out _);

    /// <summary>Second derivative of <see cref="QuickGelu"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V QuickGeluSecond<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        _ = QuickGeluDerivatives<S, V, T>(x, out var second);
        return second;
    }

    /// <summary>
    /// Both derivatives of x·σ(z), z = 1.702 x, from one exponential e = e^−|z|: σ′ = e/(1 + e)² is even in z, so that
    /// nothing cancels in either tail; first: σ + z·σ′; second: 1.702·σ′·(2 − |z|·(1 − e)/(1 + e)).
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static V QuickGeluDerivatives<S, V, T>(V x, out V second)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        if (typeof(T) == typeof(double)) return ScalarMath.LanesOfTwo<V, QuickGeluDerivatives64>(x, out second);
        var e = QuickExp<S, V, T>(x, out var z);
        var r = S.Div(S.Const(1), S.Add(S.Const(1), e));
        var slope = S.Mul(S.Mul(e, r), r);
        var fall = S.Mul(S.Sub(S.Const(1), e), r);
        second = S.Mul(
            S.Mul(slope, S.Const(ActivationConstants.QuickFactor)), S.Fma(S.Sub(S.Const(0), z), fall, S.Const(2)));
        return S.Fma(CopySign<S, V, T>(z, x), slope, SigmoidOf<S, V, T>(x, e));
    }

    // e^−z of z = |1.702 x|, with what rounding z and the factor lost. Beyond the limit it is 0 in f32.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V QuickExp<S, V, T>(V x, out V z) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        var a = S.MinFast(S.Const(QuickLimit), S.Abs(x));
        z = S.Mul(a, S.Const(ActivationConstants.QuickFactor));
        var lost = S.Fma(a, S.Const(ActivationConstants.QuickFactor), S.Sub(S.Const(0), z));
        lost = S.Fma(a, S.Const(QuickFactorRest), lost);
        var e = ExpBelow<S, V, T>(S.Sub(S.Const(0), z));
        return S.Fma(S.Sub(S.Const(0), e), lost, e);
    }

    // exp(−a²/2), with what rounding a² lost.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Gauss<S, V, T>(V a) where S : ISimd<V, T> where V : unmanaged where T : unmanaged
    {
        var s = S.Mul(a, a);
        var lost = S.Fma(a, a, S.Sub(S.Const(0), s));
        var e = ExpBelow<S, V, T>(S.Mul(s, S.Const(-0.5)));
        return S.Fma(S.Mul(e, S.Const(-0.5)), lost, e);
    }

    // Below −15 every tail is 0 in f32; without the limit −∞ · 0 would be NaN.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V Limit<S, V, T>(V x) where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        S.MaxFast(S.Const(-15), x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static V CopySign<S, V, T>(V magnitude, V sign)
        where S : ISimd<V, T> where V : unmanaged where T : unmanaged =>
        S.Or(magnitude, S.And(sign, S.Const(-0.0)));
}
