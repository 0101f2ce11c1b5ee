using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>
/// The f32 functions against f64, the f64 functions against arithmetic of 1200 bits and 200-digit values, in units of
/// the last place.
/// </summary>
public sealed class VectorMathTests(string path) : OnEverySimdPath(path)
{
    /// <summary>
    /// Function, lowest and highest argument, and how many units of the last place the result may be off.
    /// </summary>
    internal static readonly object[][] Sweeps =
    [
        [UnaryKind.Exp, -87.0, 88.7, 2.0],
        [UnaryKind.Exp, -0.001, 0.001, 2.0],
        [UnaryKind.Exp, -103.9, -87.0, 2.0],
        [UnaryKind.Log, 1e-44, 1e-37, 2.0],
        [UnaryKind.Log, 1e-30, 10.0, 2.0],
        [UnaryKind.Log, 0.9, 1.1, 2.0],
        [UnaryKind.Log, 1.0, 3e+38, 2.0],
        [UnaryKind.Tanh, -10.0, 10.0, 2.0],
        [UnaryKind.Tanh, -0.001, 0.001, 2.0],
        [UnaryKind.Tanh, -1e-40, 1e-40, 2.0],
        [UnaryKind.Sigmoid, -86.0, 20.0, 2.0],
        [UnaryKind.Erf, -5.0, 5.0, 2.0],
        [UnaryKind.Erf, -1e-40, 1e-40, 2.0],
        [UnaryKind.Gelu, 0.0, 12.0, 4.0],
        [UnaryKind.Gelu, -12.0, 0.0, 5.0],
        [UnaryKind.Gelu, -1e-40, 1e-40, 2.0],
        [UnaryKind.GeluFirst, 0.0, 14.0, 3.0],
        [UnaryKind.GeluSecond, -1.0, 1.0, 3.0],
        [UnaryKind.QuickGelu, 0.0, 12.0, 3.0],
        [UnaryKind.QuickGelu, -50.0, 0.0, 4.0],
        [UnaryKind.QuickGelu, -1e-40, 1e-40, 2.0],
        [UnaryKind.QuickGeluFirst, 0.0, 14.0, 3.0],
        [UnaryKind.QuickGeluSecond, -1.0, 1.0, 7.0],
    ];

    [TestCaseSource(nameof(Sweeps))]
    public void Within_ulps(UnaryKind kind, double low, double high, double ulps)
    {
        var x = Sweep(low, high, 200_003);
        Near(kind, x, KernelHost.Both(b => Apply(b, kind, DType.F32, x)), ulps);
    }

    [TestCase(UnaryKind.Exp)]
    [TestCase(UnaryKind.Log)]
    [TestCase(UnaryKind.Tanh)]
    [TestCase(UnaryKind.Sigmoid)]
    [TestCase(UnaryKind.Erf)]
    public void Within_two_ulps_over_all_numbers_of_f32(UnaryKind kind)
    {
        // Every 20,011th number, by its bits: all exponents of both signs, denormals included.
        var x = new List<double>();
        for (long bits = 0; bits <= uint.MaxValue; bits += 20_011)
            if (BitConverter.UInt32BitsToSingle((uint)bits) is var f && float.IsFinite(f)
                && (kind != UnaryKind.Log || f > 0)) x.Add(f);
        double[] all = [.. x];
        Near(kind, all, KernelHost.Both(b => Apply(b, kind, DType.F32, all)), 2);
    }

    [TestCase(UnaryKind.Exp, -708.0, 709.5)]
    [TestCase(UnaryKind.Exp, -0.01, 0.01)]
    [TestCase(UnaryKind.Log, 1e-300, 1e-290)]
    [TestCase(UnaryKind.Log, 0.01, 3.0)]
    [TestCase(UnaryKind.Log, 0.999, 1.001)]
    [TestCase(UnaryKind.Log, 3.0, 1e300)]
    [TestCase(UnaryKind.Tanh, -21.0, 21.0)]
    [TestCase(UnaryKind.Tanh, -0.01, 0.01)]
    [TestCase(UnaryKind.Sigmoid, -700.0, 40.0)]
    [TestCase(UnaryKind.Sigmoid, -5.0, 5.0)]
    [TestCase(UnaryKind.Erf, -6.0, 6.0)]
    [TestCase(UnaryKind.Erf, -0.01, 0.01)]
    public void Within_two_ulps_in_f64(UnaryKind kind, double low, double high)
    {
        var random = new Random(7);
        var x = Enumerable.Range(0, 100).Select(_ => low + (high - low) * random.NextDouble()).ToArray();
        var y = KernelHost.Both(b => Apply(b, kind, DType.F64, x));
        var worst = (Error: 0.0, At: 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            var error = PreciseMath.Ulps(kind, x[i], y[i]);
            if (!(error <= worst.Error)) worst = (error, x[i]);
        }
        Closeness.Within($"{kind} in f64, ulp at x = {worst.At:R}", worst.Error, 2);
    }

