using AmcEngine.Autograd;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>The fused gradient of layer norm's gradient against the same in basic ops, in f64.</summary>
internal sealed class LayerNormTests(string path) : OnEverySimdPath(path)
{
    private const double Eps = 1e-6;

    private static readonly string[] Names = ["dx", "dgamma", "dg"];

    private static IEnumerable<TestCaseData> Cases() =>
        from c in new[] { (1, 1, "xab"), (1, 48, "xab"), (7, 13, "xab"), (33, 64, "x"), (257, 33, "xab"), (65, 96, "a"),
            (130, 7, "b"), (7, 16, "xb"), (64, 4, ""), (0, 5, "xab") }
        from dtype in new[] { DType.F32, DType.F64 }
        select new TestCaseData(c.Item1, c.Item2, c.Item3, dtype).SetName(
            $"Layer_norm_double_backward {c.Item1}x{c.Item2} given={c.Item3} {dtype}");

    [TestCaseSource(nameof(Cases))]
    public void Double_backward_agrees_with_the_decomposition(int rows, int width, string given, DType dtype)
    {
        using var scope = MemoryScope.Begin();
        Tensor?[] Cotangents(Tensor[] t) =>
            [given.Contains('x') ? t[3] : null, given.Contains('a') ? t[4] : null, given.Contains('b') ? t[5] : null];
        var wide = Inputs(rows, width, DType.F64, TestBackends.Cpu);
        var expected = Decomposed(wide, Cotangents(wide));
        var inputs = Inputs(rows, width, dtype, TestBackends.Cpu);
        var actual = Fused(inputs, Cotangents(inputs));
        for (var i = 0; i < 3; i++)
            Closeness.AreClose(Names[i], actual[i], expected[i], dtype == DType.F32 ? 3e-6 : 5e-15);
    }

    [Test]
    public void Threads_do_not_change_a_bit()
    {
        using var one = new CpuBackend(1);
        using var two = new CpuBackend(2);
        using var scope = MemoryScope.Begin();
        Tensor[] a = Inputs(1000, 97, DType.F32, one), b = Inputs(1000, 97, DType.F32, two);
        Tensor[] x = Fused(a, a[3..]), y = Fused(b, b[3..]);
        for (var i = 0; i < 3; i++) KernelHost.SameBits(y[i].ToDoubles(), x[i].ToDoubles(), Names[i]);
    }

    // x, gamma, g, ddx, ddgamma, ddbeta; rows with a mean of their own.
    private static Tensor[] Inputs(int rows, int width, DType dtype, AmcEngine.Backends.IBackend backend)
    {
        var random = new Random(3);
        Tensor Numbers(double offset, Shape shape) =>
            Tensor.From(Enumerable.Range(0, shape.Count).Select(
                _ => (double)(float)(offset + 2 * random.NextDouble() - 1)).ToArray(), shape, backend).To(dtype);
        return [Numbers(0.7, [rows, width]), Numbers(0.5, [width]), Numbers(0.2, [rows, width]),
            Numbers(0.3, [rows, width]), Numbers(0, [width]), Numbers(0, [width])];
    }

    private static Tensor[] Fused(Tensor[] t, Tensor?[] cotangents)
    {
        var (x, gamma, backend) = (t[0], t[1], t[0].Backend);
        Tensor y = x.EmptyLike(), mean = x.EmptyLike([x.Shape[0]]), rstd = x.EmptyLike([x.Shape[0]]);
        backend.Run(new LayerNormArgs(x, gamma, gamma, Eps, y, mean, rstd));
        Tensor[] results = [x.EmptyLike(), gamma.EmptyLike(), x.EmptyLike()];
        foreach (var r in results) backend.Run(new FillArgs(r, double.NaN));
        backend.Run(new LayerNormDoubleBackwardArgs(x, gamma, mean, rstd, t[2], cotangents[0], cotangents[1],
            cotangents[2], results[0], results[1], results[2]));
        return results;
    }

    private static double[][] Decomposed(Tensor[] t, Tensor?[] cotangents)
    {
        Tensor[] inputs = [t[0].SetRequiresGrad(), t[1].SetRequiresGrad(), t[2].SetRequiresGrad()];
        var beta = t[1].Detach().SetRequiresGrad();
        var y = OpCatalog.Entries["layer_norm"].Decomposition!([inputs[0], inputs[1], beta], new() { ["eps"] = Eps });
        var first = AutogradEngine.Grad([y], [inputs[0], inputs[1], beta], [inputs[2]], createGraph: true);
        var given = Enumerable.Range(0, 3).Where(i => cotangents[i] is not null).ToArray();
        var second = given.Length == 0 ? new Tensor?[3] : AutogradEngine.Grad(
            [.. given.Select(i => first[i]!)], inputs, [.. given.Select(i => cotangents[i])]);
        return [.. second.Select((s, i) => s?.ToDoubles() ?? new double[inputs[i].Count])];
    }
}
