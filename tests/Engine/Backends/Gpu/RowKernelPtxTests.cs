using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Backends.Kernels;
using AmcEngine.Memory;
using AmcEngine.Tensors;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// The row kernels compile for CUDA, keep everything in registers and know the address space of every access.
/// </summary>
[TestFixture]
internal sealed class RowKernelPtxTests
{
    [Test]
    public void Every_kernel_compiles()
    {
        var host = new PtxHost(CudaArchitecture.SM_80, CudaInstructionSet.ISA_78);
        using var backend = new GpuBackend(host);
        using (MemoryScope.Begin())
            foreach (var team in Enum.GetValues<RowTeam>())
            {
                backend.Forced.Team = team;
                foreach (var dtype in new[] { DType.F32, DType.F64 }) LaunchAll(backend, dtype);
            }
        TestContext.Out.WriteLine($"{host.Texts.Count} kernels");
        Assert.Multiple(() =>
        {
            foreach (var (kernel, text) in host.Texts) PtxTexts.CheckMemory(KernelTypes.Name(kernel), text);
        });
    }

    private static void LaunchAll(GpuBackend b, DType dtype)
    {
        Tensor x = New([6, 40]), y = New([6, 40]), z = New([6, 40]), v = New([40]), w = New([40]),
            r = New([6]), s = New([6]);
        Tensor labels = Tensor.Empty([6], DType.I32, b), where = Tensor.Empty([6, 2], DType.I32, b),
            stats = New([6, 4]);
        var rows = new AxisView(6, 40, 1);
        foreach (var kind in Enum.GetValues<ReduceKind>()) b.Run(new ReduceArgs(kind, x, rows, r));
        b.Run(new ArgReduceArgs(ReduceKind.Max, x, rows, r, labels));
        b.Run(new CountNonFiniteArgs([x], new long[1]));
        b.Run(new SoftmaxArgs(x, rows, false, y));
        b.Run(new MaskedSoftmaxArgs(New([1, 2, 3, 40]), 1, null, 0, 0, 0, New([1, 2, 3, 40])));
        b.Run(new SoftmaxBackwardArgs(x, y, rows, false, z));
        b.Run(new LayerNormArgs(x, v, w, 1e-6, y, r, s));
        b.Run(new LayerNormBackwardArgs(x, v, r, s, y, z, v, w));
        b.Run(new LayerNormDoubleBackwardArgs(x, v, r, s, y, x, v, w, z, w, z));
        b.Run(new CrossEntropyArgs(x, labels, -100, r, s));
        b.Run(new CrossEntropyBackwardArgs(x, s, labels, -100, r, z));
        Tensor a = New([2, 2, 60, 21]), m = New([2, 60]), cam = New([2, 20]);
        b.Run(new GradCamArgs(a, a, m, cam));
        b.Run(new GradCamBackwardArgs(a, a, m, cam, New([2, 2, 60, 21]), New([2, 2, 60, 21])));
        b.Run(new RegionStatsArgs(x, y, stats, where));
        b.Run(new RegionStatsBackwardArgs(x, where, stats, z));

        Tensor New(Shape shape) => Tensor.Empty(shape, dtype, b);
    }
}