    [Test]
    public void Elementwise_functions_give_the_same_bits_on_every_path(
        [Values(UnaryKind.Exp, UnaryKind.Log, UnaryKind.Tanh, UnaryKind.Sigmoid, UnaryKind.Erf,
            UnaryKind.Gelu, UnaryKind.GeluFirst, UnaryKind.GeluSecond, UnaryKind.QuickGelu, UnaryKind.QuickGeluFirst,
            UnaryKind.QuickGeluSecond)] UnaryKind kind,
        [Values(DType.F32, DType.F64)] DType dtype)
    {
        if (!Fma.IsSupported && !AdvSimd.IsSupported)
            Assert.Ignore("without fused multiply-add the paths may round differently");
        double[] x = [.. Sweep(-110, 100, 10_007), .. Sweep(-1, 1, 1_009)];
        var here = KernelHost.Both(b => Apply(b, kind, dtype, x));
        using var use = SimdPath.Use(SimdPath.Widest);
        KernelHost.SameBits(KernelHost.Both(b => Apply(b, kind, dtype, x)), here, "differs from the widest path");
    }

    [TestCase(UnaryKind.GeluFirst)]
    [TestCase(UnaryKind.GeluSecond)]
    [TestCase(UnaryKind.QuickGeluFirst)]
    [TestCase(UnaryKind.QuickGeluSecond)]
    public void Derivatives_of_gelu_are_absolutely_accurate_across_their_zeros(UnaryKind kind)
    {
        var x = new double[100_001];
        for (var i = 0; i < x.Length; i++) x[i] = (float)(-15 + 30.0 * i / (x.Length - 1));
        KernelHost.Close(
            KernelHost.Both(b => Apply(b, kind, DType.F32, x)), Array.ConvertAll(x, v => Reference(kind, v)), 2.5e-7);
    }

    [Test]
    public void Special_values([Values(DType.F32, DType.F64)] DType dtype) =>
        CheckSpecialValues((kind, x) => KernelHost.Both(b => Apply(b, kind, dtype, x)));

    /// <summary>Infinities, NaN, signed zero and the far tails, as IEEE wants.</summary>
    internal static void CheckSpecialValues(Func<UnaryKind, double[], double[]> apply)
    {
        double[] x = [double.NegativeInfinity, -200, -0.0, 0, 200, double.PositiveInfinity, double.NaN];
        double[] Of(UnaryKind kind) => apply(kind, x);
        Assert.Multiple(() =>
        {
            Assert.That(Of(UnaryKind.Exp).Where((_, i) => i != 1 && i != 4),
                Is.EqualTo(new[] { 0, 1, 1, double.PositiveInfinity, double.NaN }));
            Assert.That(Of(UnaryKind.Log)[..4], Is.EqualTo(
                new[] { double.NaN, double.NaN, double.NegativeInfinity, double.NegativeInfinity }));
            Assert.That(Of(UnaryKind.Log)[5..], Is.EqualTo(new[] { double.PositiveInfinity, double.NaN }));
            Assert.That(Of(UnaryKind.Tanh), Is.EqualTo(new[] { -1, -1, 0, 0, 1, 1, double.NaN }));
            Assert.That(Of(UnaryKind.Erf), Is.EqualTo(new[] { -1, -1, 0, 0, 1, 1, double.NaN }));
            Assert.That(Of(UnaryKind.Gelu), Is.EqualTo(new[] { 0, 0, 0, 0, 200, double.PositiveInfinity, double.NaN }));
            Assert.That(Of(UnaryKind.GeluFirst), Is.EqualTo(new[] { 0, 0, 0.5, 0.5, 1, 1, double.NaN }));
            Assert.That(Of(UnaryKind.GeluSecond).Where((_, i) => i is not 2 and not 3),
                Is.EqualTo(new[] { 0, 0, 0, 0, double.NaN }));
            Assert.That(Of(UnaryKind.QuickGelu),
                Is.EqualTo(new[] { 0, 0, 0, 0, 200, double.PositiveInfinity, double.NaN }).Within(1e-140));
            Assert.That(
                Of(UnaryKind.QuickGeluFirst), Is.EqualTo(new[] { 0, 0, 0.5, 0.5, 1, 1, double.NaN }).Within(1e-140));
            Assert.That(
                Of(UnaryKind.QuickGeluSecond), Is.EqualTo(new[] { 0, 0, 0.851, 0.851, 0, 0, double.NaN }).Within(6e-8));
            Assert.That(Of(UnaryKind.Sigmoid)[5..], Is.EqualTo(new[] { 1, double.NaN }));
            Assert.That(Of(UnaryKind.Sigmoid)[0], Is.Zero);
        });
    }

