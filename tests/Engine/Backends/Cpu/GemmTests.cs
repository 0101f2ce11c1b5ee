using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Cpu.Simd;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>Matrix products against loops in f64, at shapes round the edges of tiles.</summary>
public sealed class GemmTests(string path) : OnEverySimdPath(path)
{
    private static readonly int[] Sizes = [1, 2, 5, 13, 15, 17, 31, 33, 65];

    [Test]
    public void All_small_shapes_and_transposes([Values] bool transA, [Values] bool transB, [Values] bool wide)
    {
        using var backend = new CpuBackend(2);
        foreach (var m in Sizes)
            foreach (var n in Sizes)
                foreach (var k in new[] { 0, 1, 7, 24 })
                    Check(backend, wide, new Case(m, n, k) { TransA = transA, TransB = transB });
    }

    [Test]
    public void Large_shapes([Values] bool transA, [Values] bool transB, [Values] bool wide)
    {
        using var backend = new CpuBackend(2);
        foreach (var (m, n, k) in new[] { (211, 97, 389), (1, 193, 769), (257, 1, 400), (43, 512, 256), (514, 101, 131),
            (96, 288, 1153) })
            Check(backend, wide,
                new Case(m, n, k) { TransA = transA, TransB = transB, Pad = 3, Offset = 5, Alpha = -0.75 });
    }

    [Test]
    public void Every_way_to_cut_a_product([Values] bool transA, [Values] bool transB, [Values] bool wide)
    {
        using var backend = new CpuBackend(2);
        // By columns in passes over k; few rows, transposed, of which some are one vector; shallow, by rows; few rows
        // of a B that is read where it lies.
        foreach (var (m, n, k) in new[] { (260, 260, 1300), (50, 700, 501), (16, 700, 501), (8, 335, 200),
            (4, 301, 150), (900, 300, 16), (17, 530, 300) })
            Check(backend, wide, new Case(m, n, k)
            {
                TransA = transA,
                TransB = transB,
                Pad = 1,
                Alpha = 0.5,
                Bias = true,
                Activation = transA ? Activation.Gelu : Activation.None,
                Pre = transA,
                Residual = true
            });
    }

    [Test]
    public void Batches_stride_and_broadcast([Values] bool transB, [Values] bool wide, [Values(0, 1, 2)] int broadcast)
    {
        using var backend = new CpuBackend(2);
        foreach (var (m, n, k) in new[] { (5, 65, 24), (65, 24, 65), (65, 65, 24), (1, 3, 2), (300, 70, 90) })
            Check(backend, wide, new Case(m, n, k)
            {
                TransB = transB,
                Batch0 = 3,
                Batch1 = 4,
                Broadcast = broadcast,
                Pad = 2,
                Alpha = 0.5
            });
    }

    [Test]
    public void Accumulates([Values] bool wide)
    {
        using var backend = new CpuBackend(2);
        foreach (var (m, n, k) in new[] { (7, 33, 5), (96, 96, 1000), (3, 4, 0) })
            Check(backend, wide, new Case(m, n, k) { Accumulate = true, TransA = true, Pad = 1 });
    }

    [Test]
    public void Large_shallow_products([Values] bool wide)
    {
        using var backend = new CpuBackend(2);
        // Past the caches; a last panel that is partly outside; and what must not go past them: rows that begin within
        // a vector, a result that does, what is accumulated and what is read again for the bias.
        var whole = new Case(531, 544, 16) { TransA = true, Alpha = -0.75 };
        foreach (var c in new[] { whole, whole with { N = 552, Pad = 8 }, whole with { Pad = 1 },
            whole with { Offset = 5 }, whole with { Accumulate = true }, whole with { Bias = true } })
            Check(backend, wide, c);
    }

