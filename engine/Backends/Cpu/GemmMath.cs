using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace AmcEngine.Backends.Cpu;

// exp and GELU for the epilogue and for attention, apart from their callers, so that they can be exchanged.
// exp: x = n·ln 2 + r, |r| ≤ ln 2 / 2, polynomial of degree 6 in r, scaled by the exponent; below about 1 ulp (f32).
// GELU: x·Φ(x) with Φ(−s) = G(t)·exp(−s²/2)/(s + 4), t = (s − 4)/(s + 4), s = |x|; G by its Chebyshev expansion
// (degree 12: 1e-9 for f32, degree 26: 3e-17 for f64). s²/2 is kept in two parts, so that the relative error stays small in
// the tail, where 1 + erf would cancel.

/// <summary>Elementary functions inside the matrix and attention kernels.</summary>
internal static class GemmMath
{
    // exp(x) is 0 below: the smallest normal number.
    private const float Lowest = -87.33654f;
    private const float Highest = 88.72283f;
    private const float Log2E = 1.44269504f;
    private const float Ln2High = 0.693359375f;
    private const float Ln2Low = -2.12194440e-4f;

    /// <summary>eˣ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        // The second operand wins where one is NaN: NaN stays NaN.
        var y = Vector512.MinNative(Vector512.Create(Highest), Vector512.MaxNative(Vector512.Create(Lowest), x));
        var n = Vector512.Round(y * Log2E);
        var r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2High), y);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-Ln2Low), r);
        var p = Vector512.FusedMultiplyAdd(r, Vector512.Create(1.9875691500e-4f), Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512.Create(1f);
        // 2ⁿ in two factors: n = 128 has no exponent of its own.
        var i = Vector512.ConvertToInt32Native(n);
        var half = i >> 1;
        var low = ((half + Vector512.Create(127)) << 23).AsSingle();
        var high = ((i - half + Vector512.Create(127)) << 23).AsSingle();
        var e = p * low * high;
        return Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(Lowest)), Vector512<float>.Zero, e);
    }

    /// <summary>x·Φ(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Gelu(Vector512<float> x)
    {
        var s = Vector512.MinNative(Vector512.Create(40f), Vector512.Abs(x));
        var d = Vector512.Create(1f) / (s + Vector512.Create(4f));
        var t = (s - Vector512.Create(4f)) * d;
        var g = Vector512.Create(-2.310677223929755e-07f);
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(2.118298425522466e-05f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(-1.0378791342964916e-06f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(-0.0002155737762864521f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(0.00013287353353136502f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(0.0016220401055284282f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(-0.0034795502689292123f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(-0.007537717159683632f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(0.06039655350413443f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(-0.1865221598399514f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(0.38713740198331775f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(-0.6078966313662241f));
        g = Vector512.FusedMultiplyAdd(g, t, Vector512.Create(0.7552851304037796f));
        // s stands for |x| below: where it was cut off the tail is 0, and infinity meets no 0.
        var half = s * 0.5f;
        var square = half * s;
        var rest = Vector512.FusedMultiplyAdd(half, s, -square);
        var tail = Exp(-square);
        tail = Vector512.FusedMultiplyAdd(-rest, tail, tail) * (g * d);
        var upper = Vector512.GreaterThan(x, Vector512<float>.Zero);
        return Vector512.ConditionalSelect(upper, Vector512.FusedMultiplyAdd(-s, tail, x), -s * tail);
    }

    /// <summary>eˣ.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Exp(Vector256<float> x)
    {
        // The second operand wins where one is NaN: NaN stays NaN.
        var y = Vector256.MinNative(Vector256.Create(Highest), Vector256.MaxNative(Vector256.Create(Lowest), x));
        var n = Vector256.Round(y * Log2E);
        var r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2High), y);
        r = Vector256.FusedMultiplyAdd(n, Vector256.Create(-Ln2Low), r);
        var p = Vector256.FusedMultiplyAdd(r, Vector256.Create(1.9875691500e-4f), Vector256.Create(1.3981999507e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(8.3334519073e-3f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(4.1665795894e-2f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(1.6666665459e-1f));
        p = Vector256.FusedMultiplyAdd(p, r, Vector256.Create(5.0000001201e-1f));
        p = Vector256.FusedMultiplyAdd(p, r * r, r) + Vector256.Create(1f);
        // 2ⁿ in two factors: n = 128 has no exponent of its own.
        var i = Vector256.ConvertToInt32Native(n);
        var half = i >> 1;
        var low = ((half + Vector256.Create(127)) << 23).AsSingle();
        var high = ((i - half + Vector256.Create(127)) << 23).AsSingle();
        var e = p * low * high;
        return Vector256.ConditionalSelect(Vector256.LessThan(x, Vector256.Create(Lowest)), Vector256<float>.Zero, e);
    }

    /// <summary>x·Φ(x).</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector256<float> Gelu(Vector256<float> x)
    {
        var s = Vector256.MinNative(Vector256.Create(40f), Vector256.Abs(x));
        var d = Vector256.Create(1f) / (s + Vector256.Create(4f));
        var t = (s - Vector256.Create(4f)) * d;
        var g = Vector256.Create(-2.310677223929755e-07f);
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(2.118298425522466e-05f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(-1.0378791342964916e-06f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(-0.0002155737762864521f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(0.00013287353353136502f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(0.0016220401055284282f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(-0.0034795502689292123f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(-0.007537717159683632f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(0.06039655350413443f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(-0.1865221598399514f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(0.38713740198331775f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(-0.6078966313662241f));
        g = Vector256.FusedMultiplyAdd(g, t, Vector256.Create(0.7552851304037796f));
        // s stands for |x| below: where it was cut off the tail is 0, and infinity meets no 0.
        var half = s * 0.5f;
        var square = half * s;
        var rest = Vector256.FusedMultiplyAdd(half, s, -square);
        var tail = Exp(-square);
        tail = Vector256.FusedMultiplyAdd(-rest, tail, tail) * (g * d);
        var upper = Vector256.GreaterThan(x, Vector256<float>.Zero);
        return Vector256.ConditionalSelect(upper, Vector256.FusedMultiplyAdd(-s, tail, x), -s * tail);
    }

    /// <summary>eˣ of one number.</summary>
    public static T Exp<T>(T x) where T : unmanaged =>
        typeof(T) == typeof(float) ? (T)(object)MathF.Exp((float)(object)x) : (T)(object)Math.Exp((double)(object)x);

    /// <summary>x·Φ(x) of one number; within a few ulp of f64.</summary>
    public static double Gelu(double x)
    {
        var s = Math.Min(40, Math.Abs(x));
        var d = 1 / (s + 4);
        var t = (s - 4) * d;
        var g = 0.0;
        for (var i = GeluSeries.Length - 1; i >= 0; i--) g = g * t + GeluSeries[i];
        var square = 0.5 * s * s;
        var rest = Math.FusedMultiplyAdd(0.5 * s, s, -square);
        var tail = Math.Exp(-square) * (1 - rest) * g * d;
        if (double.IsNaN(x)) return x;
        return x > 0 ? x - s * tail : -s * tail;
    }

    private static ReadOnlySpan<double> GeluSeries =>
    [
        0.7552851304157515, -0.6078966419718921, 0.3871374007422145, -0.18652185795965484, 0.06039657489094323,
        -0.00754018896682524, -0.003479692367605836, 0.001630818459394586, 0.00013334431578740138, -0.00023109495324019437,
        -1.908289705282615e-06, 3.514479478753355e-05, 7.168479446346122e-07, -5.920586519556891e-06, -6.303897230472221e-07,
        1.0225604158296038e-06, 2.73568947907429e-07, -1.5650236461993106e-07, -8.838447972307543e-08, 1.4630727405651175e-08,
        2.2833760070320693e-08, 1.4329918401088613e-09, -4.57068646415335e-09, -8.546521899880147e-10, 6.325195377466816e-10,
        1.175478991480774e-10, -4.495204721257417e-11,
    ];
}
