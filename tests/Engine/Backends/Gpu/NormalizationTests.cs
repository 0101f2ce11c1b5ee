using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.RowChecks;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Softmax and layer norm on a device against the CPU.</summary>
[TestFixture]
internal sealed class NormalizationTests
{
    private static readonly AxisView[] Axes =
    [
        new(1, 1, 1), new(6, 17, 1), new(37, 65, 1), new(3, 1031, 1), new(3, 5, 7), new(2, 257, 3), new(0, 5, 1)
    ];

    // Two or three elements less their mean and their part along n are nothing or next to it: mostly rounding.
    private static readonly Allowance Pairs = new(1e-5, 5e-12), FewOfSecondOrder = new(1e-4, 1e-12);

    [Test]
    public void Softmax([Values] bool log, [Values(DType.F32, DType.F64)] DType dtype)
    {
        foreach (var axis in Axes)
        {
            double[] x = Random(axis.Outer * axis.Length * axis.Inner, 8, -9, 9), g = Random(x.Length, 9);
            Match(dtype, b =>
            {
                Tensor y = Output(b, dtype, [x.Length]), dx = Output(b, dtype, [x.Length]);
                b.Run(new SoftmaxArgs(Make(b, dtype, [x.Length], x), axis, log, y));
                b.Run(new SoftmaxBackwardArgs(y, Make(b, dtype, [x.Length], g), axis, log, dx));
                return [y, dx];
            });
        }
    }

    [Test]
    public void Softmax_of_infinities([Values] bool log)
    {
        // Rows: some −∞, all −∞, a +∞, a NaN behind a −∞, large numbers.
        var x = Random(5 * 70, 8);
        for (var i = 0; i < 70; i += 3) x[i] = double.NegativeInfinity;
        Array.Fill(x, double.NegativeInfinity, 70, 70);
        x[2 * 70 + 40] = double.PositiveInfinity;
        x[3 * 70] = double.NegativeInfinity;
        x[3 * 70 + 32] = double.NaN;
        for (var i = 4 * 70; i < 5 * 70; i++) x[i] *= 1e30;
        Match(DType.F32, b =>
        {
            var y = Output(b, DType.F32, [x.Length]);
            b.Run(new SoftmaxArgs(Make(b, DType.F32, [x.Length], x), new AxisView(5, 70, 1), log, y));
            return [y];
        });
    }

