using AmcEngine.Amc.Verification;
using AmcEngine.Backends;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>The reference's numbers for single ops: value, vector-Jacobian product, and its gradient.</summary>
[TestFixture, Category("Golden")]
internal sealed class GoldenOpsTests
{
    private static IEnumerable<TestCaseData> Cases() =>
        from golden in GoldenOps.Cases(GoldenFiles.Folder)
        from dtype in new[] { DType.F32, DType.F64 }
        select new TestCaseData(golden, dtype).SetName($"Golden {golden.Name} {dtype}");

    [TestCaseSource(nameof(Cases))]
    public void Op_matches_the_reference(GoldenOp golden, DType dtype) => Check(golden, dtype, TestBackends.Cpu);

    [Test]
    public void Ops_match_the_reference_on_OpenCL([Values(DType.F32, DType.F64)] DType dtype)
    {
        var device = TestBackends.OpenCl;
        foreach (var golden in GoldenOps.Cases(GoldenFiles.Folder)) Check(golden, dtype, device);
    }

    private static void Check(GoldenOp golden, DType dtype, IBackend backend)
    {
        using var file = SafetensorsReader.Open(GoldenFiles.Require(GoldenOps.TensorFile));
        foreach (var result in GoldenOps.Compare(golden, file, dtype, backend)) Closeness.Within($"{golden.Name} {result.What}", result.Error, result.Allowed);
    }
}
