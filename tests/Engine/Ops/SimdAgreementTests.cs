using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>
/// The whole op list on each narrower SIMD path against the widest: value, gradient and second order of every case.
/// </summary>
[TestFixture]
internal sealed class SimdAgreementTests
{
    private static IEnumerable<TestCaseData> Cases() =>
        from path in SimdPaths.Lower
        from c in OpSamples.All()
        from dtype in new[] { DType.F32, DType.F64 }
        select new TestCaseData(path, c.Op, c.Case, dtype).SetName(
            $"SIMD {path} {c.Op} {c.Case}: {OpCatalog.Entries[c.Op].Cases[c.Case]} {dtype}");

    [TestCaseSource(nameof(Cases))]
    public void Op_agrees_with_the_widest_path(string path, string op, int index, DType dtype)
    {
        using var scope = MemoryScope.Begin();
        var (entry, allowed) = (OpCatalog.Entries[op], dtype == DType.F32 ? 4e-6 : 2e-14);
        var expected = OpEvaluation.All(entry.Run, entry.Cases[index], dtype, TestBackends.Cpu);
        using var use = SimdPaths.Use(path);
        var actual = OpEvaluation.All(entry.Run, entry.Cases[index], dtype, TestBackends.Cpu);
        Assert.That(actual.Select(r => r.Name), Is.EqualTo(expected.Select(r => r.Name)));
        for (var i = 0; i < actual.Count; i++)
            Closeness.AreClose(actual[i].Name, actual[i].Value, expected[i].Value.ToDoubles(), allowed);
    }
}
