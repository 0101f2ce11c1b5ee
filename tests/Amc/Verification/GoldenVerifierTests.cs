using AmcEngine.Amc.Verification;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Cpu.Simd;
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
    private static readonly string[] Prefixes = ["albef", "clip", "blip"];

    public static IEnumerable<string> Recordings => Directory.Exists(GoldenFiles.Folder)
        ? Prefixes.SelectMany(p => Directory.EnumerateFiles(GoldenFiles.Folder, p + "-*.json")).Where(IsRecording)
            .Order(StringComparer.Ordinal).Select(Path.GetFileName).OfType<string>()
        : [];

    [Test]
    public void Every_recorded_step_is_reproduced(
        [ValueSource(nameof(Recordings))] string name, [Values(DType.F32, DType.F64)] DType dtype,
        [ValueSource(typeof(SimdPaths), nameof(SimdPaths.All))] string path)
    {
        using var use = SimdPaths.Use(path);
        using var backend = new CpuBackend();
        Check(name, dtype, backend);
    }

    [Test]
    public void Every_recorded_step_is_reproduced_on_OpenCL(
        [ValueSource(nameof(Recordings))] string name, [Values(DType.F32, DType.F64)] DType dtype) =>
        Check(name, dtype, TestBackends.OpenCl);

    private static void Check(string name, DType dtype, IBackend backend)
    {
        var report = GoldenVerifier.Verify(GoldenFiles.Require(name), backend, dtype);
        TestContext.Out.WriteLine(report);
        Assert.That(report.Passed, report.ToString());
        if (GoldenAllowances.Of(name, dtype) is not { } allowed) return;
        Assert.That(report.Groups.Select(g => g.Name), Is.EquivalentTo(allowed.Keys));
        Assert.Multiple(() =>
        {
            foreach (var g in report.Groups) Assert.That(
                g.WorstError <= allowed[g.Name], Is.True, $"{g}; this recording is held to {allowed[g.Name]:E0}");
        });
    }

    // The same folder may hold lists of texts under such a name.
    private static bool IsRecording(string path) => File.Exists(Path.ChangeExtension(path, ".safetensors"));

    [Test]
    public void A_step_that_is_not_finite_fails_without_an_exception()
    {
        using var backend = new CpuBackend();
        using var trained = TorchCheckpoint.Load(GoldenFiles.Require("albef-tiny.pth"));
        // Finite, as a checkpoint has to be, and too large for a product.
        TensorData[] broken = [.. trained.Tensors.Select(t => t.Name == "itm_head.weight"
            ? TensorData.From(t.Name, [.. t.Shape], [.. Enumerable.Repeat(3e38f, (int)t.Count)]) : t)];
        var report = GoldenVerifier.Verify(GoldenFiles.Require("albef-tiny.json"), backend, DType.F32, broken);
        Assert.That(report.Groups.Where(g => g.Name.StartsWith("loss", StringComparison.Ordinal)
            || g.Name.StartsWith("after3", StringComparison.Ordinal)).Select(g => g.Passed), Is.All.False);
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