    [TestCase(1e-10, 1.1283791670955126e-10, 0.999999999887162)]
    [TestCase(0.1, 0.1124629160182849, 0.887537083981715)]
    [TestCase(0.5, 0.5204998778130465, 0.4795001221869535)]
    [TestCase(0.84, 0.7651427114549945, 0.23485728854500548)]
    [TestCase(0.85, 0.7706680576083526, 0.22933194239164748)]
    [TestCase(1.0, 0.8427007929497149, 0.15729920705028513)]
    [TestCase(1.2, 0.9103139782296353, 0.08968602177036464)]
    [TestCase(1.25, 0.9229001282564583, 0.07709987174354177)]
    [TestCase(1.5, 0.9661051464753108, 0.033894853524689274)]
    [TestCase(2.0, 0.9953222650189527, 0.004677734981047266)]
    [TestCase(2.8, 0.9999249868053346, 7.501319466545911e-05)]
    [TestCase(2.9, 0.9999589021219005, 4.109787809945886e-05)]
    [TestCase(3.7, 0.9999998328489421, 1.6715105790914599e-07)]
    [TestCase(5.0, 0.9999999999984626, 1.537459794428035e-12)]
    [TestCase(5.9, 0.9999999999999999, 7.190409783550478e-17)]
    public void Erf_in_f64(double x, double erf, double erfc)
    {
        Assert.Multiple(() =>
        {
            Assert.That(ScalarMath.Erf(x), Is.EqualTo(erf).Within(2).Ulps);
            Assert.That(ScalarMath.Erf(-x), Is.EqualTo(-erf).Within(2).Ulps);
            Assert.That(ScalarMath.Erfc(x), Is.EqualTo(erfc).Within(2).Ulps);
            Assert.That(ScalarMath.Erfc(-x), Is.EqualTo(1 + erf).Within(2).Ulps);
        });
    }

    internal static Tensor Apply(
        CpuBackend backend, UnaryKind kind, DType dtype, double[] x, double p = 0, double q = 0)
    {
        var y = KernelHost.Output(backend, dtype, [x.Length]);
        backend.Run(new UnaryArgs(kind, KernelHost.Make(backend, dtype, [x.Length], x), y, p, q));
        return y;
    }

    internal static double Reference(UnaryKind kind, double x) => kind switch
    {
        UnaryKind.Exp => Math.Exp(x),
        UnaryKind.Log => Math.Log(x),
        UnaryKind.Rsqrt => 1 / Math.Sqrt(x),
        UnaryKind.Tanh => Math.Tanh(x),
        UnaryKind.Sigmoid => 1 / (1 + Math.Exp(-x)),
        UnaryKind.Erf => ScalarMath.Erf(x),
        UnaryKind.Gelu => x * 0.5 * ScalarMath.Erfc(-x / Math.Sqrt(2)),
        UnaryKind.GeluFirst =>
            0.5 * ScalarMath.Erfc(-x / Math.Sqrt(2)) + x * Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI),
        UnaryKind.GeluSecond => Math.Exp(-x * x / 2) / Math.Sqrt(2 * Math.PI) * (2 - x * x),
        UnaryKind.QuickGelu => x / (1 + Math.Exp(-1.702 * x)),
        UnaryKind.QuickGeluFirst => QuickDerivatives(x).First,
        UnaryKind.QuickGeluSecond => QuickDerivatives(x).Second,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    // Of x·½(1 + tanh(z/2)), z = 1.702 x: by hyperbolic functions, other than the kernels.
    private static (double First, double Second) QuickDerivatives(double x)
    {
        double t = Math.Tanh(0.851 * x), c = Math.Cosh(0.851 * x), slope = 0.851 / (2 * c * c);
        return (0.5 * (1 + t) + x * slope, 2 * slope * (1 - 0.851 * x * t));
    }

    /// <summary>f32 numbers from <paramref name="low"/> to <paramref name="high"/>.</summary>
    internal static double[] Sweep(double low, double high, int count)
    {
        var x = new double[count];
        for (var i = 0; i < count; i++) x[i] = (float)(low + (high - low) * i / (count - 1));
        return x;
    }

    /// <summary>
    /// Fails where a value is more than <paramref name="ulps"/> units of the last place from the reference.
    /// </summary>
    internal static void Near(UnaryKind kind, double[] x, double[] y, double ulps)
    {
        var worst = (Error: 0.0, At: 0.0);
        for (var i = 0; i < x.Length; i++)
        {
            var expected = Reference(kind, x[i]);
            // Beyond the range of f32 both are infinite.
            var error = y[i].Equals((double)(float)expected) ? 0 : Math.Abs(y[i] - expected) / Ulp(expected);
            if (!(error <= worst.Error)) worst = (error, x[i]);
        }
        Closeness.Within($"{kind}, ulp at x = {worst.At:R}", worst.Error, ulps);
    }

    private static double Ulp(double value)
    {
        var f = Math.Abs((float)value);
        return (double)MathF.BitIncrement(f) - f;
    }
}
