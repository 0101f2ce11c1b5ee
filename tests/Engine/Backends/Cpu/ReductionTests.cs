using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>Reductions, softmax and layer norm against plain loops over (outer, length, inner).</summary>
public sealed class ReductionTests(string path) : OnEverySimdPath(path)
{
    private static readonly AxisView[] Axes =
    [
        new(1, 1, 1), new(1, 70001, 1), new(5, 3, 1), new(7, 17, 1), new(31, 129, 1), new(1, 2080, 96), new(3, 5, 7),
        new(2, 400, 17), new(1, 1000, 3), new(300, 257, 2), new(1, 191, 67),
    ];

    [Test]
    public void Reduce_matches_a_loop(
        [Values] ReduceKind kind, [Values(DType.F32, DType.F64)] DType dtype, [ValueSource(nameof(Axes))] AxisView axis)
    {
        var x = KernelHost.Random(axis.Outer * axis.Length * axis.Inner, 8);
        var expected = PerLine(axis, at => kind switch
        {
            ReduceKind.Sum => at.Sum(i => x[i]),
            ReduceKind.Max => at.Max(i => x[i]),
            _ => at.Min(i => x[i]),
        });
        KernelHost.Close(KernelHost.Both(b =>
        {
            var y = KernelHost.Output(b, dtype, [axis.Outer, axis.Inner]);
            b.Run(new ReduceArgs(kind, KernelHost.Make(b, dtype, [x.Length], x), axis, y));
            return y;
        }), expected, kind == ReduceKind.Sum ? KernelAllowances.Sum.For(dtype) : 0);
    }

