using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>Fused attention and its gradients against loops in f64.</summary>
public sealed class AttentionTests(string path) : OnEverySimdPath(path)
{
    public sealed record Case(int B, int H, int Lq, int Lk, int D)
    {
        public bool HeadsFirst { get; init; }

        /// <summary>0: none, 1: [B, 1, 1, Lk], 2: [B, H, Lq, Lk].</summary>
        public int Mask { get; init; }
        public double Dropout { get; init; }
        public bool Wide { get; init; }
    }

    private static IEnumerable<Case> Cases()
    {
        foreach (var wide in new[] { true, false })
            foreach (var (mask, dropout) in new[] { (0, 0.0), (1, 0.1), (2, 0.0), (0, 0.5) })
            {
                yield return new Case(2, 3, 5, 65, 24) { Mask = mask, Dropout = dropout, Wide = wide };
                yield return new Case(2, 4, 65, 65, 24)
                {
                    Mask = mask,
                    Dropout = dropout,
                    Wide = wide,
                    HeadsFirst = true
                };
                yield return new Case(1, 1, 1, 1, 1) { Mask = mask, Dropout = dropout, Wide = wide };
                yield return new Case(1, 2, 7, 3, 5) { Mask = mask, Dropout = dropout, Wide = wide };
                yield return new Case(1, 2, 131, 1031, 17) { Mask = mask, Dropout = dropout, Wide = wide };
            }
        yield return new Case(2, 2, 3, 33, 64) { Dropout = 1, Wide = true };
        yield return new Case(2, 2, 0, 5, 4) { Wide = true };
    }

    [TestCaseSource(nameof(Cases))]
    public void Forward_and_backward_agree_with_loops(Case c)
    {
        using var backend = new CpuBackend(2);
        var x = new Inputs(c);
        var expected = Naive(c, x);
        var actual = Run(backend, c, x);
        for (var i = 0; i < expected.Length; i++) Near(actual[i], expected[i], c.Wide ? 1e-14 : 1.5e-6, Names[i]);
    }

    [Test]
    public void Threads_do_not_change_a_bit([Values(0, 0.2)] double dropout)
    {
        using var one = new CpuBackend(1);
        using var two = new CpuBackend(2);
        foreach (var c in new[] { new Case(4, 4, 65, 65, 24), new Case(1, 2, 300, 600, 64) })
        {
            var d = c with { Dropout = dropout, Mask = 1 };
            var x = new Inputs(d);
            Assert.That(Run(two, d, x), Is.EqualTo(Run(one, d, x)));
        }
    }

    [Test]
    public void A_fully_masked_row_is_zero_and_harms_no_other([Values] bool wide)
    {
        var c = new Case(1, 2, 6, 19, 8) { Mask = 2, Wide = wide };
        var x = new Inputs(c);
        // Row 2 of head 1.
        for (var j = 0; j < 19; j++) x.Mask![(6 + 2) * 19 + j] = double.NegativeInfinity;
        using var backend = new CpuBackend(1);
        var actual = Run(backend, c, x);
        foreach (var values in new[] { actual[0], actual[2], actual[3], actual[4] })
            Assert.That(values, Has.All.Matches<double>(double.IsFinite));
        Assert.That(actual[1][8], Is.EqualTo(double.NegativeInfinity));
        for (var d = 0; d < 8; d++) Assert.That(actual[0][2 * 16 + 8 + d] == 0 && actual[2][2 * 16 + 8 + d] == 0);
    }

