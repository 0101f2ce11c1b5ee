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
        var allowed = dtype == DType.F32 ? 3e-6 : 5e-15;
        var fused = OpEvaluation.All(entry.Run, sample, dtype, TestBackends.Cpu);
        var decomposed = OpEvaluation.All(entry.Decomposition!, sample, dtype, TestBackends.Cpu);
        Assert.That(fused.Select(f => f.Name), Is.EqualTo(decomposed.Select(d => d.Name)));
        for (var i = 0; i < fused.Count; i++)
            Closeness.AreClose(fused[i].Name, fused[i].Value, decomposed[i].Value.ToDoubles(), allowed);
    }
}
