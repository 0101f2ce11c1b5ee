using System.Runtime.CompilerServices;

namespace AmcEngine.Backends.Cpu.Simd;

/// <summary>A scalar f64 function.</summary>
internal interface IScalarFunction
{
    static abstract double Apply(double x);
}

/// <summary>A function of one double with two results.</summary>
internal interface IScalarPair
{
    static abstract double Apply(double x, out double second);
}

/// <summary>
/// f64 functions that .NET lacks. erf and erfc are the rational approximations of fdlibm (Sun Microsystems, 1993,
/// freely distributable with this notice), below 1 ulp; about 30 FLOP and at most two exponentials a value.
/// </summary>
internal static class ScalarMath
{
    private const double InverseSqrt2Pi = 0.39894228040143267794;
    private const double InverseSqrt2 = 0.70710678118654752440;
    private const double Erx = 8.45062911510467529297e-01;

    private static ReadOnlySpan<double> Pp => [1.28379167095512558561e-01, -3.25042107247001499370e-01,
        -2.84817495755985104766e-02, -5.77027029648944159157e-03, -2.37630166566501626084e-05];
    private static ReadOnlySpan<double> Qq => [1, 3.97917223959155352819e-01, 6.50222499887672944485e-02,
        5.08130628187576562776e-03, 1.32494738004321644526e-04, -3.96022827877536812320e-06];
    private static ReadOnlySpan<double> Pa =>
    [
        -2.36211856075265944077e-03, 4.14856118683748331666e-01, -3.72207876035701323847e-01,
        3.18346619901161753674e-01, -1.10894694282396677476e-01, 3.54783043256182359371e-02, -2.16637559486879084300e-03
    ];
    private static ReadOnlySpan<double> Qa => [1, 1.06420880400844228286e-01, 5.40397917702171048937e-01,
        7.18286544141962662868e-02, 1.26171219808761642112e-01, 1.36370839120290507362e-02, 1.19844998467991074170e-02];
    private static ReadOnlySpan<double> Ra => [-9.86494403484714822705e-03, -6.93858572707181764372e-01,
        -1.05586262253232909814e+01, -6.23753324503260060396e+01, -1.62396669462573470355e+02,
        -1.84605092906711035994e+02, -8.12874355063065934246e+01, -9.81432934416914548592e+00];
    private static ReadOnlySpan<double> Sa => [1, 1.96512716674392571292e+01, 1.37657754143519042600e+02,
        4.34565877475229228821e+02, 6.45387271733267880336e+02, 4.29008140027567833386e+02, 1.08635005541779435134e+02,
        6.57024977031928170135e+00, -6.04244152148580987438e-02];
    private static ReadOnlySpan<double> Rb => [-9.86494292470009928597e-03, -7.99283237680523006574e-01,
        -1.77579549177547519889e+01, -1.60636384855821916062e+02, -6.37566443368389627722e+02,
        -1.02509513161107724954e+03, -4.83519191608651397019e+02];
    private static ReadOnlySpan<double> Sb =>
    [
        1, 3.03380607434824582924e+01, 3.25792512996573918826e+02, 1.53672958608443695994e+03,
        3.19985821950859553908e+03, 2.55305040643316442583e+03, 4.74528541206955367215e+02, -2.24409524465858183362e+01
    ];

    /// <summary>erf x.</summary>
    public static double Erf(double x)
    {
        if (double.IsNaN(x)) return x;
        var a = Math.Abs(x);
        if (a < 0.84375)
        {
            // Below 2⁻²⁸ only the linear term counts; below the normal numbers x·(1 + c) would lose digits in c·x.
            if (a < 3.7252902984e-09) return a < 1e-300 ? 0.0625 * (16 * x + 16 * Pp[0] * x) : x + Pp[0] * x;
            var z = x * x;
            return x + x * (Polynomial(Pp, z) / Polynomial(Qq, z));
        }
        var y = a < 1.25 ? Erx + Near(a - 1) : a >= 6 ? 1 : 1 - Tail(a);
        return x < 0 ? -y : y;
    }

    /// <summary>1 − erf x, with relative accuracy in the upper tail.</summary>
    public static double Erfc(double x)
    {
        if (double.IsNaN(x)) return x;
        var a = Math.Abs(x);
        if (a < 0.84375)
        {
            var z = x * x;
            var y = Polynomial(Pp, z) / Polynomial(Qq, z);
            return x < 0.25 ? 1 - (x + x * y) : 0.5 - (x - 0.5 + x * y);
        }
        if (a < 1.25) return x < 0 ? 1 + (Erx + Near(a - 1)) : 1 - Erx - Near(a - 1);
        if (a >= 28) return x < 0 ? 2 : 0;
        return x < 0 ? 2 - Tail(a) : Tail(a);
    }

    /// <summary>1/(1 + e⁻ˣ).</summary>
    public static double Sigmoid(double x)
    {
        var e = Math.Exp(-Math.Abs(x));
        return (x < 0 ? e : 1) / (1 + e);
    }

    /// <summary>x·Φ(x).</summary>
    public static double Gelu(double x) => double.IsNegativeInfinity(x) ? 0 : x * Phi(x);

