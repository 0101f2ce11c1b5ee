using AmcEngine.Backends.Kernels;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;
using static AmcEngine.Tests.Engine.Backends.Gpu.TwoBackends;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>The optimizer's step on the device, for more tensors than one launch serves.</summary>
[TestFixture]
internal sealed class OptimizerTests
{
    [TestCase(DType.F32, 0)]
    [TestCase(DType.F32, 1)]
    [TestCase(DType.F64, 0)]
    public void StepsAgree(DType dtype, int offset)
    {
        int[] counts = [1, 263, 4, 0, 7, 2, 3, 5, 1000, 6];
        foreach (var part in (int[])[0, 1, 2])
            Compare($"adamw {"pmv"[part]}", b =>
            {
                Tensor[] p = Make(1), m = [.. counts.Select(c => Tensor.Zeros([c], dtype, b))],
                    v = [.. counts.Select(c => Tensor.Zeros([c], dtype, b))];
                for (var step = 1; step <= 3; step++)
                {
                    var g = Make(100 * step);
                    b.Run(new AdamWArgs([.. p.Select((_, i) => new AdamWTensors(p[i], g[i], m[i], v[i]))],
                        new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, step)));
                }
                return Movement.Concat(part == 0 ? p : part == 1 ? m : v, 0);
                Tensor[] Make(int seed) => [.. counts.Select((c, i) => Some(b, dtype, [c], seed + i, offset))];
            }, DeviceAllowances.Chain.For(dtype));
    }

    [Test]
    public void ElementTypesMayBeMixed()
    {
        var launches = TestBackends.OpenCl.Launches;
        Compare("mixed", b =>
        {
            DType[] types = [DType.F32, DType.F64, DType.F64, DType.F32];
            var p = Array.ConvertAll(types, t => Some(b, t, [5]));
            b.Run(new AdamWArgs(Array.ConvertAll(p, t => new AdamWTensors(t, t.Share(t.Shape, default), Some(b, t.DType,
                [5], 2), Tensor.Ones([5], t.DType, b))), new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, 1)));
            return Movement.Concat(Array.ConvertAll(p, t => t.To(DType.F64)), 0);
        }, DeviceAllowances.Chain.F32);
        Assert.That(TestBackends.OpenCl.Launches - launches, Is.LessThan(40));
    }

    [TestCase(DType.F32, 0)]
    [TestCase(DType.F32, 1)]
    [TestCase(DType.F64, 0)]
    public void A_moving_average_in_the_same_pass_has_the_bits_of_one_after_it(DType dtype, int offset)
    {
        int[] counts = [1, 263, 4, 0, 7, 2, 3, 5, 1000, 6];
        var b = TestBackends.OpenCl;
        double[] apart = Run(together: false), together = Run(together: true);
        Assert.That(together.AsSpan().SequenceEqual(apart), Is.True);

        double[] Run(bool together)
        {
            Tensor[] p = Make(1), y = Make(50), m = Make(70), v = [.. counts.Select(c => Tensor.Zeros([c], dtype, b))];
            for (var step = 1; step <= 2; step++)
            {
                var g = Make(100 * step);
                // Every third has none.
                b.Run(new AdamWArgs([.. p.Select((_, i) => new AdamWTensors(p[i], g[i], m[i], v[i],
                    together && i % 3 > 0 ? y[i] : null))], new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, step, 0.005)));
                if (!together) b.Run(new LerpArgs(
                    [.. p.Select((_, i) => new TensorPair(p[i], y[i])).Where((_, i) => i % 3 > 0)], 0.005));
            }
            return Movement.Concat([.. p, .. y, .. m, .. v], 0).ToDoubles();
        }
        Tensor[] Make(int seed) => [.. counts.Select((c, i) => Some(b, dtype, [c], seed + i, offset))];
    }

    [Test]
    public void KernelsCompileToPtx()
    {
        var texts = PtxTexts.Of(b =>
        {
            using var x = Tensor.Empty([8], DType.F32, b);
            using var w = x.Share([4], default, 1);
            b.Run(new AdamWArgs([new AdamWTensors(x, x, x, x)], new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, 1)));
            b.Run(new AdamWArgs([new AdamWTensors(w, w, w, w)], new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, 1)));
            b.Run(new AdamWArgs([new AdamWTensors(x, x, x, x, x), new AdamWTensors(x, x, x, x)],
                new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, 1, 0.005)));
            b.Run(new AdamWArgs(
                [new AdamWTensors(w, w, w, w, w)], new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, 1, 0.005)));
        });
        Assert.That(texts, Has.Count.EqualTo(4));
        PtxTexts.Check(texts, "AdamWQuadsKernel");
    }
}
