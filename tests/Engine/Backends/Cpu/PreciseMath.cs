using System.Numerics;
using AmcEngine.Backends.Kernels;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>
/// Transcendental functions by their series in fixed point with 1200 fractional bits, which resolves every result here
/// to far more than the 53 bits that it is compared with.
/// </summary>
internal static class PreciseMath
{
    private const int Bits = 1200;

    private static readonly BigInteger One = BigInteger.One << Bits;
    private static readonly BigInteger Ln2 = Log2();
    private static readonly BigInteger TwoOverSqrtPi = (2 * One << Bits) / Sqrt(Pi());

    /// <summary>How many units of the last place of f64 a value of a function is off.</summary>
    public static double Ulps(UnaryKind kind, double x, double y)
    {
        if (!double.IsFinite(y)) return double.PositiveInfinity;
        var expected = Value(kind, From(x));
        // Of the exact result's binade.
        var ulp = (int)BigInteger.Abs(expected).GetBitLength() - 53;
        return Math.Abs((double)((From(y) - expected << 20) >> ulp)) / (1 << 20);
    }

    private static BigInteger Value(UnaryKind kind, BigInteger x) => kind switch
    {
        UnaryKind.Exp => Exp(x),
        UnaryKind.Log => Log(x),
        UnaryKind.Tanh => One - Divide(2 * One, Exp(2 * x) + One),
        UnaryKind.Sigmoid => Divide(One, One + Exp(-x)),
        UnaryKind.Erf => Erf(x),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    private static BigInteger Exp(BigInteger x)
    {
        // x = n·ln 2 + 256·r with a small r; the series of eʳ, squared eight times.
        var n = (int)BigInteger.Divide(x, Ln2);
        BigInteger r = x - n * Ln2 >> 8, term = One, sum = One;
        for (var k = 1; !term.IsZero && k < 1000; k++)
        {
            term = Multiply(term, r) / k;
            sum += term;
        }
        for (var i = 0; i < 8; i++) sum = Multiply(sum, sum);
        return n >= 0 ? sum << n : sum >> -n;
    }

    private static BigInteger Log(BigInteger x)
    {
        // Newton's steps on eʸ = x from the f64 value; each doubles the digits.
        var shift = (int)x.GetBitLength() - Bits;
        var m = shift >= 0 ? x >> shift : x << -shift;
        var y = From(Math.Log((double)(m >> Bits - 60) / (1L << 60)));
        for (var i = 0; i < 5; i++) y += Divide(m, Exp(y)) - One;
        return y + shift * Ln2;
    }

    private static BigInteger Erf(BigInteger x)
    {
        BigInteger square = Multiply(x, x), power = x, sum = x;
        for (var n = 1; !power.IsZero && n < 5000; n++)
        {
            power = -Multiply(power, square) / n;
            sum += power / (2 * n + 1);
            if (power == -1) break;
        }
        return Multiply(TwoOverSqrtPi, sum);
    }

    // ln 2 = Σ 1/(k·2ᵏ).
    private static BigInteger Log2()
    {
        BigInteger sum = 0;
        for (var k = 1; k <= Bits; k++) sum += (One >> k) / k;
        return sum;
    }

    // Machin: π = 16·arctan(1/5) − 4·arctan(1/239).
    private static BigInteger Pi() => 16 * ArctanInverse(5) - 4 * ArctanInverse(239);

    private static BigInteger ArctanInverse(int q)
    {
        BigInteger power = One / q, sum = power;
        for (var k = 3; !power.IsZero; k += 2)
        {
            power = -power / (q * q);
            sum += power / k;
        }
        return sum;
    }

    private static BigInteger Sqrt(BigInteger a)
    {
        BigInteger target = a << Bits, y = One << 1;
        for (var i = 0; i < 20; i++) y = y + target / y >> 1;
        return y;
    }

    private static BigInteger Multiply(BigInteger a, BigInteger b) => a * b >> Bits;

    private static BigInteger Divide(BigInteger a, BigInteger b) => (a << Bits) / b;

    // Exact: the bits of an f64 reach down to 2⁻¹⁰⁷⁴.
    private static BigInteger From(double x)
    {
        var bits = BitConverter.DoubleToInt64Bits(x);
        var exponent = (int)(bits >> 52 & 0x7ff);
        BigInteger m = bits & 0xfffffffffffff | (exponent > 0 ? 1L << 52 : 0);
        m <<= Bits - 1075 + Math.Max(1, exponent);
        return bits < 0 ? -m : m;
    }
}