    /// <summary>Φ(x) + x·φ(x).</summary>
    public static double GeluFirst(double x) => Math.Abs(x) > 40 ? (x > 0 ? 1 : 0) : Phi(x) + x * Density(x);

    /// <summary>φ(x)·(2 − x²).</summary>
    public static double GeluSecond(double x) => Math.Abs(x) > 40 ? 0 : Density(x) * (2 - x * x);

    /// <summary>GELU′(x), and GELU″(x) in <paramref name="second"/>.</summary>
    public static double GeluDerivatives(double x, out double second)
    {
        var far = Math.Abs(x) > 40;
        var density = far ? 0 : Density(x);
        second = far ? 0 : density * (2 - x * x);
        return far ? x > 0 ? 1 : 0 : Phi(x) + x * density;
    }

    /// <summary>x·σ(1.702 x).</summary>
    public static double QuickGelu(double x) =>
        double.IsNegativeInfinity(x) ? 0 : x * Sigmoid(ActivationConstants.QuickFactor * x);

    /// <summary>First derivative of <see cref="QuickGelu"/>, and its second in <paramref name="second"/>.</summary>
    public static double QuickGeluDerivatives(double x, out double second)
    {
        // Beyond 512 the exponential is 0; the limit keeps infinities out of products with 0.
        var z = ActivationConstants.QuickFactor * Math.Min(Math.Abs(x), 512);
        var e = Math.Exp(-z);
        var r = 1 / (1 + e);
        var slope = e * r * r;
        second = ActivationConstants.QuickFactor * slope * (2 - z * ((1 - e) * r));
        return (x < 0 ? e : 1) * r + Math.CopySign(z, x) * slope;
    }

    private static double Phi(double x) => 0.5 * Erfc(-x * InverseSqrt2);

    private static double Density(double x) => Math.Exp(-0.5 * x * x) * InverseSqrt2Pi;

    private static double Near(double s) => Polynomial(Pa, s) / Polynomial(Qa, s);

    // erfc of a ≥ 1.25: the exponent is split at 32 bits so that a² does not round.
    private static double Tail(double a)
    {
        var s = 1 / (a * a);
        var ratio = a < 1 / 0.35 ? Polynomial(Ra, s) / Polynomial(Sa, s) : Polynomial(Rb, s) / Polynomial(Sb, s);
        var z = BitConverter.Int64BitsToDouble(BitConverter.DoubleToInt64Bits(a) & unchecked((long)0xffffffff00000000));
        return Math.Exp(-z * z - 0.5625) * Math.Exp((z - a) * (z + a) + ratio) / a;
    }

    private static double Polynomial(ReadOnlySpan<double> coefficients, double x)
    {
        var y = 0.0;
        for (var i = coefficients.Length - 1; i >= 0; i--) y = y * x + coefficients[i];
        return y;
    }

    /// <summary>Applies a function to each lane of a vector of doubles.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe V Lanes<V, F>(V x) where V : unmanaged where F : struct, IScalarFunction
    {
        var lanes = (double*)&x;
        for (var i = 0; i < sizeof(V) / sizeof(double); i++) lanes[i] = F.Apply(lanes[i]);
        return x;
    }

    /// <summary>Applies a function with two results to each lane of a vector of doubles.</summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static unsafe V LanesOfTwo<V, F>(V x, out V second) where V : unmanaged where F : struct, IScalarPair
    {
        V seconds;
        double* first = (double*)&x, next = (double*)&seconds;
        for (var i = 0; i < sizeof(V) / sizeof(double); i++) first[i] = F.Apply(first[i], out next[i]);
        second = seconds;
        return x;
    }
}

internal readonly struct Exp64 : IScalarFunction
{
    public static double Apply(double x) => Math.Exp(x);
}

internal readonly struct Log64 : IScalarFunction
{
    public static double Apply(double x) => Math.Log(x);
}

internal readonly struct Tanh64 : IScalarFunction
{
    public static double Apply(double x) => Math.Tanh(x);
}

internal readonly struct Sigmoid64 : IScalarFunction
{
    public static double Apply(double x) => ScalarMath.Sigmoid(x);
}

internal readonly struct Erf64 : IScalarFunction
{
    public static double Apply(double x) => ScalarMath.Erf(x);
}

internal readonly struct Gelu64 : IScalarFunction
{
    public static double Apply(double x) => ScalarMath.Gelu(x);
}

internal readonly struct GeluFirst64 : IScalarFunction
{
    public static double Apply(double x) => ScalarMath.GeluFirst(x);
}

internal readonly struct GeluSecond64 : IScalarFunction
{
    public static double Apply(double x) => ScalarMath.GeluSecond(x);
}

internal readonly struct GeluDerivatives64 : IScalarPair
{
    public static double Apply(double x, out double second) => ScalarMath.GeluDerivatives(x, out second);
}

internal readonly struct QuickGelu64 : IScalarFunction
{
    public static double Apply(double x) => ScalarMath.QuickGelu(x);
}

internal readonly struct QuickGeluDerivatives64 : IScalarPair
{
    public static double Apply(double x, out double second) => ScalarMath.QuickGeluDerivatives(x, out second);
}
