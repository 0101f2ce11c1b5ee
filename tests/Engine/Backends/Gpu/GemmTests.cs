using AmcEngine.Backends;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Gpu.Host;
using AmcEngine.Backends.Gpu.Kernels;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Matrix products of the device against the CPU back end, which its own tests hold against loops.</summary>
[TestFixture]
internal sealed class GemmTests
{
    // One, primes, whole tiles (read 16 bytes at a time; the others are not) and one past a tile; no k at all.
    private static readonly (int M, int N, int K)[] Shapes =
    [
        (1, 1, 1), (4, 4, 8), (17, 25, 16), (7, 65, 33), (33, 1, 130), (5, 7, 0), (129, 131, 67), (64, 128, 32)
    ];

    private static readonly GemmPlan[] Plans =
    [
        new(GemmVariant.Direct), new(GemmVariant.Slim), new(GemmVariant.Tile64), new(GemmVariant.Tile128),
        new(GemmVariant.Slim, 3), new(GemmVariant.Tile64, 3), new(GemmVariant.Tile128, 2),
    ];

    [Test]
    public void All_transposes_in_f32(
        [Values] bool transA, [Values] bool transB, [ValueSource(nameof(Plans))] GemmPlan plan)
    {
        foreach (var (m, n, k) in Shapes) Check(false, plan, new Case(m, n, k) { TransA = transA, TransB = transB });
    }

    [Test]
    public void Both_orders_in_f64([Values] bool transposed,
        [Values(GemmVariant.Direct, GemmVariant.Slim, GemmVariant.Tile64)] GemmVariant variant)
    {
        // Between them, TT and NN load each operand in each order.
        foreach (var (m, n, k) in Shapes) Check(
            true, new GemmPlan(variant), new Case(m, n, k) { TransA = transposed, TransB = transposed });
    }

    [Test]
    public void Batches_stride_and_broadcast(
        [ValueSource(nameof(Plans))] GemmPlan plan, [Values(0, 1, 2)] int broadcast)
    {
        foreach (var (m, n, k) in new[] { (5, 65, 24), (65, 24, 65), (16, 64, 192) })
            Check(false, plan,
                new Case(m, n, k) { TransB = true, Batch0 = 3, Batch1 = 2, Broadcast = broadcast, Alpha = 0.5 });
    }

    [Test]
    public void Alpha_accumulate_padding_and_unaligned_views(
        [ValueSource(nameof(Plans))] GemmPlan plan, [Values(0, 1)] int offset, [Values(0, 3, 4)] int pad)
    {
        foreach (var (m, n, k) in new[] { (37, 129, 200), (3, 4, 0) })
            Check(false, plan,
                new Case(m, n, k) { TransA = true, Alpha = -0.75, Accumulate = true, Offset = offset, Pad = pad });
    }

    [Test]
    public void Bias_activation_and_pre_activation(
        [ValueSource(nameof(Plans))] GemmPlan plan, [Values] Activation activation, [Values] bool pre)
    {
        // Without k every operand lies for vectors; what follows the product is the same, and compiled already.
        foreach (var (m, n, k) in new[] { (7, 33, 5), (130, 96, 257), (3, 4, 0) })
            Check(false, plan with { Vector = plan.Vector && k > 0 }, new Case(m, n, k)
            {
                TransB = true,
                Bias = true,
                Activation = activation,
                Pre = pre,
                Residual = activation == Activation.None != pre,
                Batch1 = m == 7 ? 3 : 1,
            });
    }

    [Test]
    public void Epilogues_in_f64(
        [Values(GemmVariant.Direct, GemmVariant.Tile64)] GemmVariant variant, [Values(1, 3)] int splits)
    {
        foreach (var activation in new[] { Activation.Gelu, Activation.QuickGelu })
            Check(true, new GemmPlan(variant, splits), new Case(66, 33, 200)
            {
                TransB = true,
                Bias = true,
                Activation = activation,
                Pre = true,
                Residual = true,
                Offset = 1,
            });
        Check(true, new GemmPlan(variant, splits),
            new Case(66, 33, 200) { TransA = true, Alpha = 3, Accumulate = true, Pad = 1 });
    }

    [Test]
    public void The_choice_of_the_host_computes_the_same()
    {
        foreach (var (m, n, k) in new[] { (1, 129, 257), (130, 70, 600), (257, 96, 96) }) Check(
            false, null, new Case(m, n, k) { TransB = true, Bias = true });
    }

    [Test]
    public void Empty_products_do_nothing()
    {
        Check(false, null, new Case(0, 3, 2));
        Check(false, null, new Case(3, 0, 2));
        Check(false, null, new Case(3, 2, 2) { Batch0 = 0 });
    }

    [Test]
    public void The_same_bits_come_out_each_time([ValueSource(nameof(Plans))] GemmPlan plan)
    {
        var c = new Case(70, 70, 400) { TransA = true };
        var first = Run(TestBackends.OpenCl, false, plan, c).C;
        var second = Run(TestBackends.OpenCl, false, plan, c).C;
        Assert.That(second, Is.EqualTo(first));
    }