    [Test]
    public void Bias_and_activation([Values] bool wide, [Values] Activation activation, [Values] bool pre)
    {
        using var backend = new CpuBackend(2);
        foreach (var (m, n, k) in new[] { (7, 33, 5), (130, 96, 96), (130, 100, 800), (3, 4, 0) })
            Check(backend, wide, new Case(m, n, k)
            {
                TransB = true,
                Bias = true,
                Activation = activation,
                Pre = pre,
                Residual = activation == Activation.None != pre,
                Pad = 1,
                Batch1 = m == 7 ? 3 : 1,
            });
    }

    [Test]
    public void Threads_do_not_change_a_bit([Values] bool transA, [Values] bool transB)
    {
        using var one = new CpuBackend(1);
        using var two = new CpuBackend(2);
        foreach (var c in new[] { new Case(211, 97, 389), new Case(65, 65, 24) { Batch0 = 8, Batch1 = 4 },
            new Case(2080, 96, 96), new Case(260, 260, 1300), new Case(16, 700, 501) })
        {
            var x = Run(one, false, c with { TransA = transA, TransB = transB }).C;
            var y = Run(two, false, c with { TransA = transA, TransB = transB }).C;
            Assert.That(x, Is.EqualTo(y));
        }
    }

    [Test]
    public void Gelu_is_accurate_in_both_tails()
    {
        using var backend = new CpuBackend(1);
        // From tables of the normal distribution: Φ(−1), Φ(−3), Φ(−5), Φ(−10).
        (double X, double Phi)[] known =
        [
            (-1, 0.15865525393145705), (-3, 1.3498980316300945e-3), (-5, 2.866515718791939e-7),
            (-10, 7.619853024160526e-24), (0, 0.5), (1, 0.8413447460685429), (3, 0.9986501019683699),
            (0.5, 0.6914624612740131), (1e-3, 0.5003989422139111), (30, 1),
        ];
        foreach (var wide in new[] { true, false })
        {
            var xs = known.Select(v => v.X).ToArray();
            var c = Epilogue(backend, wide, xs);
            for (var i = 0; i < known.Length; i++)
            {
                var expected = known[i].X * known[i].Phi;
                Closeness.Near($"gelu({known[i].X})", c[i], expected, Math.Abs(expected) * (wide ? 1e-14 : 2.5e-7));
            }
        }
        var special = Epilogue(backend, false, [double.NaN, double.PositiveInfinity, -200, 0, .. new double[12]]);
        Assert.That(special[..4], Is.EqualTo(new[] { double.NaN, double.PositiveInfinity, 0, 0 }));
    }

