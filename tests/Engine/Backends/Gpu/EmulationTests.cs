using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// The kernels with barriers, in the variants that a GPU runs, on ILGPU's simulation: a thread a lane, so that a
/// barrier that not every lane reaches hangs, and shared memory that nobody wrote is seen. Toy sizes.
/// </summary>
[TestFixture]
internal sealed class EmulationTests
{
    private GpuBackend? _device;

    [OneTimeSetUp]
    public void Open()
    {
        _device = GpuDevices.Open("emulate");
        _device.Forced.Team = RowTeam.Group;
        _device.Forced.Gemm = new GemmPlan(GemmVariant.Tile64, 1, false);
        _device.Forced.SharedAttentionTiles = true;
    }

    [OneTimeTearDown]
    public void Close() => _device?.Dispose();

    [TestCase("softmax")]
    [TestCase("layer_norm")]
    [TestCase("cross_entropy")]
    [TestCase("matmul")]
    [TestCase("scaled_dot_product_attention")]
    [TestCase("gradcam")]
    public void Kernels_with_barriers_agree_with_the_CPU(string op)
    {
        using var scope = MemoryScope.Begin();
        var entry = OpCatalog.Entries[op];
        var sample = entry.Cases.MinBy(c => c.Inputs.Sum(i => new Shape(i.Dims).Count))!;
        foreach (var (name, error) in OpEvaluation.Errors(
            entry, sample, DType.F32, _device!, TestBackends.Cpu)) Closeness.Within(name, error, 2e-6);
    }
}
