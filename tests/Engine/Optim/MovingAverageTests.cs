using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Ops;
using AmcEngine.Optim;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Backends.Cpu;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Optim;

/// <summary>Averages that move in the optimizer's pass have the bits of averages that move after it.</summary>
public sealed class MovingAverageTests(string path) : OnEverySimdPath(path)
{
    private const double Momentum = 0.995;

    // Several tiles, with a rest that no vector fills.
    [Test]
    public void The_kernel_does_both_at_once(
        [Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 17, 100_003)] int count)
    {
        double[][] apart = Run(together: false), together = Run(together: true);
        for (var i = 0; i < apart.Length; i++) KernelHost.SameBits(together[i], apart[i], $"{"pmvy"[i]}");

        double[][] Run(bool together) => KernelHost.Both(b =>
        {
            Tensor p = Draw(b, 1), m = Draw(b, 2), v = Tensor.Zeros([count], dtype, b), y = Draw(b, 3);
            for (var step = 1; step <= 2; step++)
            {
                b.Run(new AdamWArgs([new AdamWTensors(p, Draw(b, 10 * step), m, v, together ? y : null)],
                    new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, step, 1 - Momentum)));
                if (!together) b.Run(new LerpArgs([new TensorPair(p, y)], 1 - Momentum));
            }
            return new[] { p, m, v, y };
        });
        Tensor Draw(CpuBackend b, int seed) => KernelHost.Make(b, dtype, [count], KernelHost.Random(count, seed));
    }

    [Test]
    public void The_optimizer_moves_every_average([Values(DType.F32, DType.F64)] DType dtype)
    {
        double[][] apart = Run(together: false), together = Run(together: true);
        for (var i = 0; i < apart.Length; i++) KernelHost.SameBits(together[i], apart[i], $"tensor {i}");

        // With and without decay, average and gradient; one that the optimizer does not know; one whose gradient comes
        // and goes.
        double[][] Run(bool together) => KernelHost.Both(b =>
        {
            Tensor[] p = [.. Enumerable.Range(0, 6).Select(i => Draw(b, i))], averaged = [p[0], p[1], p[3], p[4], p[5]],
                copies = [.. averaged.Select((_, i) => Draw(b, 20 + i))];
            var average = new ExponentialMovingAverage(averaged, copies, Momentum);
            using var optimizer = new AdamW(
                [new ParameterGroup([p[0], p[1]], 0), new ParameterGroup([p[2], p[3], p[5]], 0.02)],
                average: together ? average : null);
            for (var step = 0; step < 3; step++)
            {
                average.Apply();
                Assert.That(average.IsPending, Is.False);
                foreach (var i in (int[])[0, 2, 3]) p[i].Grad = Draw(b, 30 + 10 * step + i);
                p[5].Grad = step == 1 ? null : Draw(b, 70 + step);
                optimizer.Step(1e-2, deferAverage: step == 2);
                Assert.That(average.IsPending, Is.EqualTo(!together || step == 2));
            }
            // The optimizer takes its moments with it.
            return [.. p, .. copies, .. optimizer.State.SelectMany(s => new[] { s.ExpAvg, s.ExpAvgSq }).Select(
                t => KernelHost.Make(b, dtype, [33], t.ToDoubles()))];
        });
        Tensor Draw(CpuBackend b, int seed) => KernelHost.Make(b, dtype, [3, 11], KernelHost.Random(33, seed));
    }

    [Test]
    public void Averages_that_wait_follow_before_the_weights_move_again()
    {
        Tensor p = Tensor.Ones([1], DType.F64, TestBackends.Cpu), y = Tensor.Zeros([1], DType.F64, TestBackends.Cpu);
        var average = new ExponentialMovingAverage([p], [y], 0.5);
        using var optimizer = new AdamW([new ParameterGroup([p], 0.1)], average: average);
        p.Grad = Tensor.Zeros([1], DType.F64, TestBackends.Cpu);
        optimizer.Step(1, deferAverage: true);
        // Followed 1 first; the weight is 0.9 now, which they have yet to follow.
        Assert.That((y.Item(), average.IsPending), Is.EqualTo((0.5, true)));
        optimizer.Step(1);
        // Followed 0.9, then 0.81 with the weights.
        Closeness.Near("average", y.Item(), ((0.5 + 0.9) / 2 + 0.81) / 2, 1e-15);
        Assert.That(average.IsPending, Is.False);
        Assert.That(() => new ExponentialMovingAverage([p, p], [y, y], Momentum), Throws.TypeOf<ShapeException>());
    }

    [Test]
    public void Averages_follow_once_for_each_change_of_their_sources()
    {
        Tensor p = Tensor.Ones([1], DType.F64, TestBackends.Cpu).Scale(8),
            y = Tensor.Zeros([1], DType.F64, TestBackends.Cpu);
        var average = new ExponentialMovingAverage([p], [y], 0.5);
        Assert.That(average.IsPending, Is.True, "they have never followed");
        average.Apply();
        average.Apply();
        Assert.That((average.IsPending, y.Item()), Is.EqualTo((false, 4.0)));
        p.Load<double>([12]);
        Assert.That(average.IsPending, Is.True);
        average.SetApplied();
        average.Apply();
        Assert.That(y.Item(), Is.EqualTo(4), "they were said to have followed");
        p.Load<double>([12]);
        average.Apply();
        Assert.That(y.Item(), Is.EqualTo(8));
        average.CopySources();
        Assert.That((average.IsPending, y.Item()), Is.EqualTo((true, 12.0)));
    }
}