    [Test]
    public void A_gpu_takes_the_variant_that_fits()
    {
        static GemmPlan On(KernelTarget target, bool wide, int m, int n, int k, int entries = 1) =>
            GemmPlan.Choose(target, 132, wide, m, n, k, entries);
        Assert.Multiple(() =>
        {
            Assert.That(On(KernelTarget.Gpu, false, 8192, 4096, 1024).Variant, Is.EqualTo(GemmVariant.Tile128));
            Assert.That(On(KernelTarget.Gpu, false, 8192, 4096, 1024).Splits, Is.EqualTo(1));
            Assert.That(On(KernelTarget.Gpu, true, 8192, 4096, 1024).Variant, Is.EqualTo(GemmVariant.Tile64));
            Assert.That(On(KernelTarget.Gpu, false, 384, 96, 66560).Splits, Is.GreaterThan(8));
            Assert.That(On(KernelTarget.Gpu, false, 8, 384, 1536).Variant, Is.EqualTo(GemmVariant.Slim));
            Assert.That(On(KernelTarget.Gpu, false, 17, 17, 24, 900).Variant, Is.EqualTo(GemmVariant.Direct));
            Assert.That(On(KernelTarget.OpenClOnCpu, false, 2080, 96, 96).Splits, Is.EqualTo(1));
            Assert.That(On(KernelTarget.Emulation, false, 2080, 96, 96).Variant, Is.EqualTo(GemmVariant.Direct));
        });
    }

    private sealed record Case(int M, int N, int K)
    {
        public bool TransA { get; init; }
        public bool TransB { get; init; }
        public int Pad { get; init; }
        public int Offset { get; init; }
        public int Batch0 { get; init; } = 1;
        public int Batch1 { get; init; } = 1;
        public int Broadcast { get; init; }
        public double Alpha { get; init; } = 1;
        public bool Accumulate { get; init; }
        public bool Bias { get; init; }
        public Activation Activation { get; init; }
        public bool Pre { get; init; }
        public bool Residual { get; init; }
    }

    private static void Check(bool wide, GemmPlan? plan, Case c)
    {
        var expected = Run(TestBackends.Cpu, wide, null, c);
        var actual = Run(TestBackends.OpenCl, wide, plan, c);
        var allowed = DeviceAllowances.MatMul.For(wide ? DType.F64 : DType.F32);
        Closeness.AreClose($"{plan}: {c}", actual.C, expected.C, allowed);
        Closeness.AreClose($"before the activation, {plan}: {c}", actual.Pre, expected.Pre, allowed);
    }

    private static (double[] C, double[] Pre) Run(IBackend backend, bool wide, GemmPlan? plan, Case c)
    {
        int lda = (c.TransA ? c.M : c.K) + c.Pad, ldb = (c.TransB ? c.K : c.N) + c.Pad, ldc = c.N + c.Pad;
        int sizeA = (c.TransA ? c.K : c.M) * lda, sizeB = (c.TransB ? c.N : c.K) * ldb, sizeC = c.M * ldc;
        var entries = c.Batch0 * c.Batch1;
        using var a = Operand(backend, wide, sizeA * entries + 1, c.Offset, 1);
        using var b = Operand(backend, wide, sizeB * entries + 1, c.Offset, 2);
        using var y = Operand(backend, wide, sizeC * entries, c.Offset, 3);
        using var pre = c.Pre ? Operand(backend, wide, sizeC * entries, c.Offset, 3) : null;
        using var residual = c.Residual ? Operand(backend, wide, sizeC * entries, c.Offset, 5) : null;
        using var bias = c.Bias ? Operand(backend, wide, c.N, c.Offset, 4) : null;
        if (backend is GpuBackend gpu) gpu.Forced.Gemm = plan;
        backend.Run(new MatMulArgs
        {
            A = a,
            B = b,
            C = y,
            M = c.M,
            N = c.N,
            K = c.K,
            TransA = c.TransA,
            TransB = c.TransB,
            Lda = lda,
            Ldb = ldb,
            Ldc = ldc,
            Batch0 = c.Batch0,
            Batch1 = c.Batch1,
            A0 = c.Broadcast == 1 ? 0 : (long)sizeA * c.Batch1,
            A1 = c.Broadcast == 2 ? 0 : sizeA,
            B0 = c.Broadcast == 2 ? 0 : (long)sizeB * c.Batch1,
            B1 = c.Broadcast == 1 ? 0 : sizeB,
            C0 = (long)sizeC * c.Batch1,
            C1 = sizeC,
            Alpha = c.Alpha,
            Accumulate = c.Accumulate,
            Bias = bias,
            Activation = c.Activation,
            PreActivation = pre,
            Residual = residual,
        });
        if (backend is GpuBackend forced) forced.Forced.Gemm = null;
        return (y.ToDoubles(), pre?.ToDoubles() ?? []);
    }

    // Values exact in f32, starting so many elements into the storage.
    private static Tensor Operand(IBackend backend, bool wide, int count, int offset, int seed)
    {
        var random = new Random(seed);
        var values = new double[count + offset];
        for (var i = 0; i < values.Length; i++) values[i] = (float)(random.NextDouble() * 2 - 1);
        using var whole = wide
            ? Tensor.From(values, [values.Length], backend)
            : Tensor.From(Array.ConvertAll(values, v => (float)v), [values.Length], backend);
        return whole.Share([count], default, offset);
    }
}
