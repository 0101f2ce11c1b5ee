using AmcEngine.Amc.Verification;
using AmcEngine.Backends.Cpu;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Engine.Serialization;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Verification;

/// <summary>Replays every recorded training step of the reference implementation.</summary>
[TestFixture, Category("Golden")]
public sealed class GoldenVerifierTests
{
    public static IEnumerable<string> Recordings => Directory.Exists(GoldenFiles.Folder)
        ? Directory.EnumerateFiles(GoldenFiles.Folder, "albef-*.json").Order(StringComparer.Ordinal).Select(Path.GetFileName).OfType<string>()
        : [];

    [Test]
    public void Every_recorded_step_is_reproduced(
        [ValueSource(nameof(Recordings))] string name, [Values(DType.F32, DType.F64)] DType dtype)
    {
        using var backend = new CpuBackend();
        var report = GoldenVerifier.Verify(GoldenFiles.Require(name), backend, dtype);
        TestContext.Out.WriteLine(report);
        Assert.That(report.Passed, report.ToString());
    }

    [Test]
    public void Every_recorded_step_is_reproduced_on_OpenCL(
        [ValueSource(nameof(Recordings))] string name, [Values(DType.F32, DType.F64)] DType dtype)
    {
        var report = GoldenVerifier.Verify(GoldenFiles.Require(name), TestBackends.OpenCl, dtype);
        TestContext.Out.WriteLine(report);
        Assert.That(report.Passed, report.ToString());
    }

    [Test]
    public void Weights_of_a_checkpoint_replace_those_of_the_rule_and_change_the_results()
    {
        using var backend = new CpuBackend();
        using var trained = TorchCheckpoint.Load(GoldenFiles.Require("albef-tiny.pth"));
        var report = GoldenVerifier.Verify(GoldenFiles.Require("albef-tiny.json"), backend, DType.F32, trained.Tensors);
        Assert.That(report.Passed, Is.False);
        Assert.That(report.Lines.Last(), Does.Match(@"^verify: \d+ groups passed, [1-9]\d* failed$"));
    }
}