    [Test]
    public void Masked_softmax(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(1, 17, 197)] int keys, [Values(0, 1, 2)] int kind)
    {
        const int batch = 2, heads = 3, queries = 5;
        // No mask; a row a sample; a matrix for all, with room between its rows and one that allows nothing.
        int stride = keys + 3, count = kind == 1 ? batch * keys : queries * stride;
        double[] x = Random(batch * heads * queries * keys, 5, -6, 6), mask = Random(count, 6);
        for (var i = 0; i < count; i += 2) mask[i] = double.NegativeInfinity;
        if (kind == 2) Array.Fill(mask, double.NegativeInfinity, 3 * stride, keys);
        Match(dtype, b =>
        {
            Shape shape = [batch, heads, queries, keys];
            var y = Output(b, dtype, shape);
            var m = kind == 0 ? null : Make(b, dtype, [count], mask);
            b.Run(new MaskedSoftmaxArgs(
                Make(b, dtype, shape, x), 0.3, m, kind == 1 ? keys : 0, 0, kind == 2 ? stride : 0, y));
            return [y];
        });
    }

    [Test]
    public void Layer_norm([Values(DType.F32, DType.F64)] DType dtype)
    {
        foreach (var (rows, width) in new[] { (1, 1), (5, 2), (7, 33), (70, 96), (130, 65), (3, 1031), (0, 8) })
        {
            double[] x = Random(rows * width, 1, 1, 5), gamma = Random(width, 2), beta = Random(width, 3),
                g = Random(rows * width, 4);
            Match(dtype, b =>
            {
                Tensor tx = Make(b, dtype, [rows, width], x), tg = Make(b, dtype, [rows, width], g),
                    tgamma = Make(b, dtype, [width], gamma);
                Tensor y = Output(b, dtype, [rows, width]), mean = Output(b, dtype, [rows]),
                    rstd = Output(b, dtype, [rows]);
                Tensor dx = Output(b, dtype, [rows, width]), dgamma = Output(b, dtype, [width]),
                    dbeta = Output(b, dtype, [width]);
                Tensor dx2 = Output(b, dtype, [rows, width]), dgamma2 = Output(b, dtype, [width]),
                    dbeta2 = Output(b, dtype, [width]);
                b.Run(new LayerNormArgs(
                    tx, tgamma, Make(b, dtype, [width], beta), width == 1 ? 0.1 : 1e-6, y, mean, rstd));
                b.Run(new LayerNormBackwardArgs(tx, tgamma, mean, rstd, tg, dx, dgamma, dbeta));
                b.Run(new LayerNormBackwardArgs(tx, tgamma, mean, rstd, tg, dx2, null, null));
                b.Run(new LayerNormBackwardArgs(tx, tgamma, mean, rstd, tg, null, dgamma2, null));
                b.Run(new LayerNormBackwardArgs(tx, tgamma, mean, rstd, tg, null, null, dbeta2));
                return [y, mean, rstd, dx, dgamma, dbeta, dx2, dgamma2, dbeta2];
            }, width == 2 ? Pairs : null);
        }
    }

    [TestCase(3, 5, true, true, true)]
    [TestCase(1, 2, true, true, true)]
    [TestCase(1, 3, true, true, true)]
    [TestCase(70, 33, true, true, true)]
    [TestCase(130, 96, true, false, false)]
    [TestCase(5, 17, false, true, false)]
    [TestCase(5, 17, false, false, true)]
    [TestCase(2, 1031, true, true, true)]
    public void Second_order_of_layer_norm(int rows, int width, bool input, bool scale, bool shift)
    {
        using var scope = MemoryScope.Begin();
        double[] x = Random(rows * width, 1), gamma = Random(width, 2), g = Random(rows * width, 3);
        double[]? ddx = input ? Random(rows * width, 4) : null, ddgamma = scale ? Random(width, 5) : null,
            ddbeta = shift ? Random(width, 6) : null;
        var expected = SecondOrder(rows, width, x, gamma, g, ddx, ddgamma, ddbeta);
        var allowance = width < 4 ? FewOfSecondOrder : DeviceAllowances.Reducing;
        foreach (var dtype in new[] { DType.F64, DType.F32 })
            foreach (var team in new RowTeam?[] { null, RowTeam.Lane, RowTeam.Part, RowTeam.Group })
            {
                var actual = OnDevice(team, b =>
                {
                    Shape matrix = [rows, width], vector = [width];
                    Tensor tx = Make(b, dtype, matrix, x), tgamma = Make(b, dtype, vector, gamma),
                        y = Output(b, dtype, matrix), mean = Output(b, dtype, [rows]), rstd = Output(b, dtype, [rows]);
                    Tensor dx = Output(b, dtype, matrix), dgamma = Output(b, dtype, vector),
                        dg = Output(b, dtype, matrix);
                    b.Run(new LayerNormArgs(tx, tgamma, tgamma, 1e-3, y, mean, rstd));
                    b.Run(new LayerNormDoubleBackwardArgs(tx, tgamma, mean, rstd, Make(b, dtype, matrix, g),
                        Optional(matrix, ddx), Optional(vector, ddgamma), Optional(vector, ddbeta), dx, dgamma, dg));
                    return [dx, dgamma, dg];

                    Tensor? Optional(Shape shape, double[]? values) =>
                        values is null ? null : Make(b, dtype, shape, values);
                });
                for (var i = 0; i < 3; i++)
                    Closeness.AreClose($"{dtype} {team} result {i}", actual[i], expected[i], allowance.For(dtype));
            }
    }

    // Gradients with respect to x, gamma and g of ⟨ddx, dx⟩ + ⟨ddgamma, dgamma⟩ + ⟨ddbeta, dbeta⟩, by differentiating
    // the formulas in f64.
    private static double[][] SecondOrder(
        int rows, int width, double[] x, double[] gamma, double[] g, double[]? ddx, double[]? ddgamma, double[]? ddbeta)
    {
        var b = TestBackends.Cpu;
        Tensor tx = Leaf([rows, width], x), tgamma = Leaf([width], gamma), tg = Leaf([rows, width], g);
        var centred = tx.Sub(tx.Mean([1], true));
        var rstd = centred.Square().Mean([1], true).AddScalar(1e-3).Rsqrt();
        Tensor n = centred.Mul(rstd), u = tg.Mul(tgamma);
        var dx = u.Sub(u.Mean([1], true)).Sub(n.Mul(u.Mul(n).Mean([1], true))).Mul(rstd);
        var total = tx.Sum().Scale(0).Add(tgamma.Sum().Scale(0)).Add(tg.Sum().Scale(0));
        if (ddx is not null) total = total.Add(dx.Mul(Tensor.From(ddx, [rows, width], b)).Sum());
        if (ddgamma is not null) total = total.Add(tg.Mul(n).Mul(Tensor.From(ddgamma, [width], b)).Sum());
        if (ddbeta is not null) total = total.Add(tg.Mul(Tensor.From(ddbeta, [width], b)).Sum());
        return Array.ConvertAll(AutogradEngine.Grad([total], [tx, tgamma, tg]), t => t!.ToDoubles());

        Tensor Leaf(Shape shape, double[] values) => Tensor.From(values, shape, b).SetRequiresGrad();
    }
}
