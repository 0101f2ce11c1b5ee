using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Backends.Gpu;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>The whole op list on a device against the CPU: value, gradient and second order of every case.</summary>
[TestFixture]
internal sealed class OpAgreementTests
{
    private static IEnumerable<TestCaseData> Cases() =>
        from c in OpSamples.All()
        from dtype in new[] { DType.F32, DType.F64 }
        select new TestCaseData(c.Op, c.Case, dtype).SetName(
            $"OpenCL {c.Op} {OpCatalog.Entries[c.Op].Cases[c.Case]} {dtype}");

    [TestCaseSource(nameof(Cases))]
    public void Op_agrees_with_the_CPU(string op, int index, DType dtype)
    {
        IBackend device = TestBackends.OpenCl;
        using var scope = MemoryScope.Begin();
        var entry = OpCatalog.Entries[op];
        var sample = entry.Cases[index];
        var allowed = DeviceAllowances.Of(op, dtype);
        foreach (var (name, error) in OpEvaluation.Errors(
            entry, sample, dtype, device, TestBackends.Cpu)) Closeness.Within(name, error, allowed);
    }
}
