using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Autograd;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>Every op of the catalog against central differences, first and second order, in f64.</summary>
[TestFixture]
internal sealed class FiniteDifferenceTests
{
    // Central differences are off by their truncation, most where a derivative is large: reciprocals and roots near 0.
    private const double Allowed = 2e-8, AllowedAwayFromPoles = 5e-9;

    private static IEnumerable<TestCaseData> SubsetCases() =>
        OpSamples.All().Select(c => new TestCaseData(c.Op, c.Case).SetName(
            $"Gradients_of_subsets {c.Op} {c.Case}: {OpCatalog.Entries[c.Op].Cases[c.Case]}"));

    private static IEnumerable<TestCaseData> Cases() =>
        from path in SimdPaths.All
        from c in OpSamples.All()
        select new TestCaseData(path, c.Op, c.Case).SetName(
            $"Gradients_of {c.Op} {c.Case}: {OpCatalog.Entries[c.Op].Cases[c.Case]}, SIMD {path}");

    [TestCaseSource(nameof(Cases))]
    public void Gradients_of_first_and_second_order_match_central_differences(string path, string op, int index)
    {
        using var use = SimdPaths.Use(path);
        Check(OpCatalog.Entries[op].Run, OpCatalog.Entries[op].Cases[index]);
    }

    [Test]
    public void Third_order_holds_for_the_ops_of_the_explanation_path([Values(
        "gelu_erf", "quick_gelu", "softmax", "layer_norm", "linear_gelu", "linear_quick_gelu", "masked_softmax",
        "scaled_dot_product_attention")] string op)
    {
        Check(OpCatalog.Entries[op].Run, OpCatalog.Entries[op].Cases[0], 3, AllowedAwayFromPoles);
    }

    [TestCaseSource(nameof(SubsetCases))]
    public void Gradients_of_every_subset_of_inputs_match_central_differences(string op, int index)
    {
        using var scope = MemoryScope.Begin();
        var (function, inputs) = Free(OpCatalog.Entries[op].Run, OpCatalog.Entries[op].Cases[index]);
        foreach (var result in GradientCheck.RunSubsets(function, inputs)) Within(result);
    }

    private static void Check(
        Func<Tensor[], OpAttributes, Tensor> run, OpCase sample, int order = 2, double allowed = Allowed)
    {
        using var scope = MemoryScope.Begin();
        var (function, inputs) = Free(run, sample);
        foreach (var result in GradientCheck.Run(function, inputs, order)) Within(result, allowed);
    }

    private static void Within(GradientCheckResult r, double allowed = Allowed) =>
        Closeness.Within(
            $"order {r.Order}, {r.Inputs ?? "all inputs"}: {r.Analytic:R} beside {r.Numeric:R}", r.Error, allowed);

    // The case as a function of its differentiable inputs, and those.
    private static (Func<IReadOnlyList<Tensor>, Tensor> Function, Tensor[] Inputs) Free(
        Func<Tensor[], OpAttributes, Tensor> run, OpCase sample)
    {
        var all = OpSamples.Draw(sample, DType.F64, TestBackends.Cpu);
        var free = Enumerable.Range(0, all.Length).Where(i => sample.Inputs[i].Differentiable).ToArray();
        return (x =>
        {
            var inputs = (Tensor[])all.Clone();
            for (var i = 0; i < free.Length; i++) inputs[free[i]] = x[i];
            return run(inputs, sample.Attributes);
        }, [.. free.Select(i => all[i])]);
    }
}