    // The activation alone: K = 0 and the values as bias, repeated to fill vectors and a tail.
    private static double[] Epilogue(CpuBackend backend, bool wide, double[] xs)
    {
        var bias = Enumerable.Range(0, 3 * xs.Length).Select(i => xs[i % xs.Length]).ToArray();
        var n = bias.Length;
        var args = new MatMulArgs
        {
            A = Make(backend, wide, [0]),
            B = Make(backend, wide, [0]),
            C = Make(backend, wide, new double[n]),
            M = 1,
            N = n,
            K = 0,
            Lda = 1,
            Ldb = n,
            Ldc = n,
            Bias = Make(backend, wide, bias),
            Activation = Activation.Gelu,
        };
        backend.Run(args);
        return args.C.ToDoubles();
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

    private static Tensor Make(CpuBackend backend, bool wide, double[] values) => wide
        ? Tensor.From(values, [values.Length], backend)
        : Tensor.From(Array.ConvertAll(values, v => (float)v), [values.Length], backend);

    private static double[] Random(int count, int seed)
    {
        var random = new Random(seed);
        var values = new double[count];
        // Exact in f32, so that both element types and the loops see the same numbers.
        for (var i = 0; i < count; i++) values[i] = (float)(random.NextDouble() * 2 - 1);
        return values;
    }

    private static double[] Residual(int count) => Random(count, 5);

    private static (double[] C, double[]? Pre, double[] A, double[] B, double[] C0, double[]? Bias,
        MatMulArgs Args) Run(CpuBackend backend, bool wide, Case c)
    {
        int lda = (c.TransA ? c.M : c.K) + c.Pad, ldb = (c.TransB ? c.K : c.N) + c.Pad, ldc = c.N + c.Pad;
        int sizeA = (c.TransA ? c.K : c.M) * lda, sizeB = (c.TransB ? c.N : c.K) * ldb, sizeC = c.M * ldc;
        var entries = c.Batch0 * c.Batch1;
        var a = Random(c.Offset + sizeA * entries + 1, 1);
        var b = Random(c.Offset + sizeB * entries + 1, 2);
        var c0 = Random(c.Offset + sizeC * entries, 3);
        var bias = c.Bias ? Random(c.N, 4) : null;
        using var ta = Make(backend, wide, a);
        using var tb = Make(backend, wide, b);
        using var tc = Make(backend, wide, c0);
        using var tp = c.Pre ? Make(backend, wide, c0) : null;
        using var sa = ta.Share([ta.Count - c.Offset], default, c.Offset);
        using var sb = tb.Share([tb.Count - c.Offset], default, c.Offset);
        using var sc = tc.Share([tc.Count - c.Offset], default, c.Offset);
        using var sp = tp?.Share([tc.Count - c.Offset], default, c.Offset);
        using var tr = c.Residual ? Make(backend, wide, Residual(c0.Length)) : null;
        using var sr = tr?.Share([tc.Count - c.Offset], default, c.Offset);
        using var tbias = bias is null ? null : Make(backend, wide, bias);
        var args = new MatMulArgs
        {
            A = sa,
            B = sb,
            C = sc,
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
            Bias = tbias,
            Activation = c.Activation,
            PreActivation = sp,
            Residual = sr,
        };
        backend.Run(args);
        return (tc.ToDoubles(), tp?.ToDoubles(), a, b, c0, bias, args);
    }

    private static void Check(CpuBackend backend, bool wide, Case c)
    {
        var (result, pre, a, b, c0, bias, args) = Run(backend, wide, c);
        var expected = (double[])c0.Clone();
        var expectedPre = (double[])c0.Clone();
        var residual = Residual(c.Residual ? c0.Length : 0);
        for (var b0 = 0; b0 < c.Batch0; b0++)
            for (var b1 = 0; b1 < c.Batch1; b1++)
                for (var i = 0; i < c.M; i++)
                    for (var j = 0; j < c.N; j++)
                    {
                        var at = c.Offset + b0 * args.A0 + b1 * args.A1;
                        var bt = c.Offset + b0 * args.B0 + b1 * args.B1;
                        var ct = c.Offset + b0 * args.C0 + b1 * args.C1 + (long)i * args.Ldc + j;
                        var sum = 0.0;
                        for (var k = 0; k < c.K; k++)
                            sum += a[at + (c.TransA ? k * args.Lda + i : i * args.Lda + k)]
                                * b[bt + (c.TransB ? j * args.Ldb + k : k * args.Ldb + j)];
                        var v = c.Alpha * sum + (c.Accumulate ? c0[ct] : 0) + (bias is null ? 0 : bias[j]);
                        expectedPre[ct] = v;
                        expected[ct] = Activated(c.Activation, v) + (c.Residual ? residual[ct] : 0);
                    }
        Near(result, expected, wide, c);
        if (pre is not null) Near(pre, expectedPre, wide, c);
    }

    private static double Activated(Activation activation, double v) => activation switch
    {
        Activation.Gelu => ScalarMath.Gelu(v),
        Activation.QuickGelu => v / (1 + Math.Exp(-1.702 * v)),
        _ => v,
    };

    private static void Near(double[] x, double[] y, bool wide, Case c) =>
        Closeness.AreClose($"{c}", x, y, wide ? 3e-15 : 1e-6);
}
