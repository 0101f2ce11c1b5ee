using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>Fused ops against the same function in basic ops: value, gradient, and gradient of the gradient.</summary>
[TestFixture]
internal sealed class DecompositionTests
{
    private static IEnumerable<TestCaseData> Cases() =>
        from c in OpSamples.All(e => e.Decomposition is not null)
        from dtype in new[] { DType.F32, DType.F64 }
        select new TestCaseData(c.Op, c.Case, dtype).SetName($"Fused {c.Op} {c.Case} {dtype}");

    [TestCaseSource(nameof(Cases))]
    public void Fused_op_agrees_with_its_decomposition(string op, int index, DType dtype)
    {
        using var scope = MemoryScope.Begin();
        var entry = OpCatalog.Entries[op];
        var sample = entry.Cases[index];
        var allowed = dtype == DType.F32 ? 2e-5 : 1e-12;
        var fused = Evaluate(entry.Run, sample, dtype);
        var decomposed = Evaluate(entry.Decomposition!, sample, dtype);
        Assert.That(fused.Select(f => f.Name), Is.EqualTo(decomposed.Select(d => d.Name)));
        for (var i = 0; i < fused.Count; i++)
            Closeness.AreClose(fused[i].Name, fused[i].Value, decomposed[i].Value.ToDoubles(), allowed);
    }

    private static List<(string Name, Tensor Value)> Evaluate(Func<Tensor[], OpAttributes, Tensor> run, OpCase sample, DType dtype)
    {
        var inputs = OpSamples.Draw(sample, dtype, TestBackends.Cpu);
        var free = Enumerable.Range(0, inputs.Length).Where(i => sample.Inputs[i].Differentiable).Select(i => inputs[i].SetRequiresGrad()).ToArray();
        var y = run(inputs, sample.Attributes);
        List<(string, Tensor)> results = [("value", y)];
        var random = new Random(11);
        var cotangent = Numbers(y.Shape, random, dtype).SetRequiresGrad();
        var grads = AutogradEngine.Grad([y], free, [cotangent], createGraph: true);
        var total = Tensor.Zeros([], dtype, TestBackends.Cpu);
        for (var i = 0; i < free.Length; i++)
        {
            results.Add(($"gradient {i}", grads[i]!));
            total = total.Add(grads[i]!.Mul(Numbers(free[i].Shape, random, dtype)).Sum());
        }
        var second = AutogradEngine.Grad([total], [.. free, cotangent]);
        for (var i = 0; i < second.Length; i++)
            if (second[i] is { } s) results.Add(($"second order {i}", s));
        return results;
    }

    private static Tensor Numbers(Shape shape, Random random, DType dtype) =>
        Tensor.From(Enumerable.Range(0, shape.Count).Select(_ => 2 * random.NextDouble() - 1).ToArray(), shape, TestBackends.Cpu).To(dtype);
}
