using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Ops;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// Every kernel that the op list reaches compiles to PTX for each generation of GPU, and its text is as it should be.
/// </summary>
[TestFixture]
internal sealed class PtxTests
{
    private static readonly CudaArchitecture[] Architectures =
    [
        CudaArchitecture.SM_70, CudaArchitecture.SM_80, CudaArchitecture.SM_90
    ];

    private readonly Dictionary<CudaArchitecture, IReadOnlyDictionary<Type, string>> _texts = [];

    [TestCaseSource(nameof(Architectures))]
    public void Every_kernel_of_the_op_list_compiles(CudaArchitecture architecture)
    {
        var texts = Compile(architecture);
        TestContext.Out.WriteLine($"{texts.Count} kernels for sm_{architecture.Major}{architecture.Minor}");
        Assert.Multiple(() =>
        {
            foreach (var (kernel, text) in texts)
            {
                var name = KernelTypes.Name(kernel);
                PtxTexts.CheckMemory(name, text);
                Assert.That(text, Does.Not.Contain("bra.uni"), $"{name} has branches that keep ptxas from unrolling");
                Assert.That(text, Does.Not.Contain(".approx"), $"{name} uses an approximate instruction");
            }
        });
    }

    [TestCaseSource(nameof(Architectures))]
    public void Every_kernel_of_the_op_list_assembles_without_spills(CudaArchitecture architecture)
    {
        if (!Ptxas.Present) Assert.Ignore(Ptxas.Missing);
        var name = $"sm_{architecture.Major}{architecture.Minor}";
        // So many that starting the assembler does not count, so few that all processors have work.
        var usage = Compile(architecture).Select(k => (Kernel: KernelTypes.Name(k.Key), Text: k.Value)).Chunk(12)
            .AsParallel().SelectMany(chunk => Ptxas.Assemble([.. chunk.Select(k => k.Text)], name)
                .Select((u, i) => (chunk[i].Kernel, Usage: u)))
            .OrderBy(k => k.Kernel).ToList();
        foreach (var (kernel, u) in usage) TestContext.Out.WriteLine(
            $"{kernel}: {u.Registers} registers, {u.Shared} B shared, occupancy at 256 lanes {u.Occupancy(256):P0}");
        Assert.Multiple(() =>
        {
            foreach (var (kernel, u) in usage)
            {
                Assert.That(u.Error, Is.Null, kernel);
                // f64 is for checking: its double backward of attention may spill.
                if (kernel.Contains("Double", StringComparison.Ordinal)) continue;
                Assert.That(u.Spilled, Is.Zero, $"{kernel} spills registers");
                Assert.That(u.Stack, Is.Zero, $"{kernel} uses local memory");
            }
        });
    }

    // Runs every case of the op list to the second order on a host that only compiles; once an architecture.
    private IReadOnlyDictionary<Type, string> Compile(CudaArchitecture architecture)
    {
        if (_texts.TryGetValue(architecture, out var known)) return known;
        var host = new PtxHost(architecture, CudaInstructionSet.ISA_78);
        using var backend = new GpuBackend(host);
        foreach (var (op, index) in OpSamples.All())
            foreach (var dtype in new[] { DType.F32, DType.F64 })
            {
                using var scope = MemoryScope.Begin();
                var entry = OpCatalog.Entries[op];
                Assert.DoesNotThrow(
                    () => OpEvaluation.All(entry.Run, entry.Cases[index], dtype, backend), $"the op {op} on a GPU");
            }
        return _texts[architecture] = host.Texts.ToDictionary();
    }
}
