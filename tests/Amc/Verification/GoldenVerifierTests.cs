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
    public static IEnumerable<string> Recordings => Directory.Exists(GoldenFiles.Folder)
        ? Directory.EnumerateFiles(GoldenFiles.Folder, "albef-*.json").Order(StringComparer.Ordinal).Select(Path.GetFileName).OfType<string>()
        : [];

    /// <summary>
    /// What <c>albef-tiny</c> may be off by: about ten times the worst of all SIMD paths and OpenCL. The program allows more, for
    /// recordings of any depth. The reference computed some losses and the trained weights in single precision; so they stay off in f64.
    /// </summary>
    private static readonly Dictionary<DType, Dictionary<string, double>> Allowed = new()
    {
        [DType.F32] = new()
        {
            ["posembed (f32 reference)"] = 3e-6,
            ["loss (f32 reference)"] = 7e-5,
            ["loss (f64 reference)"] = 1e-6,
            ["out (f32 reference)"] = 6e-6,
            ["out (exact)"] = 0,
            ["out (f64 reference)"] = 5e-6,
            ["grad_amc vanishing (absolute)"] = 0,
            ["grad_amc (f64 reference)"] = 9e-5,
            ["grad_amc key biases (absolute)"] = 2e-8,
            ["grad_total (f64 reference)"] = 1e-5,
            ["grad_total key biases (absolute)"] = 2e-8,
            ["after3 (f32 reference)"] = 2e-5,
        },
        [DType.F64] = new()
        {
            ["posembed (f32 reference)"] = 3e-6,
            ["loss (f32 reference)"] = 3e-6,
            ["loss (f64 reference)"] = 2e-10,
            ["out (f32 reference)"] = 5e-6,
            ["out (exact)"] = 0,
            ["out (f64 reference)"] = 1e-14,
            ["grad_amc vanishing (absolute)"] = 0,
            ["grad_amc (f64 reference)"] = 3e-13,
            ["grad_amc key biases (absolute)"] = 5e-17,
            ["grad_total (f64 reference)"] = 3e-14,
            ["grad_total key biases (absolute)"] = 5e-17,
            ["after3 (f32 reference)"] = 2e-5,
        },
    };

    [Test]
    public void Every_recorded_step_is_reproduced(
        [ValueSource(nameof(Recordings))] string name, [Values(DType.F32, DType.F64)] DType dtype, [ValueSource(typeof(SimdPaths), nameof(SimdPaths.All))] string path)
    {
        using var use = SimdPaths.Use(path);
        using var backend = new CpuBackend();
        Check(name, dtype, backend);
    }

    [Test]
    public void Every_recorded_step_is_reproduced_on_OpenCL(
        [ValueSource(nameof(Recordings))] string name, [Values(DType.F32, DType.F64)] DType dtype) => Check(name, dtype, TestBackends.OpenCl);

    private static void Check(string name, DType dtype, IBackend backend)
    {
        var report = GoldenVerifier.Verify(GoldenFiles.Require(name), backend, dtype);
        TestContext.Out.WriteLine(report);
        Assert.That(report.Passed, report.ToString());
        if (name != "albef-tiny.json") return;
        Assert.That(report.Groups.Select(g => g.Name), Is.EquivalentTo(Allowed[dtype].Keys));
        Assert.Multiple(() =>
        {
            foreach (var g in report.Groups) Assert.That(g.WorstError <= Allowed[dtype][g.Name], Is.True, $"{g}; this recording is held to {Allowed[dtype][g.Name]:E0}");
        });
    }

    [Test]
    public void A_step_that_is_not_finite_fails_without_an_exception()
    {
        using var backend = new CpuBackend();
        using var trained = TorchCheckpoint.Load(GoldenFiles.Require("albef-tiny.pth"));
        // Finite, as a checkpoint has to be, and too large for a product.
        TensorData[] broken = [.. trained.Tensors.Select(t => t.Name == "itm_head.weight" ? TensorData.From(t.Name, [.. t.Shape], [.. Enumerable.Repeat(3e38f, (int)t.Count)]) : t)];
        var report = GoldenVerifier.Verify(GoldenFiles.Require("albef-tiny.json"), backend, DType.F32, broken);
        Assert.That(report.Groups.Where(g => g.Name.StartsWith("loss", StringComparison.Ordinal) || g.Name.StartsWith("after3", StringComparison.Ordinal)).Select(g => g.Passed), Is.All.False);
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