    [Test]
    public void Masked_softmax([Values] bool wide, [Values(0, 1, 2)] int mask, [Values] bool inPlace)
    {
        using var backend = new CpuBackend(2);
        foreach (var (lq, lk) in new[] { (5, 65), (65, 65), (1, 1), (3, 1000), (9, 16) })
        {
            var c = new Case(2, 3, lq, lk, 1) { Mask = mask, Wide = wide };
            var x = new Inputs(c);
            var values = Random(6 * lq * lk, 9, 4);
            using var t = Make(backend, wide, values, [2, 3, lq, lk]);
            using var y =
                inPlace ? t.Share(t.Shape, default) : Make(backend, wide, new double[values.Length], [2, 3, lq, lk]);
            using var m = x.Mask is null ? null : Make(backend, wide, x.Mask, [x.Mask.Length]);
            backend.Run(new MaskedSoftmaxArgs(t, 0.7, m, x.MaskBatch, x.MaskHead, x.MaskRow, y));
            var expected = new double[values.Length];
            for (var row = 0; row < 6 * lq; row++)
            {
                double Score(int j) => 0.7 * values[row * lk + j] + x.MaskAt(row / lq / 3, row / lq % 3, row % lq, j);
                var max = Enumerable.Range(0, lk).Max(Score);
                var sum = Enumerable.Range(0, lk).Sum(j => Math.Exp(Score(j) - max));
                for (var j = 0; j < lk; j++) expected[row * lk + j] = Math.Exp(Score(j) - max) / sum;
            }
            Near(y.ToDoubles(), expected, wide ? 1e-14 : 1e-6, "softmax");
        }
    }

    private static readonly string[] Names = ["output", "lse", "dq", "dk", "dv"];

    private sealed class Inputs
    {
        public Inputs(Case c)
        {
            Q = Random(c.B * c.H * c.Lq * c.D, 1, 2);
            K = Random(c.B * c.H * c.Lk * c.D, 2, 2);
            V = Random(c.B * c.H * c.Lk * c.D, 3, 1);
            G = Random(c.B * c.H * c.Lq * c.D, 4, 1);
            if (c.Mask == 0) return;
            MaskBatch = c.Mask == 1 ? c.Lk : c.H * c.Lq * c.Lk;
            MaskHead = c.Mask == 1 ? 0 : c.Lq * c.Lk;
            MaskRow = c.Mask == 1 ? 0 : c.Lk;
            Mask = new double[c.B * MaskBatch];
            var random = new Random(5);
            for (var i = 0; i < Mask.Length; i++) Mask[i] = i % c.Lk > 0 && random.Next(3) == 0 ? -10000 : 0;
        }

        public double[] Q { get; }
        public double[] K { get; }
        public double[] V { get; }
        public double[] G { get; }
        public double[]? Mask { get; }
        public int MaskBatch { get; }
        public int MaskHead { get; }
        public int MaskRow { get; }

        public double MaskAt(int b, int h, int i, int j) =>
            Mask is null ? 0 : Mask[b * MaskBatch + h * MaskHead + i * MaskRow + j];
    }

    private static double[] Random(int count, int seed, double range)
    {
        var random = new Random(seed);
        var values = new double[count];
        for (var i = 0; i < count; i++) values[i] = (float)((random.NextDouble() * 2 - 1) * range);
        return values;
    }

    private static Tensor Make(CpuBackend backend, bool wide, double[] values, Shape shape) => wide
        ? Tensor.From(values, shape, backend)
        : Tensor.From(Array.ConvertAll(values, v => (float)v), shape, backend);

    private static HeadLayout Layout(Case c, int length) =>
        c.HeadsFirst ? HeadLayout.HeadsFirst(c.H, length, c.D) : HeadLayout.HeadsInRow(c.H, length, c.D);

    private static readonly RandomKey Key = new(0xfeedface12345678, 3, 9);

