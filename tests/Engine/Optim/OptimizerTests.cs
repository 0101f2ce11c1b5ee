using AmcEngine.Memory;
using AmcEngine.Optim;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Optim;

[TestFixture]
internal sealed class OptimizerTests
{
    [Test]
    public void AdamW_follows_its_formula([Values(DType.F32, DType.F64)] DType dtype)
    {
        using var scope = MemoryScope.Begin();
        double[] p = [0.5, -1.5, 2], g = [0.1, -0.2, 3], m = new double[3], v = new double[3];
        var parameter = Cast(p, dtype);
        using var optimizer = new AdamW([new ParameterGroup([parameter], 0.02)]);
        for (var t = 1; t <= 5; t++)
        {
            parameter.Grad = Cast(g, dtype);
            optimizer.Step(1e-2);
            for (var i = 0; i < 3; i++)
            {
                m[i] = 0.9 * m[i] + 0.1 * g[i];
                v[i] = 0.999 * v[i] + 0.001 * g[i] * g[i];
                p[i] *= 1 - 1e-2 * 0.02;
                p[i] -=
                    1e-2 / (1 - Math.Pow(0.9, t)) * m[i] / (Math.Sqrt(v[i]) / Math.Sqrt(1 - Math.Pow(0.999, t)) + 1e-8);
            }
        }
        Closeness.AreClose("parameters", parameter, p, dtype == DType.F32 ? 1e-6 : 1e-15);
    }

    private static Tensor Cast(double[] values, DType dtype) => dtype == DType.F64
        ? Tensor.From(values, [values.Length], TestBackends.Cpu)
        : Tensor.From(Array.ConvertAll(values, x => (float)x), [values.Length], TestBackends.Cpu);

    [Test]
    public void Reference_schedule_has_the_documented_values()
    {
        var s = new ReferenceSchedule(1e-5, 1e-6, 1e-6, 20, 30);
        Assert.Multiple(() =>
        {
            NearRate("first step", s.LearningRate(0, 0, 0), 1e-6);
            NearRate("step 101", s.LearningRate(0, 101, 101), 1.45e-6);
            NearRate("the warm-up moves after the optimizer step", s.LearningRate(0, 100, 100), 1e-6);
            NearRate("step 2001", s.LearningRate(0, 2001, 2001), 1e-5);
            NearRate("step 5000", s.LearningRate(0, 5000, 5000), 1e-5);
            NearRate("epoch 1", s.LearningRate(1, 0, 9999), Cosine(1));
            NearRate("epoch 15", s.LearningRate(15, 7, 9999), 5.5e-6);
            NearRate("epoch 29", s.LearningRate(29, 7, 9999), Cosine(29));
        });

        static double Cosine(int epoch) => 1e-6 + (1e-5 - 1e-6) * (1 + Math.Cos(Math.PI * epoch / 30)) / 2;
    }

    [Test]
    public void Warm_up_and_cosine_end_at_the_final_fraction()
    {
        var s = new WarmupCosineSchedule(5e-4, 100, 2500, 0.05);
        Assert.Multiple(() =>
        {
            NearRate("first step", s.LearningRate(0, 0, 0), 5e-6);
            NearRate("end of the warm-up", s.LearningRate(0, 0, 99), 5e-4);
            NearRate("half the way", s.LearningRate(0, 0, 1300), 5e-4 * 0.525);
            NearRate("last step", s.LearningRate(0, 0, 2500), 2.5e-5);
        });
    }

    // To the last places.
    private static void NearRate(string what, double actual, double expected) =>
        Closeness.Near(what, actual, expected, 1e-15 * expected);
}
