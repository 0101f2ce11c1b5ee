using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>
/// Inputs at the edge that a training meets: rows of zeros, flat maps, masked rows, huge logits. Nothing becomes NaN or
/// infinite.
/// </summary>
[TestFixture]
internal sealed class LegitimateExtremesTests
{
    private sealed record Case(string Name, Shape Shape, double[] Values, Func<Tensor, Tensor> Run)
    {
        public override string ToString() => Name;
    }

    private static double[] Repeat(double value, int count) => [.. Enumerable.Repeat(value, count)];

    private static IEnumerable<Case> Cases()
    {
        double[] mixed = [0.5, -1, 2, 0.25], zeros = new double[4];
        Tensor Numbers(Tensor like, params double[] values) =>
            Tensor.From(values, [values.Length], like.Backend).To(like.DType);

        // Rows: ordinary, nothing, below eps, far below it, large.
        double[] rows = [.. mixed, .. zeros, .. mixed.Select(v => v * 1e-13), .. mixed.Select(v => v * 1e-25),
            .. mixed.Select(v => v * 1e15)];
        yield return new("l2_normalize", [5, 4], rows, x => x.L2Normalize());
        yield return new("l2_normalize of columns", [4, 2], [0, 1, 0, -2, 0, 0.5, 0, 3], x => x.L2Normalize(0));

        yield return new("minmax_normalize of flat maps", [4, 4],
            [.. zeros, .. Repeat(3, 4), .. Repeat(-2, 4), .. mixed], x => x.MinMaxNormalize());
        foreach (var eps in new[] { 1e-6, 1e-12 })
            yield return new(
                $"layer_norm of constant rows, eps {eps}", [3, 4], [.. zeros, .. Repeat(0.1, 4), .. mixed], x =>
                    x.LayerNorm(Numbers(x, 1, 2, -1, 0.5), Numbers(x, 0, 1, 2, 3), eps));

        double[] scores = [.. Repeat(-10000, 4), .. Repeat(1e30, 4), -10000, 0, 1, -10000, 1e4, -1e4, 0, 1e4];
        yield return new("softmax", [4, 4], scores, x => x.Softmax(-1));
        yield return new("log_softmax", [4, 4],
            [.. Repeat(-10000, 4), .. Repeat(1e30, 4), -10000, 0, 1, -10000, 1e4, -1e4, 0, 1e4], x => x.LogSoftmax(-1));
        yield return new("masked_softmax", [1, 1, 4, 4], [.. mixed, .. mixed, .. mixed, .. mixed],
            x => Attention.MaskedSoftmax(x, Masks(x), 0.5));
        yield return new("attention", [1, 4, 4], [.. mixed, .. zeros, .. mixed, .. mixed],
            x => Attention.ScaledDotProduct(x, x, x, Masks(x), 0.5, 1));

        yield return new("cross_entropy", [4, 4], scores, x => x.CrossEntropy([1, 2, 0, 1]));
        yield return new(
            "cross_entropy without a label", [2, 4], [.. mixed, .. scores[..4]], x => x.CrossEntropy([-100, -100]));
        yield return new("soft_cross_entropy", [4, 4], scores,
            x => x.SoftCrossEntropy(Numbers(x, 0.25, 0.25, 0.5, 0).Reshape(1, 4).BroadcastTo(x.Shape)));

        foreach (var mode in Enum.GetValues<InterpolationMode>())
            foreach (var align in new[] { false, true })
            {
                yield return new($"interpolate of one pixel, {mode}, {align}", [1, 1, 1, 1], [0.5],
                    x => x.Interpolate(3, 5, mode, align));
                yield return new($"interpolate to one pixel, {mode}, {align}", [1, 1, 2, 2], mixed,
                    x => x.Interpolate(1, 1, mode, align));
            }

        double[] far = [0, -0.0, 1e-40, -1e-40, 12, -12, 50, -50, 1e4, -1e4, 1e18, -1e18];
        yield return new("gelu", [12], far, x => x.Gelu());
        yield return new("quick_gelu", [12], far, x => x.QuickGelu());
        yield return new("tanh", [12], far, x => x.Tanh());
        yield return new("sigmoid", [12], far, x => x.Sigmoid());
        yield return new("erf", [12], far, x => x.Erf());
        yield return new("relu", [12], far, x => x.Relu());
        yield return new("exp of what vanishes", [3], [-50, -1e4, -1e18], x => x.Exp());

        yield return new("margins of an empty region", [2, 4], [.. mixed, .. zeros], x => Margins(x, 0));
        yield return new("margins of a full region", [2, 4], [.. mixed, .. zeros], x => Margins(x, 1));
        yield return new("gradcam of nothing", [1, 1, 1, 4], zeros,
            x => Explanation.GradCam(x, x, Tensor.Ones([1, 1], x.DType, x.Backend)).MinMaxNormalize());
    }

    // −10,000 as BERT masks, −∞ at single keys, nothing but −10,000, nothing but −∞.
    private static Tensor Masks(Tensor like)
    {
        var none = double.NegativeInfinity;
        double[] mask = [0, -10000, 0, -10000, none, 0, none, 0, .. Repeat(-10000, 4), .. Repeat(none, 4)];
        return Tensor.From(mask, [1, 1, 4, 4], like.Backend).To(like.DType);
    }

