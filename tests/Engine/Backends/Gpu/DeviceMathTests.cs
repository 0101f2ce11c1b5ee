using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Backends.Cpu;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// The functions of a device, on the same sweeps and within the same units of the last place as on the CPU.
/// </summary>
[TestFixture]
internal sealed class DeviceMathTests
{
    [TestCaseSource(typeof(VectorMathTests), nameof(VectorMathTests.Sweeps))]
    public void Within_ulps(UnaryKind kind, double low, double high, double ulps)
    {
        var x = VectorMathTests.Sweep(low, high, 100_003);
        VectorMathTests.Near(kind, x, Apply(kind, DType.F32, x), ulps);
    }

    [Test]
    public void Special_values([Values(DType.F32, DType.F64)] DType dtype) =>
        VectorMathTests.CheckSpecialValues((kind, x) => Apply(kind, dtype, x));

    [TestCase(UnaryKind.Exp, -700, 700)]
    [TestCase(UnaryKind.Log, 1e-30, 1e3)]
    [TestCase(UnaryKind.Log, 0.5, 2)]
    [TestCase(UnaryKind.Tanh, -20, 20)]
    [TestCase(UnaryKind.Sigmoid, -700, 30)]
    [TestCase(UnaryKind.Erf, -6, 6)]
    [TestCase(UnaryKind.Gelu, -8, 8)]
    [TestCase(UnaryKind.QuickGelu, -8, 8)]
    public void F64_agrees_with_the_reference(UnaryKind kind, double low, double high)
    {
        var x = VectorMathTests.Sweep(low, high, 20_011);
        var y = Apply(kind, DType.F64, x);
        // Math.Max, other than Enumerable.Max, keeps a NaN.
        var worst = 0.0;
        for (var i = 0; i < x.Length; i++)
            worst = Math.Max(worst, Relative(y[i], VectorMathTests.Reference(kind, x[i])));
        Closeness.Within($"{kind}", worst, kind == UnaryKind.Gelu ? 2e-14 : 2e-15);
    }

    [Test]
    public void Reciprocal_square_root_is_within_2_ulp()
    {
        var x = VectorMathTests.Sweep(1e-6, 1e6, 100_003);
        var y = Apply(UnaryKind.Rsqrt, DType.F32, x);
        VectorMathTests.Near(UnaryKind.Rsqrt, x, y, 2);
    }

    [TestCase(UnaryKind.Gelu, UnaryKind.GeluFirst, UnaryKind.GeluSecond)]
    [TestCase(UnaryKind.QuickGelu, UnaryKind.QuickGeluFirst, UnaryKind.QuickGeluSecond)]
    public void Derivatives_of_an_activation_are_its_slopes(UnaryKind value, UnaryKind firstKind, UnaryKind secondKind)
    {
        var x = VectorMathTests.Sweep(-6, 6, 1_201);
        const double h = 1e-5;
        double[] Shifted(double by) => Array.ConvertAll(x, v => v + by);
        double[] up = Apply(value, DType.F64, Shifted(h)), down = Apply(value, DType.F64, Shifted(-h));
        double[] upFirst = Apply(firstKind, DType.F64, Shifted(h)),
            downFirst = Apply(firstKind, DType.F64, Shifted(-h));
        double[] first = Apply(firstKind, DType.F64, x), second = Apply(secondKind, DType.F64, x);
        Closeness.ElementsAreClose("first derivative", first, [.. up.Zip(down, (u, d) => (u - d) / (2 * h))], 1e-9);
        Closeness.ElementsAreClose(
            "second derivative", second, [.. upFirst.Zip(downFirst, (u, d) => (u - d) / (2 * h))], 1e-9);
    }

    private static double Relative(double actual, double expected) =>
        Math.Abs(actual - expected) / Math.Max(Math.Abs(expected), 1e-290);

    private static double[] Apply(UnaryKind kind, DType dtype, double[] x)
    {
        var device = TestBackends.OpenCl;
        using var input = dtype == DType.F64 ? Tensor.From(x, [x.Length], device) : Tensor.From(
            Array.ConvertAll(x, v => (float)v), [x.Length], device);
        using var output = Tensor.Empty([x.Length], dtype, device);
        device.Run(new UnaryArgs(kind, input, output));
        return output.ToDoubles();
    }
}