    [Test]
    public void Empty_sums_are_zero([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 5)] int inner) =>
        Assert.That(KernelHost.Both(b =>
        {
            var y = KernelHost.Output(b, dtype, [3, inner]);
            b.Run(new ReduceArgs(ReduceKind.Sum, Tensor.Empty([3, 0, inner], dtype, b), new AxisView(3, 0, inner), y));
            return y;
        }), Is.All.Zero);

    [Test]
    public void Arg_takes_the_first([Values(ReduceKind.Max, ReduceKind.Min)] ReduceKind kind,
        [Values(DType.F32, DType.F64)] DType dtype, [Values(1, 3)] int inner, [Values] bool nan)
    {
        // Few distinct values, so that the extreme occurs often; then NaN in the middle of every line.
        var axis = new AxisView(5, 301, inner);
        var x = Array.ConvertAll(KernelHost.Random(5 * 301 * inner, 9), Math.Round);
        if (nan)
            for (var o = 0; o < 5; o++)
                for (var i = 100; i < 300; i += 100)
                    for (var n = 0; n < inner; n++) x[(o * 301 + i) * inner + n] = double.NaN;
        var expected = PerLine(axis, at =>
        {
            var values = at.Select(i => x[i]).ToList();
            return values.IndexOf(nan ? double.NaN : kind == ReduceKind.Max ? values.Max() : values.Min());
        });
        var result = KernelHost.Both(b =>
        {
            Tensor values = KernelHost.Output(b, dtype, [5, inner]),
                indices = KernelHost.Output(b, DType.I32, [5, inner]);
            b.Run(new ArgReduceArgs(kind, KernelHost.Make(b, dtype, [x.Length], x), axis, values, indices));
            return new[] { values, indices };
        });
        Assert.That(result[1], Is.EqualTo(expected));
        Assert.That(result[0], nan ? Is.All.NaN : Is.All.EqualTo(kind == ReduceKind.Max ? 2 : -2));
    }

    [Test]
    public void Nan_wins([Values(ReduceKind.Max, ReduceKind.Min)] ReduceKind kind, [Values(1, 40)] int inner)
    {
        var x = KernelHost.Random(200 * inner, 2);
        for (var n = 0; n < inner; n++) x[77 * inner + n] = double.NaN;
        Assert.That(KernelHost.Both(b =>
        {
            var y = KernelHost.Output(b, DType.F32, [inner]);
            b.Run(new ReduceArgs(kind, KernelHost.Make(b, DType.F32, [x.Length], x), new AxisView(1, 200, inner), y));
            return y;
        }), Is.All.NaN);
    }

    [Test]
    public void Counts_what_is_not_finite([Values(DType.F32, DType.F64)] DType dtype, [Values(0, 5, 100_003)] int count)
    {
        var x = KernelHost.Random(count, 6);
        for (var i = 1; i < count; i += 7)
            x[i] = (i % 3) switch { 0 => double.NaN, 1 => double.PositiveInfinity, _ => double.NegativeInfinity };
        var expected = x.Count(v => !double.IsFinite(v));
        KernelHost.Both(b =>
        {
            var t = KernelHost.Make(b, dtype, [count], x);
            var counts = new long[2];
            b.Run(new CountNonFiniteArgs([t, KernelHost.Ints(b, [1], 1)], counts));
            Assert.That(counts, Is.EqualTo(new long[] { expected, 0 }));
            return t;
        });
    }

    [Test]
    public void Softmax_and_its_gradient(
        [Values] bool log, [Values(DType.F32, DType.F64)] DType dtype, [ValueSource(nameof(Axes))] AxisView axis)
    {
        var count = axis.Outer * axis.Length * axis.Inner;
        double[] x = KernelHost.Random(count, 11, -8, 8), g = KernelHost.Random(count, 12), y = new double[count],
            dx = new double[count];
        PerLine(axis, at =>
        {
            double max = at.Max(i => x[i]), sum = at.Sum(i => Math.Exp(x[i] - max));
            foreach (var i in at) y[i] = log ? x[i] - max - Math.Log(sum) : Math.Exp(x[i] - max) / sum;
            var dot = at.Sum(i => log ? g[i] : y[i] * g[i]);
            foreach (var i in at) dx[i] = log ? g[i] - Math.Exp(y[i]) * dot : y[i] * (g[i] - dot);
            return 0;
        });
        var result = KernelHost.Both(b =>
        {
            Tensor ty = KernelHost.Output(b, dtype, [count]), td = KernelHost.Output(b, dtype, [count]);
            b.Run(new SoftmaxArgs(KernelHost.Make(b, dtype, [count], x), axis, log, ty));
            b.Run(new SoftmaxBackwardArgs(ty, KernelHost.Make(b, dtype, [count], g), axis, log, td));
            return new[] { ty, td };
        });
        KernelHost.Close(result[0], y, KernelAllowances.Softmax.For(dtype));
        KernelHost.Close(result[1], dx, KernelAllowances.Softmax.For(dtype));
    }

    [Test]
    public void Layer_norm_and_its_gradients(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(1, 33, 2081)] int rows, [Values(1, 17, 96)] int width)
    {
        double[] x = KernelHost.Random(rows * width, 1, 9, 11), gamma = KernelHost.Random(width, 2),
            beta = KernelHost.Random(width, 3), g = KernelHost.Random(rows * width, 4);
        double[] y = new double[x.Length], dx = new double[x.Length], dgamma = new double[width],
            dbeta = new double[width];
        for (var r = 0; r < rows; r++)
        {
            var at = Enumerable.Range(r * width, width).ToArray();
            double mean = at.Average(i => x[i]),
                rstd = 1 / Math.Sqrt(at.Average(i => (x[i] - mean) * (x[i] - mean)) + 1e-2);
            double Hat(int i) => (x[i] - mean) * rstd;
            double a = at.Average(i => g[i] * gamma[i % width]), c = at.Average(i => g[i] * gamma[i % width] * Hat(i));
            foreach (var i in at)
            {
                y[i] = Hat(i) * gamma[i % width] + beta[i % width];
                dx[i] = rstd * (g[i] * gamma[i % width] - a - Hat(i) * c);
                dgamma[i % width] += g[i] * Hat(i);
                dbeta[i % width] += g[i];
            }
        }
        var result = KernelHost.Both(b =>
        {
            Tensor Out(int n) => KernelHost.Output(b, dtype, [n]);
            Tensor tx = KernelHost.Make(b, dtype, [rows, width], x), tg = KernelHost.Make(b, dtype, [rows, width], g),
                tgamma = KernelHost.Make(b, dtype, [width], gamma);
            Tensor ty = Out(x.Length), mean = Out(rows), rstd = Out(rows), td = Out(x.Length), only = Out(x.Length),
                dg = Out(width), db = Out(width);
            b.Run(new LayerNormArgs(tx, tgamma, KernelHost.Make(b, dtype, [width], beta), 1e-2, ty, mean, rstd));
            b.Run(new LayerNormBackwardArgs(tx, tgamma, mean, rstd, tg, td, dg, db));
            b.Run(new LayerNormBackwardArgs(tx, tgamma, mean, rstd, tg, only, null, null));
            return new[] { ty, td, dg, db, only };
        });
        var tolerance = KernelAllowances.LayerNorm.For(dtype);
        KernelHost.Close(result[0], y, tolerance);
        KernelHost.Close(result[1], dx, tolerance);
        KernelHost.Close(result[2], dgamma, tolerance);
        KernelHost.Close(result[3], dbeta, tolerance);
        Assert.That(result[4], Is.EqualTo(result[1]));
    }

    // One value a line (o, n): fn gets the positions along the axis.
    private static double[] PerLine(AxisView axis, Func<int[], double> fn)
    {
        var y = new double[axis.Outer * axis.Inner];
        for (var o = 0; o < axis.Outer; o++)
            for (var n = 0; n < axis.Inner; n++)
                y[o * axis.Inner + n] = fn(
                    Enumerable.Range(0, axis.Length).Select(i => (o * axis.Length + i) * axis.Inner + n).ToArray());
        return y;
    }
}
