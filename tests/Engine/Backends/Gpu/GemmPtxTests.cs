using System.Text.RegularExpressions;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using ILGPU.Runtime.Cuda;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// The PTX of the matmul kernels: registers only, vector loads where they are claimed, and what ptxas makes of them
/// where there is one.
/// </summary>
[TestFixture]
internal sealed class GemmPtxTests
{
    private static readonly GemmVariant[] Variants =
    [
        GemmVariant.Direct, GemmVariant.Slim, GemmVariant.Tile64, GemmVariant.Tile128
    ];

    [Test]
    public void Nothing_lives_in_local_or_generic_memory(
        [ValueSource(nameof(Variants))] GemmVariant variant, [Values] bool transA, [Values] bool transB)
    {
        foreach (var text in Compile(new GemmPlan(variant, variant == GemmVariant.Direct ? 1 : 2), transA, transB))
            Assert.Multiple(() => PtxTexts.CheckMemory($"{variant}", text));
    }

    [Test]
    public void The_large_tile_multiplies_from_vectors(
        [Values] bool transA, [Values] bool transB, [Values] Activation activation)
    {
        var text = Compile(new GemmPlan(GemmVariant.Tile128), transA, transB, activation).Single();
        var hot = Regex.Split(text, @"^\s*\w+:\s*$", RegexOptions.Multiline)
            .MaxBy(b => Regex.Count(b, @"fma\.rn\.f32"))!;
        Assert.Multiple(() =>
        {
            // Vector accesses fault where shared memory does not start on 16 bytes.
            Assert.That(Regex.Matches(text, @"\.shared \.align (\d+)").Select(m => int.Parse(m.Groups[1].Value) % 16),
                Is.Not.Empty.And.All.Zero);
            Assert.That(Regex.Count(hot, @"fma\.rn\.f32"), Is.GreaterThanOrEqualTo(64));
            Assert.That(Regex.Count(hot, @"ld\.shared\.v4\.f32") * 16, Is.EqualTo(Regex.Count(hot, @"fma\.rn\.f32")));
            Assert.That(text, Does.Contain(".minnctapersm 2"), "two groups of 256 lanes a multiprocessor");
            Assert.That(Regex.Count(text, @"ld\.global\.v4\.f32"), Is.GreaterThanOrEqualTo(4));
            Assert.That(Regex.Count(text, @"st\.global\.v4\.f32"), Is.GreaterThanOrEqualTo(4));
            // Where k is contiguous in both operands, every store to shared memory is scattered.
            if (transA || !transB) Assert.That(text, Does.Contain("st.shared.v4.f32"));
        });
    }

    [Test]
    public void The_large_tile_fits_twice_into_a_multiprocessor(
        [Values] bool transA, [Values] bool transB, [Values] Activation activation)
    {
        if (!Ptxas.Present) Assert.Ignore(Ptxas.Missing);
        var usage = Ptxas.Assemble(
            Compile(new GemmPlan(GemmVariant.Tile128), transA, transB, activation).Single(), "sm_80");
        TestContext.Out.WriteLine(usage);
        Assert.That(usage.Error, Is.Null);
        Assert.That(usage.Registers, Is.InRange(1, 128));
        Assert.That(usage.Spilled, Is.Zero);
    }

    private readonly Dictionary<(GemmPlan, bool, bool, Activation), string[]> _texts = [];

    private string[] Compile(GemmPlan plan, bool transA, bool transB, Activation activation = Activation.None)
    {
        if (_texts.TryGetValue((plan, transA, transB, activation), out var known)) return known;
        using var host = new PtxHost(CudaArchitecture.SM_80, CudaInstructionSet.ISA_78);
        using var backend = new GpuBackend(host) { Forced = { Gemm = plan } };
        const int Size = 256;
        using var a = Tensor.Empty([Size, Size], DType.F32, backend);
        using var b = Tensor.Empty([Size, Size], DType.F32, backend);
        using var c = Tensor.Empty([Size, Size], DType.F32, backend);
        backend.Run(new MatMulArgs
        {
            A = a,
            B = b,
            C = c,
            M = Size,
            N = Size,
            K = Size,
            TransA = transA,
            TransB = transB,
            Lda = Size,
            Ldb = Size,
            Ldc = Size,
            Activation = activation,
        });
        return _texts[(plan, transA, transB, activation)] = [.. host.Texts.Values];
    }
}
