using AmcEngine.Amc.Objective;
using AmcEngine.Autograd;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Serialization;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using AmcEngine.Tests.Engine.Autograd;
using NUnit.Framework;

namespace AmcEngine.Tests.Amc.Objective;

[TestFixture]
public sealed class SelfEqLossTests
{
    // Other shapes of the recording are replayed too, whose sums are longer.
    private const double Allowed = 1e-14;

    [Test, Category("Golden")]
    public void Values_and_gradients_are_the_recorded_ones([Values("selfeq_a", "selfeq_b")] string name)
    {
        using var golden = SafetensorsReader.Open(GoldenFiles.Require("explanation-methods.safetensors"));
        double[] Read(string part) => golden[$"{name}/{part}"].ToF64();
        var shape = golden[$"{name}/map"].Shape;
        var (value, gradients) = Compute(Read("map"), Read("map_paraphrase"), (int)shape[0]);
        Closeness.AreClose("similarity", value[..1], Read("sim"), Allowed);
        Closeness.AreClose("consistency", value[1..2], Read("cst"), Allowed);
        Closeness.AreClose("loss", value[2..], Read("loss"), Allowed);
        Closeness.AreClose("gradient", gradients[0], Read("grad"), Allowed);
        Closeness.AreClose("gradient of the paraphrase", gradients[1], Read("grad_paraphrase"), Allowed);
    }

    [Test]
    public void Gradients_of_both_orders_match_differences(
        [Values(1, 3)] int count, [Values(0.8, 0.0)] double threshold)
    {
        using var scope = MemoryScope.Begin();
        var random = new Random(11);
        // Away from the threshold, where the common region changes; the maps also differ by more than 1.
        double[] Draw() => [.. Enumerable.Range(0, count * 9).Select(
            i => i % 3 == 0 ? 0.05 * random.NextDouble() : 0.5 + random.NextDouble())];
        Tensor Of(double[] values) => Tensor.From(values, [count, 9], TestBackends.Cpu);
        var options = new SelfEqOptions(threshold, MeanTarget: 1.2);
        foreach (var result in GradientCheck.Run(
            x => SelfEqLoss.Compute(x[0], x[1], options).Loss, [Of(Draw()), Of(Draw())], 2))
            Closeness.Within($"order {result.Order}", result.Error, 1e-10);
    }

    [Test]
    public void An_empty_common_region_leaves_both_hinges_without_a_gradient()
    {
        double[] phrase = [0.1, 0.2, 0.3, 0], paraphrase = [0.3, 0.2, 0, 0.1];
        var (value, gradients) = Compute(phrase, paraphrase, 2);
        double[] difference = [.. paraphrase.Zip(phrase, (e, g) => e - g)];
        Closeness.Near("similarity", value[0], difference.Sum(d => d * d / 2) / 4, 1e-16);
        Closeness.Near("consistency", value[1], 0.8, 1e-16);
        Closeness.AreClose("gradient", gradients[0], [.. difference.Select(d => -d / 4)], 1e-15);
        Closeness.AreClose("gradient of the paraphrase", gradients[1], [.. difference.Select(d => d / 4)], 1e-15);
    }

    [Test]
    public void Flat_maps_have_no_deviation_and_a_finite_gradient([Values(0.5, 0.3)] double level)
    {
        var (value, gradients) = Compute([level, level], [level, level], 1);
        Closeness.Near("consistency", value[1], level == 0.5 ? 0 : 0.8, 1e-15);
        Assert.That(gradients[0].Concat(gradients[1]), Is.All.Zero);
    }

    [Test]
    public void One_patch_is_not_divided_by_nothing()
    {
        var (value, gradients) = Compute([1.0], [1.0], 1);
        Assert.That(value, Is.All.Zero);
        Assert.That(gradients[0], Is.All.Zero);
    }

    [Test]
    public void Maps_that_do_not_fit_are_refused()
    {
        using Tensor a = Tensor.From(new double[4], [2, 2], TestBackends.Cpu),
            b = Tensor.From(new double[4], [1, 4], TestBackends.Cpu);
        Assert.That(() => SelfEqLoss.Compute(a, b), Throws.TypeOf<ModelException>().With.Message.Contains("[2, 2]"));
    }

    private static (double[] Value, double[][] Gradients) Compute(double[] phrase, double[] paraphrase, int count)
    {
        using var scope = MemoryScope.Begin();
        Tensor[] maps = [Of(phrase).SetRequiresGrad(), Of(paraphrase).SetRequiresGrad()];
        var value = SelfEqLoss.Compute(maps[0], maps[1]);
        var gradients = AutogradEngine.Grad([value.Loss], maps);
        return (
            [.. new[] { value.Similarity, value.Consistency, value.Loss }.Select(t => t.ToDoubles()[0])],
            [.. gradients.Select(g => g!.ToDoubles())]);

        Tensor Of(double[] values) => Tensor.From(values, [count, values.Length / count], TestBackends.Cpu);
    }
}
