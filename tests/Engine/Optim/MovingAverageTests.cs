using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Kernels;
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
    public void The_kernel_does_both_at_once([Values(DType.F32, DType.F64)] DType dtype, [Values(0, 1, 17, 100_003)] int count)
    {
        double[][] apart = Run(together: false), together = Run(together: true);
        for (var i = 0; i < apart.Length; i++) KernelHost.SameBits(together[i], apart[i], $"{"pmvy"[i]}");

        double[][] Run(bool together) => KernelHost.Both(b =>
        {
            Tensor p = Draw(b, 1), m = Draw(b, 2), v = Tensor.Zeros([count], dtype, b), y = Draw(b, 3);
            for (var step = 1; step <= 2; step++)
            {
                b.Run(new AdamWArgs([new AdamWTensors(p, Draw(b, 10 * step), m, v, together ? y : null)], new AdamWStep(1e-2, 0.9, 0.999, 1e-8, 0.02, step, 1 - Momentum)));
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

        // With and without decay, average and gradient; one that the optimizer does not know; one whose gradient comes and goes.
        double[][] Run(bool together) => KernelHost.Both(b =>
        {
            Tensor[] p = [.. Enumerable.Range(0, 6).Select(i => Draw(b, i))], averaged = [p[0], p[1], p[3], p[4], p[5]], copies = [.. averaged.Select((_, i) => Draw(b, 20 + i))];
            using var optimizer = new AdamW([new ParameterGroup([p[0], p[1]], 0), new ParameterGroup([p[2], p[3], p[5]], 0.02)]);
            var average = new ExponentialMovingAverage(averaged, copies, Momentum);
            for (var step = 0; step < 3; step++)
            {
                average.Update();
                Assert.That(average.IsAhead, Is.False);
                foreach (var i in (int[])[0, 2, 3]) p[i].Grad = Draw(b, 30 + 10 * step + i);
                p[5].Grad = step == 1 ? null : Draw(b, 70 + step);
                optimizer.Step(1e-2, together && step < 2 ? average : null);
                Assert.That(average.IsAhead, Is.EqualTo(together && step < 2));
            }
            // The optimizer takes its moments with it.
            return [.. p, .. copies, .. optimizer.State.SelectMany(s => new[] { s.ExpAvg, s.ExpAvgSq }).Select(t => KernelHost.Make(b, dtype, [33], t.ToDoubles()))];
        });
        Tensor Draw(CpuBackend b, int seed) => KernelHost.Make(b, dtype, [3, 11], KernelHost.Random(33, seed));
    }

    [Test]
    public void Averages_are_not_moved_ahead_twice()
    {
        Tensor p = Tensor.Ones([3], DType.F32, TestBackends.Cpu), y = Tensor.Zeros([3], DType.F32, TestBackends.Cpu);
        using var optimizer = new AdamW([new ParameterGroup([p], 0)]);
        var average = new ExponentialMovingAverage([p], [y], Momentum);
        optimizer.Step(1e-2, average);
        Assert.That(() => optimizer.Step(1e-2, average), Throws.InvalidOperationException);
        Assert.That(optimizer.StepCount, Is.EqualTo(1));
        var ahead = y.ToDoubles();
        Assert.That(ahead[0] > 0, Is.True);
        average.Update();
        Assert.That(y.ToDoubles(), Is.EqualTo(ahead));
        average.Update();
        Assert.That(y.ToDoubles()[0] > ahead[0], Is.True);
        Assert.That(() => new ExponentialMovingAverage([p, p], [y, y], Momentum), Throws.TypeOf<ShapeException>());
    }
}
