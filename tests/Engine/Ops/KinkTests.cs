using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Autograd;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>
/// What derivatives are where calculus has none: at kinks and ties, where finite differences cannot look.
/// </summary>
[TestFixture("cpu")]
[TestFixture("opencl")]
internal sealed class KinkTests(string device)
{
    private MemoryScope? _scope;

    private IBackend Backend => device == "cpu" ? TestBackends.Cpu : TestBackends.OpenCl;

    [SetUp]
    public void Open() => _scope = MemoryScope.Begin();

    [TearDown]
    public void Close() => _scope!.Dispose();

    private Tensor Leaf(Shape shape, params double[] values) => Tensor.From(values, shape, Backend).SetRequiresGrad();

    private Tensor Constant(Shape shape, params double[] values) => Tensor.From(values, shape, Backend);

    private static double[] Gradient(Tensor y, Tensor x) => AutogradEngine.Grad([y.Sum()], [x])[0]!.ToDoubles();

    [Test]
    public void Relu_has_the_slope_0_at_0()
    {
        var x = Leaf([3], -1, 0, 2);
        Assert.That(Gradient(x.Relu(), x), Is.EqualTo(new double[] { 0, 0, 1 }));
    }

    [Test]
    public void Clamp_passes_gradients_at_its_limits()
    {
        var x = Leaf([5], -2, -1, 0, 1, 2);
        Assert.That(Gradient(x.Clamp(-1, 1), x), Is.EqualTo(new double[] { 0, 1, 1, 1, 0 }));
    }

    [Test]
    public void Extremes_give_their_gradient_to_the_first_of_equals()
    {
        var x = Leaf([2, 4], 1, 3, 3, 2, 5, 5, 5, 5);
        Assert.That(Gradient(x.Max(1), x), Is.EqualTo(new double[] { 0, 1, 0, 0, 1, 0, 0, 0 }));
        Assert.That(Gradient(x.Neg().Min(1), x), Is.EqualTo(new double[] { 0, -1, 0, 0, -1, 0, 0, 0 }));
        // Over both axes the first in row-major order, whichever axis is named first.
        Assert.That(Gradient(x.Max([1, 0]), x), Is.EqualTo(new double[] { 0, 0, 0, 0, 1, 0, 0, 0 }));
    }

    [Test]
    public void A_hinge_that_is_just_met_pulls_no_more()
    {
        var map = Leaf([1, 4], 1, 1, 0.5, 0.5);
        var mask = Constant([1, 4], 1, 1, 0, 0);
        Assert.That(Gradient(Explanation.MeanMarginLoss(map, mask, 0.5), map), Is.All.Zero);
        Assert.That(Gradient(Explanation.MaxMarginLoss(map, mask, 0.5), map), Is.All.Zero);
        Assert.That(
            Gradient(Explanation.MeanMarginLoss(map, mask, 0.75), map), Is.EqualTo(new[] { -0.5, -0.5, 0.5, 0.5 }));
        Assert.That(
            Gradient(Explanation.MaxMarginLoss(map, mask, 0.75), map), Is.EqualTo(new double[] { -1, 0, 1, 0 }));
    }

    [Test]
    public void An_empty_and_a_full_region_cost_their_mean_alone()
    {
        var map = Leaf([1, 4], 1, 2, 3, 4);
        Tensor none = Constant([1, 4], 0, 0, 0, 0), all = Constant([1, 4], 1, 1, 1, 1);
        Assert.That(Explanation.MeanMarginLoss(map, none, 0.5).Item(), Is.EqualTo(3));
        Assert.That(Explanation.MeanMarginLoss(map, all, 3).Item(), Is.EqualTo(0.5));
        Assert.That(Gradient(Explanation.MeanMarginLoss(map, none, 0.5), map), Is.All.EqualTo(0.25));
        Assert.That(Gradient(Explanation.MeanMarginLoss(map, all, 3), map), Is.All.EqualTo(-0.25));
    }

    // A pixel of weight w counts w inside and 1 − w outside, in means and maxima alike.
    [Test]
    public void Soft_regions_weigh_both_sides()
    {
        var map = Leaf([1, 4], 0.8, 0.4, 0.2, 0.6);
        var mask = Constant([1, 4], 0.5, 0.75, 0, 0.25);
        Closeness.Near("mean", Explanation.MeanMarginLoss(map, mask, 0.5).Item(), 1.15 / 2.5 - 0.85 / 1.5 + 0.5, 1e-15);
        Closeness.Near("max", Explanation.MaxMarginLoss(map, mask, 0.5).Item(), 0.6 * 0.75 - 0.8 * 0.5 + 0.5, 1e-15);
        Assert.That(Gradient(Explanation.MaxMarginLoss(map, mask, 0.5), map), Is.EqualTo(new[] { -0.5, 0, 0, 0.75 }));
    }

