using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>
/// Elementwise kernels against plain loops, with broadcasting, in place and at lengths around a vector.
/// </summary>
[TestFixture]
public sealed class ElementwiseTests
{
    [Test]
    public void Unary_matches_a_loop(
        [Values] UnaryKind kind, [Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 7, 17, 70001)] int count)
    {
        const double p = -0.75, q = 0.5;
        var positive = kind is UnaryKind.Log or UnaryKind.Sqrt or UnaryKind.Rsqrt;
        var x = KernelHost.Random(count, 3, positive ? 0.01 : -3, 3);
        var expected = Array.ConvertAll(x, v => Scalar(kind, v, p, q));
        KernelHost.Close(KernelHost.Both(b => VectorMathTests.Apply(b, kind, dtype, x, p, q)), expected,
            KernelAllowances.Chain.For(dtype));
        KernelHost.Close(KernelHost.Both(b =>
        {
            var y = KernelHost.Make(b, dtype, [count], x);
            b.Run(new UnaryArgs(kind, y, y, p, q));
            return y;
        }), expected, KernelAllowances.Chain.For(dtype));
    }

    [Test]
    public void Nan_stays_nan(
        [Values(UnaryKind.Relu, UnaryKind.Clamp)] UnaryKind kind, [Values(DType.F32, DType.F64)] DType dtype) =>
        Assert.That(KernelHost.Both(b => VectorMathTests.Apply(b, kind, dtype, Enumerable.Repeat(double.NaN, 19)
            .ToArray(), -1, 1)), Is.All.NaN);

    private static readonly (int[] A, int[] B)[] Shapes =
    [
        ([5], [5]), ([1], [37]), ([37], []), ([3, 17], [17]), ([1, 17], [3, 17]), ([3, 17], [3, 1]),
        ([7, 1], [7, 5]), ([2080, 96], [96]), ([2, 3, 4], [3, 1]), ([2, 1, 4, 1], [3, 1, 5]), ([4, 1, 6], [1, 5, 1]),
        ([2, 3, 4, 5], [2, 1, 1, 5]), ([0, 3], [3]), ([300, 401], [300, 1]), ([1, 1], [1]),
    ];

    [Test]
    public void Binary_broadcasts([Values] BinaryKind kind, [Values(DType.F32, DType.F64)] DType dtype,
        [ValueSource(nameof(Shapes))] (int[] A, int[] B) shapes)
    {
        Shape sa = new(shapes.A), sb = new(shapes.B), sy = Shape.Broadcast(sa, sb, "test");
        double[] a = KernelHost.Random(sa.Count, 1), b = KernelHost.Random(sb.Count, 2, 0.1, 2);
        var expected = new double[sy.Count];
        for (var i = 0; i < expected.Length; i++)
            expected[i] = Scalar(kind, a[Source(i, sy, sa)], b[Source(i, sy, sb)]);
        KernelHost.Close(KernelHost.Both(be =>
        {
            var y = KernelHost.Output(be, dtype, sy);
            be.Run(new BinaryArgs(kind, KernelHost.Make(be, dtype, sa, a), KernelHost.Make(be, dtype, sb, b), y));
            return y;
        }), expected, KernelAllowances.Chain.For(dtype));
        if (!sa.Equals(sy)) return;
        KernelHost.Close(KernelHost.Both(be =>
        {
            var y = KernelHost.Make(be, dtype, sa, a);
            be.Run(new BinaryArgs(kind, y, KernelHost.Make(be, dtype, sb, b), y));
            return y;
        }), expected, KernelAllowances.Chain.For(dtype));
    }

    [Test]
    public void Both_gradients_of_the_gradient_of_an_activation(
        [Values(Activation.Gelu, Activation.QuickGelu)] Activation activation,
        [Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 7, 33, 70_001)] int count)
    {
        var (first, second) = activation == Activation.Gelu
            ? (UnaryKind.GeluFirst, UnaryKind.GeluSecond)
            : (UnaryKind.QuickGeluFirst, UnaryKind.QuickGeluSecond);
        double[] x = KernelHost.Random(count, 4, -16, 16), g = KernelHost.Random(count, 5),
            h = KernelHost.Random(count, 6);
        var result = KernelHost.Both(b =>
        {
            Tensor dg = KernelHost.Output(b, dtype, [count]), dx = KernelHost.Output(b, dtype, [count]);
            b.Run(new ActivationDoubleBackwardArgs(activation, KernelHost.Make(b, dtype, [count], x),
                KernelHost.Make(b, dtype, [count], g), KernelHost.Make(b, dtype, [count], h), dg, dx));
            return new[] { dg, dx };
        });
        KernelHost.Close(result[0], [.. x.Select((v, i) => h[i] * VectorMathTests.Reference(first, v))],
            dtype == DType.F64 ? 5e-15 : 5e-7);
        KernelHost.Close(result[1], [.. x.Select((v, i) => h[i] * g[i] * VectorMathTests.Reference(second, v))],
            dtype == DType.F64 ? 5e-15 : 1e-6);
    }

    [Test]
    public void Updates_in_place([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 33, 150_001)] int count)
    {
        double[] x = KernelHost.Random(count, 4), y = KernelHost.Random(count, 5);
        var result = KernelHost.Both(b =>
        {
            Tensor tx = KernelHost.Make(b, dtype, [count], x), sum = KernelHost.Make(b, dtype, [count], y),
                mix = KernelHost.Make(b, dtype, [count], y);
            b.Run(new AddScaledArgs(tx, -0.3, sum));
            b.Run(new LerpArgs([new TensorPair(tx, mix)], 0.005));
            return new[] { sum, mix };
        });
        KernelHost.Close(result[0], y.Zip(x, (v, u) => v - 0.3 * u).ToArray(), KernelAllowances.Rounding.For(dtype));
        KernelHost.Close(
            result[1], y.Zip(x, (v, u) => v + 0.005 * (u - v)).ToArray(), KernelAllowances.Rounding.For(dtype));
    }

    [Test]
    public void AdamW_follows_its_formula(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(1, 17, 100_003)] int count)
    {
        double[] p = KernelHost.Random(count, 1), m = new double[count], v = new double[count];
        var g = new[] { KernelHost.Random(count, 2), KernelHost.Random(count, 3) };
        var result = KernelHost.Both(b =>
        {
            Tensor tp = KernelHost.Make(b, dtype, [count], p), tm = KernelHost.Make(b, dtype, [count], m),
                tv = KernelHost.Make(b, dtype, [count], v);
            for (var t = 1; t <= 2; t++)
                b.Run(new AdamWArgs([new AdamWTensors(tp, KernelHost.Make(b, dtype, [count], g[t - 1]), tm, tv)],
                    new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, t)));
            return new[] { tp, tm, tv };
        });
        for (var t = 1; t <= 2; t++)
            for (var i = 0; i < count; i++)
            {
                p[i] *= 1 - 1e-2 * 0.02;
                m[i] = 0.9 * m[i] + 0.1 * g[t - 1][i];
                v[i] = 0.999 * v[i] + 0.001 * g[t - 1][i] * g[t - 1][i];
                p[i] -=
                    1e-2 / (1 - Math.Pow(0.9, t)) * m[i] / (Math.Sqrt(v[i]) / Math.Sqrt(1 - Math.Pow(0.999, t)) + 1e-8);
            }
        KernelHost.Close(result[0], p, KernelAllowances.Chain.For(dtype));
        KernelHost.Close(result[1], m, KernelAllowances.Chain.For(dtype));
        KernelHost.Close(result[2], v, KernelAllowances.Chain.For(dtype));
    }

    private static int Source(int index, Shape from, Shape to)
    {
        int at = 0, stride = 1;
        for (var i = 1; i <= from.Rank; i++)
        {
            if (i <= to.Rank)
            {
                if (to[-i] != 1) at += index % from[-i] * stride;
                stride *= to[-i];
            }
            index /= from[-i];
        }
        return at;
    }

    private static double Scalar(UnaryKind kind, double x, double p, double q) => kind switch
    {
        UnaryKind.Neg => -x,
        UnaryKind.Sqrt => Math.Sqrt(x),
        UnaryKind.Rsqrt => 1 / Math.Sqrt(x),
        UnaryKind.Reciprocal => 1 / x,
        UnaryKind.Relu => Math.Max(x, 0),
        UnaryKind.Positive => x > 0 ? 1 : 0,
        UnaryKind.Clamp => Math.Clamp(x, p, q),
        UnaryKind.InRange => x >= p && x <= q ? 1 : 0,
        UnaryKind.Affine => p * x + q,
        _ => VectorMathTests.Reference(kind, x),
    };

    private static double Scalar(BinaryKind kind, double a, double b) => kind switch
    {
        BinaryKind.Add => a + b,
        BinaryKind.Sub => a - b,
        BinaryKind.Mul => a * b,
        BinaryKind.Div => a / b,
        BinaryKind.GeluBackward => a * VectorMathTests.Reference(UnaryKind.GeluFirst, b),
        BinaryKind.QuickGeluBackward => a * VectorMathTests.Reference(UnaryKind.QuickGeluFirst, b),
        BinaryKind.TanhBackward => a * (1 - b * b),
        BinaryKind.SigmoidBackward => a * b * (1 - b),
        BinaryKind.ReluBackward => b > 0 ? a : 0,
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };
}
