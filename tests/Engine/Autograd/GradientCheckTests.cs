using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Autograd;

/// <summary>The check itself: rules that are wrong are found, whichever way they are.</summary>
[TestFixture]
internal sealed class GradientCheckTests
{
    private const double Allowed = 1e-9;

    private MemoryScope? _scope;

    [SetUp]
    public void Open() => _scope = MemoryScope.Begin();

    [TearDown]
    public void Close() => _scope!.Dispose();

    /// <summary>x² with a rule of the test's own.</summary>
    private static Tensor Square(Tensor x, Func<Tensor, Tensor, Tensor> gradient)
    {
        Tensor y;
        using (NoGrad.Begin()) y = x.Mul(x);
        return Graph.Record("test_square", [x], y, [x], (c, g) => [gradient(c.Saved[0], g[0]!)]);
    }

    /// <summary>2·x·g whose own gradient is what the test says.</summary>
    private static Tensor Product(Tensor x, Tensor g, Func<Tensor, Tensor, Tensor, Tensor?[]> gradients)
    {
        Tensor y;
        using (NoGrad.Begin()) y = x.Mul(g).Scale(2);
        return Graph.Record("test_product", [x, g], y, [x, g], (c, h) => gradients(c.Saved[0], c.Saved[1], h[0]!));
    }

    private static Tensor Input(int seed = 1) => OpSamples.Draw(new OpCase([7]), DType.F64, TestBackends.Cpu, seed)[0];

    private static Tensor Holed(Tensor t, int at)
    {
        var values = t.ToDoubles();
        values[at] = double.NaN;
        return Tensor.From(values, t.Shape, t.Backend);
    }

    private static IReadOnlyList<GradientCheckResult> Both(
        Func<IReadOnlyList<Tensor>, Tensor> function, int order, params Tensor[] inputs)
    {
        var all = GradientCheck.Run(function, inputs);
        var subsets = GradientCheck.RunSubsets(function, inputs);
        return [all[order - 1], subsets[order - 1]];
    }

    [Test]
    public void A_right_rule_passes()
    {
        foreach (var order in new[] { 1, 2 })
            foreach (var r in Both(x => Square(x[0], (v, g) => v.Mul(g).Scale(2)), order, Input()))
                Closeness.Within($"order {order}", r.Error, Allowed);
    }

    [Test]
    public void A_rule_that_gives_NaN_fails_at_first_order()
    {
        foreach (var r in Both(x => Square(x[0], (v, g) => Holed(v.Mul(g).Scale(2), 3)), 1, Input()))
            Assert.That(r.Error, Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void A_rule_that_gives_NaN_fails_at_second_order()
    {
        var results = Both(x => Square(
            x[0], (v, g) => Product(v, g, (a, b, h) => [Holed(h.Mul(b).Scale(2), 0), h.Mul(a).Scale(2)])), 2, Input());
        foreach (var r in results) Assert.That(r.Error, Is.EqualTo(double.PositiveInfinity));
    }

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    public void A_NaN_along_one_direction_is_not_forgotten_for_a_finite_one(int nanAt)
    {
        // The gradient is taken once a direction, three times.
        var calls = 0;
        var results = GradientCheck.Run(
            x => Square(x[0], (v, g) => ++calls == nanAt ? Holed(v.Mul(g).Scale(2), 2) : v.Mul(g).Scale(2)),
            [Input()], order: 1);
        Assert.That(results[0].Error, Is.EqualTo(double.PositiveInfinity));
        Assert.That(calls, Is.EqualTo(3));
    }

    [Test]
    public void An_infinite_derivative_fails()
    {
        foreach (var r in Both(x => Square(x[0], (v, g) => v.Mul(g).Scale(double.PositiveInfinity)), 1, Input()))
            Assert.That(r.Error, Is.EqualTo(double.PositiveInfinity));
    }

    [Test]
    public void A_gradient_of_another_shape_is_refused()
    {
        Func<IReadOnlyList<Tensor>, Tensor> function = x => Square(x[0], (v, g) => v.Mul(g).Scale(2).Reshape(1, 7));
        Assert.That(() => GradientCheck.Run(function, [Input()]),
            Throws.TypeOf<ShapeException>().With.Message.Contains("gradient_check"));
        Assert.That(() => GradientCheck.RunSubsets(function, [Input()]), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void A_rule_that_errs_only_for_some_of_its_inputs_is_found_by_subsets()
    {
        // As a slice that starts where the part before it would have ended, had that been asked for.
        Tensor Sum(Tensor a, Tensor b)
        {
            Tensor y;
            using (NoGrad.Begin()) y = a.Add(b.Scale(3));
            return Graph.Record("test_sum", [a, b], y, [],
                (c, g) => [c.Needs(0) ? g[0] : null, c.Needs(1) ? g[0]!.Scale(c.Needs(0) ? 3 : 1) : null]);
        }
        Tensor[] inputs = [Input(1), Input(2)];
        Closeness.Within(
            "all inputs at once", GradientCheck.Run(x => Sum(x[0], x[1]), inputs).Max(r => r.Error), Allowed);
        var found = GradientCheck.RunSubsets(x => Sum(x[0], x[1]), inputs)[0];
        Assert.That(found.Error > 0.01, Is.True);
        Assert.That(found.Inputs, Is.EqualTo("gradient of input 1"));
    }

    [Test]
    public void A_wrong_gradient_with_respect_to_the_cotangent_is_found_by_subsets()
    {
        // Σ over both inputs is right; the cotangent's own gradient is not.
        var results = GradientCheck.RunSubsets(
            x => Square(x[0], (v, g) => Product(v, g, (a, b, h) => [h.Mul(b).Scale(2), h.Mul(a)])), [Input()]);
        Closeness.Within("first order", results[0].Error, Allowed);
        Assert.That(results[1].Error > 0.01, Is.True);
        Assert.That(results[1].Inputs, Does.Contain("the cotangent"));
    }

    [Test]
    public void Nothing_is_checked_without_a_direction_or_an_order()
    {
        Assert.That(
            () => GradientCheck.Run(x => x[0], [Input()], order: 0), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => GradientCheck.Run(x => x[0], [Input()], directions: 0), Throws.TypeOf<ArgumentOutOfRangeException>());
        Assert.That(
            () => GradientCheck.RunSubsets(x => x[0], [Input().To(DType.F32)]), Throws.TypeOf<DTypeException>());
    }
}
