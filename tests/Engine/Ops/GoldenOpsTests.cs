using System.Security.Cryptography;
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
    // What the file of the repository may be off by: about ten times the worst of all SIMD paths. Another list of cases
    // has other shapes; it is held to what the program allows.
    private const string ListOfTheRepository = "E46826891922B5993883A540D57A2234AE6B861B07A0AAD75833430CB375CEED";

    private static readonly Allowance Allowed = new(7e-6, 2e-14);

    // Of these the reference computed in f64 on inputs that the file holds rounded to f32.
    private static readonly string[] RoundedInputs =
        ["add_broadcast", "amc_loss", "gradcam", "log", "minmax_normalize", "mul_broadcast", "soft_cross_entropy",
            "sqrt", "sub_broadcast"];

    private static readonly Lazy<bool> IsOfTheRepository = new(() =>
        Convert.ToHexString(SHA256.HashData(File.ReadAllBytes(Path.Combine(GoldenFiles.Folder, GoldenOps.ListFile))))
            == ListOfTheRepository);

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
        foreach (var result in GoldenOps.Compare(golden, file, dtype, backend))
            Closeness.Within(
                $"{golden.Name} {result.What}", result.Error, Math.Min(result.Allowed, Measured(golden, dtype)));
    }

    private static double Measured(GoldenOp golden, DType dtype)
    {
        var rounded = dtype == DType.F64 && RoundedInputs.Contains(golden.Name);
        return IsOfTheRepository.Value && !rounded ? Allowed.For(dtype) : double.PositiveInfinity;
    }
}
