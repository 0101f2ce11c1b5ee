using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Gpu.DeviceMath;

/// <summary>
/// Functions of f64, for checking gradients on a device: exp by reduction and a series, log, erf and erfc after fdlibm
/// (Sun Microsystems, 1993, freely distributable with this notice), tanh after S. Moshier's Cephes; a few ulp each.
/// </summary>
internal readonly struct F64 : IReal<double>
{
    private const double InverseSqrt2Pi = 0.39894228040143267794;
    private const double InverseSqrt2 = 0.70710678118654752440;
    private const double QuickLimit = 512;
    private const double Erx = 8.45062911510467529297e-01;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double From(double value) => value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double FromInt(int value) => value;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Fma(double a, double b, double c) => DeviceIntrinsics.Fma(a, b, c);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Sqrt(double x) => Math.Sqrt(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Rsqrt(double x) => 1 / Math.Sqrt(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Abs(double x) => Math.Abs(x);

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Max(double a, double b) => a > b | IsNaN(a) ? a : b;

    /// <inheritdoc/>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static double Min(double a, double b) => a < b | IsNaN(a) ? a : b;

    /// <inheritdoc/>
    /// <remarks>eˣ = 2ⁿ·eʳ with |r| ≤ ½ ln 2 and the series of eʳ to r¹³.</remarks>
    public static double Exp(double x)
    {
        var limited = x < -760 ? -760 : x > 710 ? 710 : x;
        var n = Round(limited * 1.4426950408889634074);
        var r = Fma(n, -1.90821492927058770002e-10, Fma(n, -6.93147180369123816490e-01, limited));
        var p = Fma(1.6059043836821613e-10, r, 2.08767569878681e-09);
        p = Fma(p, r, 2.5052108385441720e-08);
        p = Fma(p, r, 2.7557319223985893e-07);
        p = Fma(p, r, 2.7557319223985888e-06);
        p = Fma(p, r, 2.4801587301587302e-05);
        p = Fma(p, r, 1.9841269841269841e-04);
        p = Fma(p, r, 1.3888888888888889e-03);
        p = Fma(p, r, 8.3333333333333333e-03);
        p = Fma(p, r, 4.1666666666666667e-02);
        p = Fma(p, r, 1.6666666666666667e-01);
        p = Fma(p, r, 0.5);
        p = Fma(p, r * r, r) + 1;
        var whole = IsNaN(x) ? 0 : (int)n;
        var half = whole >> 1;
        return p * PowerOfTwo(half) * PowerOfTwo(whole - half);
    }

    /// <inheritdoc/>
    public static double Log(double x)
    {
        var tiny = x < 2.2250738585072014e-308;
        var bits = BitConverter.DoubleToInt64Bits(tiny ? x * 18014398509481984.0 : x);
        var exponent = (bits - 0x3fe6a09e667f3bcd) >> 52;
        var f = BitConverter.Int64BitsToDouble(bits - (exponent << 52)) - 1;
        double k = tiny ? exponent - 54 : exponent;
        var s = f / (2 + f);
        var z = s * s;
        var p = Fma(1.479819860511658591e-01, z, 1.531383769920937332e-01);
        p = Fma(p, z, 1.818357216161805012e-01);
        p = Fma(p, z, 2.222219843214978396e-01);
        p = Fma(p, z, 2.857142874366239149e-01);
        p = Fma(p, z, 3.999999999940941908e-01);
        p = Fma(p, z, 6.666666666666735130e-01) * z;
        var half = 0.5 * f * f;
        var y = k * 6.93147180369123816490e-01 - (half - Fma(s, half + p, k * 1.90821492927058770002e-10) - f);
        y = x < double.PositiveInfinity ? y : x;
        y = x < 0 ? double.NaN : y;
        return x == 0 ? double.NegativeInfinity : y;
    }

    /// <inheritdoc/>
    public static double Tanh(double x)
    {
        var a = Abs(x);
        var z = x * x;
        var p = Fma(Fma(-9.64399179425052238628e-1, z, -9.92877231001918586564e1), z, -1.61468768441708447952e3);
        var q = Fma(Fma(z + 1.12811678491632931402e2, z, 2.23548839060100448583e3), z, 4.84406305325125486048e3);
        var near = Fma(x * z, p / q, x);
        var far = 1 - 2 / (Exp(a + a) + 1);
        return a < 0.625 ? near : x < 0 ? -far : far;
    }

    /// <inheritdoc/>
    public static double Sigmoid(double x)
    {
        var e = Exp(-Abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    /// <inheritdoc/>
    public static double Erf(double x)
    {
        var a = Abs(x);
        var near = Fma(x, Middle(x * x), x);
        var far = a < 1.25 ? Erx + Near(a - 1) : a >= 6 ? 1 : 1 - Tail(a);
        // Below the normal numbers the product would lose digits.
        near = a < 1e-300 ? 0.0625 * Fma(16 * x, 1.28379167095512558561e-01, 16 * x) : near;
        var y = a < 0.84375 ? near : x < 0 ? -far : far;
        return IsNaN(x) ? x : y;
    }

    /// <inheritdoc/>
    public static double CosTurns(double u)
    {
        var quadrant = (int)(u * 4 + 0.5);
        var angle = (u - quadrant * 0.25) * 6.28318530717958647692;
        var value = (quadrant & 1) == 0 ? CosSmall(angle) : SinSmall(angle);
        return ((quadrant + 1) & 2) == 0 ? value : -value;
    }

    /// <inheritdoc/>
    public static double SinTurns(double u)
    {
        var quadrant = (int)(u * 4 + 0.5);
        var angle = (u - quadrant * 0.25) * 6.28318530717958647692;
        var value = (quadrant & 1) == 0 ? SinSmall(angle) : CosSmall(angle);
        return (quadrant & 2) == 0 ? value : -value;
    }

    /// <inheritdoc/>
    public static double Gelu(double x) => x < -40 ? 0 : x * Phi(x);

    /// <inheritdoc/>
    public static double GeluFirst(double x)
    {
        var far = Abs(x) > 40;
        var near = Phi(x) + x * Density(x);
        return far ? (x > 0 ? 1.0 : 0.0) : near;
    }

    /// <inheritdoc/>
    public static double GeluSecond(double x)
    {
        var near = Density(x) * (2 - x * x);
        return Abs(x) > 40 ? 0 : near;
    }

    /// <inheritdoc/>
    public static double QuickGelu(double x) =>
        (x < -QuickLimit ? -QuickLimit : x) * Sigmoid(ActivationConstants.QuickFactor * x);

    /// <inheritdoc/>
    public static double QuickGeluFirst(double x)
    {
        var z = QuickArgument(x);
        var e = Exp(-z);
        var r = 1 / (1 + e);
        return (x < 0 ? e : 1) * r + (x < 0 ? -z : z) * e * r * r;
    }

    /// <inheritdoc/>
    public static double QuickGeluSecond(double x)
    {
        var z = QuickArgument(x);
        var e = Exp(-z);
        var r = 1 / (1 + e);
        return ActivationConstants.QuickFactor * e * r * r * (2 - z * ((1 - e) * r));
    }

    // |1.702 x| up to where its exponential is 0, which keeps infinities out of products with 0.
    private static double QuickArgument(double x)
    {
        var a = Abs(x);
        return ActivationConstants.QuickFactor * (a > QuickLimit ? QuickLimit : a);
    }

    private static double Phi(double x) => 0.5 * Erfc(-x * InverseSqrt2);

    private static double Density(double x) => Exp(-0.5 * x * x) * InverseSqrt2Pi;

    private static double Erfc(double x)
    {
        var a = Abs(x);
        var y = Middle(x * x);
        var near = x < 0.25 ? 1 - Fma(x, y, x) : 0.5 - Fma(x, y, x - 0.5);
        var tail = a < 1.25 ? 1 - Erx - Near(a - 1) : a >= 28 ? 0 : Tail(a);
        var far = x < 0 ? 2 - tail : tail;
        return IsNaN(x) ? x : a < 0.84375 ? near : far;
    }

    // (erf x)/x − 1 for |x| < 0.84375, in z = x².
    private static double Middle(double z)
    {
        var p = Fma(-2.37630166566501626084e-05, z, -5.77027029648944159157e-03);
        p = Fma(p, z, -2.84817495755985104766e-02);
        p = Fma(p, z, -3.25042107247001499370e-01);
        p = Fma(p, z, 1.28379167095512558561e-01);
        var q = Fma(-3.96022827877536812320e-06, z, 1.32494738004321644526e-04);
        q = Fma(q, z, 5.08130628187576562776e-03);
        q = Fma(q, z, 6.50222499887672944485e-02);
        q = Fma(q, z, 3.97917223959155352819e-01);
        return p / Fma(q, z, 1);
    }

    private static double Near(double s)
    {
        var p = Fma(-2.16637559486879084300e-03, s, 3.54783043256182359371e-02);
        p = Fma(p, s, -1.10894694282396677476e-01);
        p = Fma(p, s, 3.18346619901161753674e-01);
        p = Fma(p, s, -3.72207876035701323847e-01);
        p = Fma(p, s, 4.14856118683748331666e-01);
        p = Fma(p, s, -2.36211856075265944077e-03);
        var q = Fma(1.19844998467991074170e-02, s, 1.36370839120290507362e-02);
        q = Fma(q, s, 1.26171219808761642112e-01);
        q = Fma(q, s, 7.18286544141962662868e-02);
        q = Fma(q, s, 5.40397917702171048937e-01);
        q = Fma(q, s, 1.06420880400844228286e-01);
        return p / Fma(q, s, 1);
    }

    // erfc of a ≥ 1.25; the exponent is split at 32 bits so that a² does not round.
    private static double Tail(double a)
    {
        var s = 1 / (a * a);
        var ratio = a < 1 / 0.35 ? TailNear(s) : TailFar(s);
        var z = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & -4294967296L);
        return Exp(-z * z - 0.5625) * Exp(Fma(z - a, z + a, ratio)) / a;
    }

    private static double TailNear(double s)
    {
        var p = Fma(-9.81432934416914548592e+00, s, -8.12874355063065934246e+01);
        p = Fma(p, s, -1.84605092906711035994e+02);
        p = Fma(p, s, -1.62396669462573470355e+02);
        p = Fma(p, s, -6.23753324503260060396e+01);
        p = Fma(p, s, -1.05586262253232909814e+01);
        p = Fma(p, s, -6.93858572707181764372e-01);
        p = Fma(p, s, -9.86494403484714822705e-03);
        var q = Fma(-6.04244152148580987438e-02, s, 6.57024977031928170135e+00);
        q = Fma(q, s, 1.08635005541779435134e+02);
        q = Fma(q, s, 4.29008140027567833386e+02);
        q = Fma(q, s, 6.45387271733267880336e+02);
        q = Fma(q, s, 4.34565877475229228821e+02);
        q = Fma(q, s, 1.37657754143519042600e+02);
        q = Fma(q, s, 1.96512716674392571292e+01);
        return p / Fma(q, s, 1);
    }

    private static double TailFar(double s)
    {
        var p = Fma(-4.83519191608651397019e+02, s, -1.02509513161107724954e+03);
        p = Fma(p, s, -6.37566443368389627722e+02);
        p = Fma(p, s, -1.60636384855821916062e+02);
        p = Fma(p, s, -1.77579549177547519889e+01);
        p = Fma(p, s, -7.99283237680523006574e-01);
        p = Fma(p, s, -9.86494292470009928597e-03);
        var q = Fma(-2.24409524465858183362e+01, s, 4.74528541206955367215e+02);
        q = Fma(q, s, 2.55305040643316442583e+03);
        q = Fma(q, s, 3.19985821950859553908e+03);
        q = Fma(q, s, 1.53672958608443695994e+03);
        q = Fma(q, s, 3.25792512996573918826e+02);
        q = Fma(q, s, 3.03380607434824582924e+01);
        return p / Fma(q, s, 1);
    }

    // sin x for |x| ≤ π/4 by its series to x¹⁵.
    private static double SinSmall(double x)
    {
        var z = x * x;
        var p = Fma(-7.6471637318198165e-13, z, 1.6059043836821613e-10);
        p = Fma(p, z, -2.5052108385441720e-08);
        p = Fma(p, z, 2.7557319223985893e-06);
        p = Fma(p, z, -1.9841269841269841e-04);
        p = Fma(p, z, 8.3333333333333333e-03);
        p = Fma(p, z, -1.6666666666666667e-01);
        return Fma(p * z, x, x);
    }

    // cos x for |x| ≤ π/4 by its series to x¹⁶.
    private static double CosSmall(double x)
    {
        var z = x * x;
        var p = Fma(4.7794773323873853e-14, z, -1.1470745597729725e-11);
        p = Fma(p, z, 2.08767569878681e-09);
        p = Fma(p, z, -2.7557319223985888e-07);
        p = Fma(p, z, 2.4801587301587302e-05);
        p = Fma(p, z, -1.3888888888888889e-03);
        p = Fma(p, z, 4.1666666666666667e-02);
        return Fma(p, z * z, Fma(-0.5, z, 1));
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static bool IsNaN(double x) => double.IsNaN(x);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double Round(double x) => Fma(1, x, 6755399441055744.0) - 6755399441055744.0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static double PowerOfTwo(int n) => BitConverter.Int64BitsToDouble((long)(n + 1023) << 52);
}
