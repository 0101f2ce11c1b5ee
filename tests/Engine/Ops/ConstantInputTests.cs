using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Autograd;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>
/// No derivative is missing in silence: an input that an op takes for a constant either refuses a gradient by name, or
/// has one.
/// </summary>
[TestFixture]
internal sealed class ConstantInputTests
{
    private static IEnumerable<TestCaseData> Cases() =>
        from c in OpSamples.All()
        let inputs = OpCatalog.Entries[c.Op].Cases[c.Case].Inputs
        from i in Enumerable.Range(0, inputs.Length)
        where !inputs[i].Differentiable && (inputs[i].Integers == 0 || inputs[i].Floating)
        select new TestCaseData(c.Op, c.Case, i).SetName($"Constant {c.Op} {c.Case} input {i}");

    [TestCaseSource(nameof(Cases))]
    public void A_constant_input_refuses_a_gradient_or_has_one(string op, int index, int input)
    {
        using var scope = MemoryScope.Begin();
        var (entry, sample) = (OpCatalog.Entries[op], OpCatalog.Entries[op].Cases[index]);
        var all = OpSamples.Draw(sample, DType.F64, TestBackends.Cpu);
        Tensor Function(IReadOnlyList<Tensor> x)
        {
            var inputs = (Tensor[])all.Clone();
            inputs[input] = x[0];
            return entry.Run(inputs, sample.Attributes);
        }
        try
        {
            // The others require none: what is lost would be lost in silence.
            foreach (var r in GradientCheck.RunSubsets(Function, [all[input]]))
                Closeness.Within($"order {r.Order}, {r.Inputs}", r.Error, 1e-9);
        }
        catch (AutogradException e)
        {
            Assert.That(e.Message, Does.Contain("mask is a constant here and has no gradient"));
            TestContext.Out.WriteLine(e.Message);
        }
    }

    private static IEnumerable<TestCaseData> Refusals()
    {
        TestCaseData Case(string op, string what, Func<Tensor, Tensor> run, params int[] mask) =>
            new TestCaseData(op, what, run, mask).SetName($"Refused by name: {what} of {op}");
        Tensor Map(params int[] dims) => Tensor.Ones(new Shape(dims), DType.F64, TestBackends.Cpu);
        yield return Case(
            "gradcam", "the token mask", m => Explanation.GradCam(Map(2, 3, 4, 5), Map(2, 3, 4, 5), m), 2, 4);
        yield return Case("mean_margin_loss", "the mask", m => Explanation.MeanMarginLoss(Map(2, 5), m, 0.1), 2, 5);
        yield return Case("max_margin_loss", "the mask", m => Explanation.MaxMarginLoss(Map(2, 5), m, 0.1), 2, 5);
        yield return Case(
            "masked_softmax", "the mask", m => Attention.MaskedSoftmax(Map(2, 3, 4, 5), m, 1), 2, 1, 1, 5);
        yield return Case("scaled_dot_product_attention", "the mask",
            m => Attention.ScaledDotProduct(Map(2, 4, 6), Map(2, 5, 6), Map(2, 5, 6), m, 1, 3), 2, 1, 1, 5);
        yield return Case("scaled_dot_product_attention", "the mask beside a map",
            m => Attention.WithMap(Map(2, 4, 6), Map(2, 5, 6), Map(2, 5, 6), m, 1, 3).Output, 2, 1, 1, 5);
    }

    [TestCaseSource(nameof(Refusals))]
    public void A_mask_that_requires_a_gradient_is_refused_by_the_name_of_op_and_input(
        string op, string what, Func<Tensor, Tensor> run, int[] dims)
    {
        using var scope = MemoryScope.Begin();
        var mask = Tensor.Ones(new Shape(dims), DType.F64, TestBackends.Cpu).SetRequiresGrad();
        var e = Assert.Throws<AutogradException>(() => run(mask))!;
        Assert.That(e.Op, Is.EqualTo(op));
        Assert.That(e.Message,
            Does.StartWith($"{op}: {what.Replace(" beside a map", "")} is a constant").And.Not.Contains("\n"));
        // What the message says helps, and where nothing is recorded nothing is missing.
        Assert.That(run(mask.Detach()).RequiresGrad, Is.False);
        using (NoGrad.Begin()) Assert.That(() => run(mask), Throws.Nothing);
    }

    [Test]
    public void Integers_have_no_gradient()
    {
        using var labels = Tensor.From([1, 2], [2], TestBackends.Cpu);
        Assert.That(() => labels.SetRequiresGrad(), Throws.TypeOf<AutogradException>());
    }
}