    // Gates of GradCAM: at g = 0 the gradient passes, as it does through the reference's clamp(min=0), at first and
    // second order.
    [Test]
    public void GradCam_passes_gradients_where_g_is_0()
    {
        double[] a = [9, 0.5, 0.25, 2], g = [9, -1, 0, 1];
        Tensor ta = Leaf([1, 1, 1, 4], a), tg = Leaf([1, 1, 1, 4], g), m = Constant([1, 1], 0.5);
        var cam = Explanation.GradCam(ta, tg, m);
        Assert.That(cam.ToDoubles(), Is.EqualTo(new[] { 0, 0, 2 * 0.25 }));
        var cotangent = Leaf([1, 3], 3, 5, 7);
        var first = AutogradEngine.Grad([cam], [ta, tg], [cotangent], createGraph: true);
        Assert.That(first[0]!.ToDoubles(), Is.EqualTo(new[] { 0, 0, 0, 7 * 0.25 }));
        Assert.That(first[1]!.ToDoubles(), Is.EqualTo(new[] { 0, 0, 5 * 0.25 * 0.25, 7 * 2 * 0.25 }));
        // ⟨first, ones⟩ differentiated: da depends on g through max(g, 0), dg on a through the gate, both on the
        // cotangent.
        var second = AutogradEngine.Grad([first[0]!.Sum().Add(first[1]!.Sum())], [ta, tg, cotangent]);
        Assert.That(second[0]!.ToDoubles(), Is.EqualTo(new[] { 0, 0, 5 * 0.25, 7 * 0.25 }));
        Assert.That(second[1]!.ToDoubles(), Is.EqualTo(new[] { 0, 0, 5 * 0.25, 7 * 0.25 }));
        Assert.That(second[2]!.ToDoubles(), Is.EqualTo(new[] { 0, 0.25 * 0.25, 0.25 * (2 + 1) }));
    }

    // A mask by its own strides, against a mask that Add broadcasts: an error of the strides is not shared.
    [TestCase(1, 1, 1)]
    [TestCase(2, 1, 1)]
    [TestCase(1, 3, 1)]
    [TestCase(1, 1, 4)]
    [TestCase(2, 3, 1)]
    [TestCase(2, 1, 4)]
    [TestCase(1, 3, 4)]
    [TestCase(2, 3, 4)]
    public void A_mask_is_broadcast_over_batch_heads_and_rows(int batch, int heads, int rows)
    {
        var t = OpSamples.Draw(new OpCase([2, 3, 4, 5], [OpInput.Uniform([2, 3, 5, 5]), OpInput.Uniform([2, 3, 5, 5]),
            OpInput.Uniform([batch, heads, rows, 5])]), DType.F64, Backend);
        Tensor q = t[0].SetRequiresGrad(), k = t[1], v = t[2], mask = t[3];
        var map = HeadProduct.Scores(q, k, 0).Scale(0.5).Add(mask).Softmax(3);
        var expected = HeadProduct.Mix(map, v, 0);
        Closeness.AreClose(
            "softmax", Attention.MaskedSoftmax(HeadProduct.Scores(q, k, 0), mask, 0.5), map.ToDoubles(), 3e-15);
        var actual = Attention.ScaledDotProduct(q, k, v, mask, 0.5);
        Closeness.AreClose("attention", actual, expected.ToDoubles(), 3e-15);
        Closeness.AreClose("gradient", Gradient(actual, q), Gradient(expected, q), 1e-14);
    }

    [Test]
    public void The_smallest_value_of_a_map_without_zeros_has_its_gradient()
    {
        var x = OpSamples.Draw(OpCase.Of([], OpInput.Positive([3, 6])), DType.F64, Backend)[0];
        foreach (var r in GradientCheck.RunSubsets(z => z[0].MinMaxNormalize(), [x]))
            Closeness.Within($"order {r.Order}", r.Error, 1e-9);
    }

    [Test]
    public void A_padding_row_gets_no_gradient_of_any_order([Values] bool used)
    {
        var table = Leaf([3, 2], 1, 2, 3, 4, 5, 6);
        var ids = Tensor.From([1, 0, 1, 2], [4], Backend);
        var cotangent = Leaf([4, 2], 1, 2, 3, 4, 5, 6, 7, 8);
        // Used twice, the second lookup adds its gradient onto the first one's.
        Tensor Look() => used ? table.Embedding(ids, 1).Add(table.Embedding(ids, 1)) : table.Embedding(ids, 1);
        var factor = used ? 2.0 : 1.0;
        Assert.That(Look().ToDoubles()[..2], Is.EqualTo(new[] { 3 * factor, 4 * factor }));
        double[] expected = [3 * factor, 4 * factor, 0, 0, 7 * factor, 8 * factor];
        Assert.That(AutogradEngine.Grad([Look()], [table], [cotangent])[0]!.ToDoubles(), Is.EqualTo(expected));
        var first = AutogradEngine.Grad([Look()], [table], [cotangent], createGraph: true)[0]!;
        Assert.That(first.ToDoubles(), Is.EqualTo(expected));
        var second = AutogradEngine.Grad([first], [cotangent], [Constant([3, 2], 1, 2, 3, 4, 5, 6)])[0]!;
        Assert.That(second.ToDoubles(), Is.EqualTo(new[] { 0, 0, factor, 2 * factor, 0, 0, 5 * factor, 6 * factor }));
    }
}