    private static Tensor Margins(Tensor x, double inside)
    {
        var mask = Tensor.Full(x.Shape, inside, x.DType, x.Backend);
        return Explanation.MeanMarginLoss(x, mask, 9).Add(Explanation.MaxMarginLoss(x, mask, 9));
    }

    private static IEnumerable<TestCaseData> OnEveryPath() =>
        from c in Cases()
        from path in SimdPaths.All
        select new TestCaseData(c, path).SetName($"Finite at the edge: {c}, SIMD {path}");

    [TestCaseSource(nameof(OnEveryPath))]
    public void Values_and_gradients_of_both_orders_are_finite(object sample, string path)
    {
        using var use = SimdPaths.Use(path);
        foreach (var dtype in new[] { DType.F32, DType.F64 }) AreFinite((Case)sample, dtype, TestBackends.Cpu);
    }

    [TestCaseSource(nameof(Cases))]
    public void They_are_finite_on_a_device_as_well(object sample)
    {
        foreach (var dtype in new[] { DType.F32, DType.F64 }) AreFinite((Case)sample, dtype, TestBackends.OpenCl);
    }

    private static void AreFinite(Case c, DType dtype, IBackend backend)
    {
        using var scope = MemoryScope.Begin();
        var x = Tensor.From(c.Values, c.Shape, backend).To(dtype).Detach().SetRequiresGrad();
        var y = c.Run(x);
        Finite("value", y);
        var cotangent = Ramp(y, 0.7).SetRequiresGrad();
        var first = AutogradEngine.Grad([y], [x], [cotangent], createGraph: true)[0]!;
        Finite("gradient", first);
        var second = AutogradEngine.Grad([first.Mul(Ramp(first, 0.3)).Sum()], [x, cotangent]);
        foreach (var t in second.OfType<Tensor>()) Finite("second order", t);

        void Finite(string what, Tensor t) =>
            Assert.That(t.ToDoubles(), Has.All.Matches<double>(double.IsFinite), $"{dtype} {what}");
    }

    // Numbers of both signs, none of them 0.
    private static Tensor Ramp(Tensor like, double first) =>
        Tensor.From(Enumerable.Range(0, like.Count).Select(i => (i % 2 == 0 ? 1 : -1) * (first + 0.1 * (i % 7)))
            .ToArray(), like.Shape, like.Backend).To(like.DType).Detach();

    // PyTorch: normalize(x) = x / max(‖x‖, eps); below eps the divisor is a constant.
    [Test]
    public void A_row_below_the_limit_of_l2_normalize_is_divided_by_it(
        [Values(DType.F32, DType.F64)] DType dtype, [Values] bool device)
    {
        using var scope = MemoryScope.Begin();
        const double eps = 0.125;
        double[] x = [0, 0, 0, 0.03, -0.04, 0, 3, 4, 0], cotangent = [1, -2, 3, 1, -2, 3, 1, -2, 3];
        var backend = device ? TestBackends.OpenCl : TestBackends.Cpu;
        Tensor Make(double[] values) => Tensor.From(values, [3, 3], backend).To(dtype).Detach();
        var leaf = Make(x).SetRequiresGrad();
        var y = leaf.L2Normalize(-1, eps);
        var (rounding, first) = (dtype == DType.F32 ? 3e-7 : 4e-16, cotangent);
        Closeness.ElementsAreClose("value", y.ToDoubles(), [0, 0, 0, 0.24, -0.32, 0, 0.6, 0.8, 0], rounding);
        var g = AutogradEngine.Grad([y], [leaf], [Make(first)], createGraph: true)[0]!;
        // Row 3: (c − y·⟨y, c⟩)/5 with ⟨y, c⟩ = 0.6 − 1.6 = −1.
        Closeness.ElementsAreClose(
            "gradient", g.ToDoubles(), [8, -16, 24, 8, -16, 24, 1.6 / 5, -1.2 / 5, 3.0 / 5], rounding);
        // Constant divisors have no second derivative.
        var second = AutogradEngine.Grad([g.Mul(Make([1, 1, 1, 1, 1, 1, 0, 0, 0])).Sum()], [leaf])[0]!;
        Assert.That(second.ToDoubles(), Is.All.Zero);
    }

    [Test]
    public void The_limit_of_l2_normalize_is_1e_minus_12_by_default([Values] bool zero)
    {
        using var scope = MemoryScope.Begin();
        var x = Tensor.From<double>(zero ? [0, 0] : [3e-13, 4e-13], [1, 2], TestBackends.Cpu).SetRequiresGrad();
        var y = x.L2Normalize();
        Closeness.ElementsAreClose("value", y.ToDoubles(), zero ? [0, 0] : [0.3, 0.4], 1e-15);
        var g = AutogradEngine.Grad([y], [x], [Tensor.From([1.0, -2], [1, 2], TestBackends.Cpu)])[0]!;
        Closeness.ElementsAreClose("gradient", [.. g.ToDoubles().Select(v => v * 1e-12)], [1, -2], 1e-15);
    }
}
