using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Memory;
using AmcEngine.Tensors;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>The row kernels compile for CUDA, keep everything in registers and know the address space of every access.</summary>
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
                backend.ForcedTeam = team;
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
        Tensor x = New([6, 40]), y = New([6, 40]), z = New([6, 40]), v = New([40]), w = New([40]), r = New([6]), s = New([6]);
        Tensor labels = Tensor.Empty([6], DType.I32, b), where = Tensor.Empty([6, 2], DType.I32, b), stats = New([6, 4]);
        var rows = new AxisView(6, 40, 1);
        foreach (var kind in Enum.GetValues<ReduceKind>()) b.Reduce(kind, x, rows, r);
        b.ArgReduce(ReduceKind.Max, x, rows, r, labels);
        b.CountNonFinite([x], new long[1]);
        b.Softmax(x, rows, false, y);
        b.MaskedSoftmax(New([1, 2, 3, 40]), 1, null, 0, 0, 0, New([1, 2, 3, 40]));
        b.SoftmaxBackward(x, y, rows, false, z);
        b.LayerNorm(x, v, w, 1e-6, y, r, s);
        b.LayerNormBackward(x, v, r, s, y, z, v, w);
        b.LayerNormDoubleBackward(x, v, r, s, y, x, v, w, z, w, z);
        b.CrossEntropy(x, labels, -100, r, s);
        b.CrossEntropyBackward(x, s, labels, -100, r, z);
        Tensor a = New([2, 2, 60, 21]), m = New([2, 60]), cam = New([2, 20]);
        b.GradCam(a, a, m, cam);
        b.GradCamBackward(a, a, m, cam, New([2, 2, 60, 21]), New([2, 2, 60, 21]));
        b.RegionStats(x, y, stats, where);
        b.RegionStatsBackward(x, where, stats, z);

        Tensor New(Shape shape) => Tensor.Empty(shape, dtype, b);
    }
}