    private static double[][] Run(CpuBackend backend, Case c, Inputs x)
    {
        Tensor New(double[] values) => Make(backend, c.Wide, values, [values.Length]);
        Tensor Empty(int count) => New(Enumerable.Repeat(double.NaN, count).ToArray());
        using var mask = x.Mask is null ? null : New(x.Mask);
        var args = new AttentionOperands
        {
            Q = New(x.Q),
            K = New(x.K),
            V = New(x.V),
            Mask = mask,
            B = c.B,
            H = c.H,
            Lq = c.Lq,
            Lk = c.Lk,
            D = c.D,
            QLayout = Layout(c, c.Lq),
            KLayout = Layout(c, c.Lk),
            MaskBatch = x.MaskBatch,
            MaskHead = x.MaskHead,
            MaskRow = x.MaskRow,
            Scale = 0.4,
            DropoutP = c.Dropout,
            Key = Key,
        };
        Tensor[] results =
        [
            Empty(x.Q.Length), Empty(c.B * c.H * c.Lq), Empty(x.Q.Length), Empty(x.K.Length), Empty(x.K.Length)
        ];
        backend.Run(new AttentionArgs(args, results[0], results[1]));
        using var g = New(x.G);
        backend.Run(new AttentionBackwardArgs(args, results[0], results[1], g, results[2], results[3], results[4]));
        var values = Array.ConvertAll(results, t => t.ToDoubles());
        foreach (var t in results) t.Dispose();
        args.Q.Dispose();
        args.K.Dispose();
        args.V.Dispose();
        return values;
    }

    private static double[][] Naive(Case c, Inputs x)
    {
        double[] o = new double[x.Q.Length], lse = new double[c.B * c.H * c.Lq], dq = new double[x.Q.Length],
            dk = new double[x.K.Length], dv = new double[x.K.Length];
        HeadLayout ql = Layout(c, c.Lq), kl = Layout(c, c.Lk);
        double[] p = new double[c.Lk], keep = new double[c.Lk], dp = new double[c.Lk];
        for (var b = 0; b < c.B; b++)
            for (var h = 0; h < c.H; h++)
                for (var i = 0; i < c.Lq; i++)
                {
                    int q = (int)(b * ql.Batch + h * ql.Head + i * ql.Row), head = b * c.H + h,
                        k0 = (int)(b * kl.Batch + h * kl.Head);
                    for (var j = 0; j < c.Lk; j++)
                    {
                        p[j] = x.MaskAt(b, h, i, j);
                        for (var d = 0; d < c.D; d++) p[j] += 0.4 * x.Q[q + d] * x.K[k0 + j * kl.Row + d];
                        var u = Philox.ToUniform(Philox.Word(Key, ((long)head * c.Lq + i) * c.Lk + j));
                        keep[j] = c.Dropout < 1 && u >= c.Dropout ? 1 / (1 - c.Dropout) : 0;
                    }
                    var max = p.Max();
                    var sum = p.Sum(v => Math.Exp(v - max));
                    lse[head * c.Lq + i] = max + Math.Log(sum);
                    var mean = 0.0;
                    for (var j = 0; j < c.Lk; j++)
                    {
                        p[j] = Math.Exp(p[j] - max) / sum;
                        dp[j] = 0;
                        for (var d = 0; d < c.D; d++)
                        {
                            o[q + d] += keep[j] * p[j] * x.V[k0 + j * kl.Row + d];
                            dv[k0 + j * kl.Row + d] += keep[j] * p[j] * x.G[q + d];
                            dp[j] += keep[j] * x.G[q + d] * x.V[k0 + j * kl.Row + d];
                        }
                        mean += p[j] * dp[j];
                    }
                    for (var j = 0; j < c.Lk; j++)
                        for (var d = 0; d < c.D; d++)
                        {
                            dq[q + d] += 0.4 * p[j] * (dp[j] - mean) * x.K[k0 + j * kl.Row + d];
                            dk[k0 + j * kl.Row + d] += 0.4 * p[j] * (dp[j] - mean) * x.Q[q + d];
                        }
                }
        return [o, lse, dq, dk, dv];
    }

    // Near 0 (one key, everything dropped) the gradients cancel to nothing.
    private static void Near(double[] x, double[] y, double tolerance, string name) =>
        Closeness.AreClose(name, x, y, tolerance, floor: 0.1);
}
