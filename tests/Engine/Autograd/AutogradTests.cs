using AmcEngine.Autograd;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Autograd;

[TestFixture]
internal sealed class AutogradTests
{
    private MemoryScope? _scope;

    [SetUp]
    public void Open() => _scope = MemoryScope.Begin();

    [TearDown]
    public void Close() => _scope!.Dispose();

    private static Tensor Leaf(params double[] values) =>
        Tensor.From(values, [values.Length], TestBackends.Cpu).SetRequiresGrad();

    [Test]
    public void Backward_accumulates_over_calls_until_cleared()
    {
        var x = Leaf(1, 2, 3);
        x.Mul(x).Sum().Backward();
        x.Mul(x).Sum().Backward();
        Assert.That(x.Grad!.ToArray<double>(), Is.EqualTo(new double[] { 4, 8, 12 }));
        x.Grad.Dispose();
    }

    [Test]
    public void A_tensor_used_twice_gets_the_sum_of_both_gradients()
    {
        var x = Leaf(2);
        var y = x.Add(x).Mul(x);
        Assert.That(AutogradEngine.Grad([y], [x])[0]!.Item(), Is.EqualTo(8));
    }

    [Test]
    public void A_weight_and_an_input_used_by_several_layers_get_the_sum_of_all_gradients()
    {
        double[] weights = [1, 2, 3, 4, 5, 6], inputs = [1, -1, 2, 3];
        Tensor w = Tensor.From(weights, [3, 2], TestBackends.Cpu).SetRequiresGrad(),
            x = Tensor.From(inputs, [2, 2], TestBackends.Cpu).SetRequiresGrad();
        var rows = Tensor.From([2, 0, 2], [3], TestBackends.Cpu);
        var loss = x.Linear(w, null).Sum().Add(x.Linear(w, null).Scale(2).Sum()).Add(w.Embedding(rows).Scale(3).Sum())
            .Add(w.Embedding(rows).Sum());
        var (recorded, plain) =
            (AutogradEngine.Grad([loss], [x, w], createGraph: true), AutogradEngine.Grad([loss], [x, w]));
        double[] columns =
            [.. Enumerable.Range(0, 2).Select(j => 3.0 * Enumerable.Range(0, 3).Sum(i => weights[2 * i + j]))];
        double[] sums = [3 * (inputs[0] + inputs[2]), 3 * (inputs[1] + inputs[3])];
        foreach (var grads in new[] { recorded, plain })
        {
            Assert.That(grads[0]!.ToDoubles(), Is.EqualTo(new[] { columns[0], columns[1], columns[0], columns[1] }));
            Assert.That(grads[1]!.ToDoubles(), Is.EqualTo(
                new[] { sums[0] + 4, sums[1] + 4, sums[0], sums[1], sums[0] + 8, sums[1] + 8 }));
        }
    }

    [Test]
    public void Leaves_that_get_the_same_cotangent_keep_gradients_of_their_own()
    {
        var (a, b) = (Leaf(1, 2), Leaf(3, 4));
        var cotangent = Tensor.From([5.0, 7], [2], TestBackends.Cpu);
        for (var i = 0; i < 2; i++) a.Add(b).Add(a).Backward(cotangent);
        Assert.That(a.Grad!.ToDoubles(), Is.EqualTo(new double[] { 20, 28 }));
        Assert.That(b.Grad!.ToDoubles(), Is.EqualTo(new double[] { 10, 14 }));
        Assert.That(cotangent.ToDoubles(), Is.EqualTo(new double[] { 5, 7 }), "the caller's");
        a.Grad.Dispose();
        b.Grad.Dispose();
    }

    [Test]
    public void A_tensor_asked_for_twice_is_answered_twice()
    {
        var (x, z) = (Leaf(2), Leaf(3));
        var grads = AutogradEngine.Grad([x.Mul(z)], [x, z, x]);
        Assert.That(grads.Select(g => g!.Item()), Is.EqualTo(new double[] { 3, 2, 3 }));
    }

    [Test]
    public void Gradient_of_gradient_of_a_cube_is_six_x()
    {
        var x = Leaf(3);
        var g = AutogradEngine.Grad([x.Mul(x).Mul(x)], [x], createGraph: true)[0]!;
        var h = AutogradEngine.Grad([g], [x], createGraph: true)[0]!;
        var third = AutogradEngine.Grad([h], [x])[0]!;
        Assert.That(new[] { g.Item(), h.Item(), third.Item() }, Is.EqualTo(new double[] { 27, 18, 6 }));
    }

