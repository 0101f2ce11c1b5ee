using AmcEngine.Backends;
using AmcEngine.Backends.Kernels;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Cpu;

/// <summary>Cross-entropy, GradCAM, region sums and random numbers against their definitions.</summary>
[TestFixture]
public sealed class LossTests
{
    [Test]
    public void Cross_entropy([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 17, 30_522)] int classes)
    {
        const int rows = 5;
        var labels = new[] { 0, classes - 1, -100, classes / 2, classes / 3 };
        double[] x = KernelHost.Random(rows * classes, 1, -9, 9), g = KernelHost.Random(rows, 2);
        double[] losses = new double[rows], lse = new double[rows], dx = new double[x.Length];
        for (var r = 0; r < rows; r++)
        {
            lse[r] = Math.Log(Enumerable.Range(0, classes).Sum(c => Math.Exp(x[r * classes + c])));
            if (labels[r] == -100) continue;
            losses[r] = lse[r] - x[r * classes + labels[r]];
            for (var c = 0; c < classes; c++)
                dx[r * classes + c] = g[r] * (Math.Exp(x[r * classes + c] - lse[r]) - (c == labels[r] ? 1 : 0));
        }
        var result = KernelHost.Both(b =>
        {
            Tensor tx = KernelHost.Make(b, dtype, [rows, classes], x), tl = KernelHost.Ints(b, [rows], labels);
            Tensor loss = KernelHost.Output(b, dtype, [rows]), sum = KernelHost.Output(b, dtype, [rows]),
                d = KernelHost.Output(b, dtype, [rows, classes]);
            b.Run(new CrossEntropyArgs(tx, tl, -100, loss, sum));
            b.Run(new CrossEntropyBackwardArgs(tx, sum, tl, -100, KernelHost.Make(b, dtype, [rows], g), d));
            return new[] { loss, sum, d };
        });
        KernelHost.Close(result[0], losses, KernelAllowances.Chain.For(dtype));
        KernelHost.Close(result[1], lse, KernelAllowances.Chain.For(dtype));
        KernelHost.Close(result[2], dx, KernelAllowances.Chain.For(dtype));
    }

    [Test]
    public void Grad_cam([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 16, 65)] int positions)
    {
        int batch = 12, heads = 3, tokens = 5, width = positions + 1, count = batch * heads * tokens * width;
        double[] a = KernelHost.Random(count, 1), g = KernelHost.Random(count, 2),
            m = KernelHost.Random(batch * tokens, 3, 0, 1), c = KernelHost.Random(batch * positions, 4);
        g[5] = 0;
        double[] cam = new double[batch * positions], da = new double[count], dg = new double[count];
        for (var i = 0; i < count; i++)
        {
            int j = i % width - 1, token = i / width % tokens, b = i / width / tokens / heads;
            if (j < 0) continue;
            var w = m[b * tokens + token] * m[b * tokens + token] / (heads * tokens);
            cam[b * positions + j] += a[i] * Math.Max(g[i], 0) * w;
            da[i] = c[b * positions + j] * w * Math.Max(g[i], 0);
            dg[i] = g[i] >= 0 ? c[b * positions + j] * w * a[i] : 0;
        }
        var result = KernelHost.Both(b =>
        {
            Shape shape = [batch, heads, tokens, width];
            Tensor ta = KernelHost.Make(b, dtype, shape, a), tg = KernelHost.Make(b, dtype, shape, g),
                tm = KernelHost.Make(b, dtype, [batch, tokens], m);
            Tensor map = KernelHost.Output(b, dtype, [batch, positions]), d1 = KernelHost.Output(b, dtype, shape),
                d2 = KernelHost.Output(b, dtype, shape);
            b.Run(new GradCamArgs(ta, tg, tm, map));
            b.Run(new GradCamBackwardArgs(ta, tg, tm, KernelHost.Make(b, dtype, [batch, positions], c), d1, d2));
            return new[] { map, d1, d2 };
        });
        KernelHost.Close(result[0], cam, KernelAllowances.Rounding.For(dtype));
        KernelHost.Close(result[1], da, KernelAllowances.Rounding.For(dtype));
        KernelHost.Close(result[2], dg, KernelAllowances.Rounding.For(dtype));
    }

    [Test]
    public void Region_stats([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 64, 257)] int positions)
    {
        const int batch = 37;
        double[] map = KernelHost.Random(batch * positions, 1),
            mask = Array.ConvertAll(KernelHost.Random(batch * positions, 2, 0, 1), Math.Round),
            g = KernelHost.Random(batch * 4, 3);
        double[] stats = new double[4 * batch], where = new double[2 * batch], dmap = new double[map.Length];
        for (var b = 0; b < batch; b++)
        {
            double[] inside = new double[positions], outside = new double[positions];
            for (var j = 0; j < positions; j++)
            {
                var i = b * positions + j;
                inside[j] = map[i] * mask[i];
                outside[j] = map[i] * (1 - mask[i]);
                dmap[i] = g[4 * b] * mask[i] + g[4 * b + 1] * (1 - mask[i]);
            }
            new[] { inside.Sum(), outside.Sum(), inside.Max(), outside.Max() }.CopyTo(stats, 4 * b);
            int p = Array.IndexOf(inside, inside.Max()), q = Array.IndexOf(outside, outside.Max());
            (where[2 * b], where[2 * b + 1]) = (p, q);
            dmap[b * positions + p] += g[4 * b + 2] * mask[b * positions + p];
            dmap[b * positions + q] += g[4 * b + 3] * (1 - mask[b * positions + q]);
        }
        var result = KernelHost.Both(b =>
        {
            Tensor tm = KernelHost.Make(b, dtype, [batch, positions], mask),
                s = KernelHost.Output(b, dtype, [batch, 4]), w = KernelHost.Output(b, DType.I32, [batch, 2]),
                d = KernelHost.Output(b, dtype, [batch, positions]);
            b.Run(new RegionStatsArgs(KernelHost.Make(b, dtype, [batch, positions], map), tm, s, w));
            b.Run(new RegionStatsBackwardArgs(tm, w, KernelHost.Make(b, dtype, [batch, 4], g), d));
            return new[] { s, w, d };
        });
        KernelHost.Close(result[0], stats, KernelAllowances.RegionSum.For(dtype));
        Assert.That(result[1], Is.EqualTo(where));
        KernelHost.Close(result[2], dmap, KernelAllowances.Rounding.For(dtype));
    }

    [Test]
    public void Dropout_keeps_where_the_number_reaches_p([Values(DType.F32, DType.F64)] DType dtype,
        [Values(1, 1027, 50_001)] int count, [Values(0.0, 0.1, 0.7, 1.0)] double p)
    {
        var key = new RandomKey(123456789012345, 3, 4);
        var x = KernelHost.Random(count, 1);
        var expected = x.Select((v, i) => Philox.ToUniform(Philox.Word(key, i)) >= p ? v / (1 - p) : 0).ToArray();
        KernelHost.Close(KernelHost.Both(b =>
        {
            var y = KernelHost.Output(b, dtype, [count]);
            b.Run(new DropoutArgs(KernelHost.Make(b, dtype, [count], x), p, key, y));
            return y;
        }), expected, KernelAllowances.Rounding.For(dtype));
    }

    [Test]
    public void Uniform_and_normal([Values(DType.F32, DType.F64)] DType dtype, [Values(1, 1025, 50_001)] int count)
    {
        var key = new RandomKey(99, 1, 2);
        double U(int i) => Philox.ToUniform(Philox.Word(key, i));
        var result = KernelHost.Both(b =>
        {
            Tensor u = KernelHost.Output(b, dtype, [count]), n = KernelHost.Output(b, dtype, [count]);
            b.Run(new UniformArgs(u, -1, 3, key));
            b.Run(new NormalArgs(n, 0.5, 2, key));
            return new[] { u, n };
        });
        KernelHost.Close(result[0], Enumerable.Range(0, count).Select(i => -1 + 4 * U(i)).ToArray(),
            KernelAllowances.Rounding.For(dtype));
        KernelHost.Close(result[1], Enumerable.Range(0, count).Select(i =>
        {
            double r = Math.Sqrt(-2 * Math.Log(1 - U(i & ~1))), angle = 2 * Math.PI * U(i | 1);
            return 0.5 + 2 * r * (i % 2 == 0 ? Math.Cos(angle) : Math.Sin(angle));
        }).ToArray(), KernelAllowances.Rounding.For(dtype));
        Assert.That(result[0], Is.All.InRange(-1.0, 3.0 - 1e-7));
    }
}
