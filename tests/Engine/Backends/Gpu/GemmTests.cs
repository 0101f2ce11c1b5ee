using AmcEngine.Backends;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Matrix products of the device against the CPU back end, which its own tests hold against loops.</summary>
[TestFixture]
public sealed class GemmTests
{
    private static readonly (int M, int N, int K)[] Small = [(1, 1, 1), (2, 3, 5), (4, 4, 8), (17, 25, 16), (7, 65, 33), (33, 1, 130), (5, 7, 0)];

    [Test]
    public void All_transposes_at_small_shapes([Values] bool transA, [Values] bool transB, [Values] bool wide)
    {
        foreach (var (m, n, k) in Small) Check(wide, new Case(m, n, k) { TransA = transA, TransB = transB });
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
        public bool Gelu { get; init; }
        public bool Pre { get; init; }
    }

    private static void Check(bool wide, Case c)
    {
        var expected = Run(TestBackends.Cpu, wide, c);
        var actual = Run(TestBackends.OpenCl, wide, c);
        var allowed = wide ? 1e-12 : 1e-5;
        var error = Closeness.RelativeL2(actual.C, expected.C);
        Assert.That(error, Is.LessThanOrEqualTo(allowed), c.ToString());
        error = Closeness.RelativeL2(actual.Pre, expected.Pre);
        Assert.That(error, Is.LessThanOrEqualTo(allowed), $"before the activation: {c}");
    }

    private static (double[] C, double[] Pre) Run(IBackend backend, bool wide, Case c)
    {
        int lda = (c.TransA ? c.M : c.K) + c.Pad, ldb = (c.TransB ? c.K : c.N) + c.Pad, ldc = c.N + c.Pad;
        int sizeA = (c.TransA ? c.K : c.M) * lda, sizeB = (c.TransB ? c.N : c.K) * ldb, sizeC = c.M * ldc;
        var entries = c.Batch0 * c.Batch1;
        using var a = Operand(backend, wide, sizeA * entries + 1, c.Offset, 1);
        using var b = Operand(backend, wide, sizeB * entries + 1, c.Offset, 2);
        using var y = Operand(backend, wide, sizeC * entries, c.Offset, 3);
        using var pre = c.Pre ? Operand(backend, wide, sizeC * entries, c.Offset, 3) : null;
        using var bias = c.Bias ? Operand(backend, wide, c.N, c.Offset, 4) : null;
        backend.MatMul(new MatMulArgs
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
            Activation = c.Gelu ? Activation.Gelu : Activation.None,
            PreActivation = pre,
        });
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