    [Test]
    public void Grad_reaches_an_intermediate_tensor_and_not_what_lies_beside_it()
    {
        var x = Leaf(2);
        var w = Leaf(5);
        var middle = x.Mul(x);
        var y = middle.Mul(w);
        Assert.That(AutogradEngine.Grad([y], [middle])[0]!.Item(), Is.EqualTo(5));
        Assert.That(w.Grad, Is.Null);
    }

    [Test]
    public void Grad_with_respect_to_a_tensor_and_its_source_gives_both()
    {
        var x = Leaf(2);
        var middle = x.Mul(x);
        var grads = AutogradEngine.Grad([middle.Mul(middle)], [middle, x]);
        Assert.That(grads.Select(g => g!.Item()), Is.EqualTo(new double[] { 8, 32 }));
    }

    [Test]
    public void Unrelated_input_gets_null()
    {
        var (x, z) = (Leaf(2), Leaf(3));
        Assert.That(AutogradEngine.Grad([x.Mul(x)], [z])[0], Is.Null);
    }

    [Test]
    public void Second_pass_through_a_released_graph_is_refused_by_name_and_a_retained_one_works()
    {
        var x = Leaf(2);
        var y = x.Exp();
        y.Backward(retainGraph: true);
        y.Backward();
        var e = Assert.Throws<AutogradException>(() => y.Backward())!;
        Assert.That(e.Message, Does.StartWith("exp:").And.Contain("retainGraph"));
        x.Grad!.Dispose();
    }

    [Test]
    public void Nothing_is_recorded_without_grad()
    {
        var x = Leaf(2);
        using (NoGrad.Begin()) Assert.That(x.Mul(x).RequiresGrad, Is.False);
        Assert.That(x.Mul(x).RequiresGrad, Is.True);
        Assert.That(x.Mul(x).Detach().RequiresGrad, Is.False);
    }

    [Test]
    public void Overwriting_a_saved_tensor_is_noticed()
    {
        var x = Leaf(2);
        var y = x.Mul(x);
        x.Load<double>([3]);
        var e = Assert.Throws<AutogradException>(() => y.Backward())!;
        Assert.That(e.Message, Does.Contain("overwritten in place"));
    }

    [Test]
    public void Errors_name_op_and_shapes()
    {
        var a = Tensor.Zeros([2, 3], DType.F32, TestBackends.Cpu);
        var b = Tensor.Zeros([4, 5], DType.F32, TestBackends.Cpu);
        Assert.Multiple(() =>
        {
            Assert.That(Assert.Throws<ShapeException>(() => a.MatMul(b))!.Message,
                Does.Contain("matmul").And.Contain("[2, 3]").And.Contain("[4, 5]"));
            Assert.That(Assert.Throws<ShapeException>(() => a.Add(b))!.Message,
                Does.StartWith("add:").And.Contain("do not broadcast"));
            Assert.That(Assert.Throws<DTypeException>(() => a.Add(a.To(DType.F64)))!.Message, Does.StartWith("add:"));
            Assert.That(Assert.Throws<AutogradException>(() => a.Sum().Backward())!.Message,
                Does.Contain("does not require a gradient"));
            Assert.That(Assert.Throws<ShapeException>(() => a.Reshape(7))!.Message, Does.StartWith("reshape:"));
            Assert.That(Assert.Throws<EngineException>(
                () => a.IndexSelect(0, Tensor.From([2], [1], TestBackends.Cpu)))!.Message, Does.Contain("2"));
        });
    }

    [Test]
    public void Learnable_attention_mask_is_refused_not_silently_constant()
    {
        var q = Tensor.Zeros([1, 2, 4], DType.F64, TestBackends.Cpu);
        var mask = Tensor.Zeros([1, 1, 1, 2], DType.F64, TestBackends.Cpu).SetRequiresGrad();
        var e = Assert.Throws<AutogradException>(() => Attention.ScaledDotProduct(q, q, q, mask, 1, 1))!;
        Assert.That(e.Message, Does.Contain("mask"));
    }

    [Test]
    public void Trace_names_the_first_op_that_makes_a_nan()
    {
        var x = Leaf(-1);
        using (NaNTrace.Begin())
        {
            var e = Assert.Throws<NonFiniteException>(() => x.Log().Exp())!;
            Assert.That(e.Op, Is.EqualTo("log"));
        }
        Assert.That(x.Log().Item(), Is.NaN);
    }
}
