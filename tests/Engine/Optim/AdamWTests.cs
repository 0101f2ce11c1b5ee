using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Optim;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Optim;

/// <summary>
/// The optimizer against the textbook's loops, with gradients, sizes of gradients and rates that change from step to
/// step.
/// </summary>
public sealed class AdamWTests(string path) : OnEverySimdPath(path)
{
    private const int Steps = 7;
    private static readonly double[] Decays = [0, 0, 0.3, 0.3, 0.1];
    private static readonly int[] Counts = [5, 40, 1, 67, 16];

    /// <summary>The defaults are those of the recipe; the second case that they are settings.</summary>
    [TestCase(DType.F32, 0.9, 0.999, 1e-8)]
    [TestCase(DType.F64, 0.9, 0.999, 1e-8)]
    [TestCase(DType.F64, 0.8, 0.95, 1e-3)]
    public void Steps_are_those_of_the_textbook(DType dtype, double beta1, double beta2, double eps)
    {
        using var backend = new CpuBackend(2);
        Check(backend, dtype, beta1, beta2, eps,
            groups => beta1 == 0.9 ? new AdamW(groups) : new AdamW(groups, beta1, beta2, eps));
    }

    private static void Check(IBackend backend, DType dtype, double beta1, double beta2, double eps,
        Func<IReadOnlyList<ParameterGroup>, AdamW> create)
    {
        using var scope = MemoryScope.Begin();
        var random = new Random(5);
        double[][] p = [.. Counts.Select(n => Draw(random, n, 1))];
        Tensor[] parameters = [.. p.Select(values => Make(backend, dtype, values))];
        double[][] m = [.. Counts.Select(n => new double[n])], v = [.. Counts.Select(n => new double[n])];
        using var optimizer = create([Group(0, 2), Group(2, 4), Group(4, 5)]);
        for (var t = 1; t <= Steps; t++)
        {
            var rate = 0.05 / t;
            for (var i = 0; i < p.Length; i++)
            {
                // From one step to the next a hundred times larger or smaller, and down to where eps counts.
                var g = Draw(random, Counts[i], t % 3 == 0 ? 100 : t % 3 == 1 ? 1 : 0.01);
                for (var k = 0; k < g.Length; k += 4) g[k] *= 1e-8;
                if (dtype == DType.F32) g = Array.ConvertAll(g, x => (double)(float)x);
                parameters[i].Grad = Make(backend, dtype, g);
                Textbook(p[i], g, m[i], v[i], t, rate, Decays[i], beta1, beta2, eps);
            }
            optimizer.Step(rate);
            optimizer.ZeroGrad();
        }
        Assert.That(parameters.Select(x => x.Grad), Is.All.Null);
        var allowed = dtype == DType.F32 ? 1e-6 : 1e-15;
        for (var i = 0; i < p.Length; i++) Closeness.AreClose($"parameter {i}", parameters[i], p[i], allowed);

        ParameterGroup Group(int from, int to) => new(parameters[from..to], Decays[from]);
    }

    // Loshchilov and Hutter 2019, algorithm 2, with the schedule multiplier in the rate.
    private static void Textbook(double[] p, double[] g, double[] m, double[] v, int t, double rate, double decay,
        double beta1, double beta2, double eps)
    {
        for (var i = 0; i < p.Length; i++)
        {
            m[i] = beta1 * m[i] + (1 - beta1) * g[i];
            v[i] = beta2 * v[i] + (1 - beta2) * g[i] * g[i];
            var mHat = m[i] / (1 - Math.Pow(beta1, t));
            var vHat = v[i] / (1 - Math.Pow(beta2, t));
            p[i] = p[i] - rate * decay * p[i] - rate * mHat / (Math.Sqrt(vHat) + eps);
        }
    }

    private static double[] Draw(Random random, int count, double scale) =>
        [.. Enumerable.Range(0, count).Select(_ => (double)(float)(scale * (2 * random.NextDouble() - 1)))];

    private static Tensor Make(IBackend backend, DType dtype, double[] values) => dtype == DType.F64
        ? Tensor.From(values, [values.Length], backend)
        : Tensor.From(Array.ConvertAll(values, x => (float)x), [values.Length], backend);
}
