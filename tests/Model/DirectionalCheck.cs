using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Memory;
using AmcEngine.Model;
using AmcEngine.Model.Modules;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine;
using NUnit.Framework;

namespace AmcEngine.Tests.Model;

/// <summary>
/// Holds the gradient of a loss with respect to all weights of a model against a difference along a random direction.
/// </summary>
internal static class DirectionalCheck
{
    /// <summary>Fails where gradient and central difference differ, or the slope says nothing.</summary>
    /// <param name="model">A model in f64; its weights are moved.</param>
    /// <param name="loss">The loss, recorded anew by each call and always of the same random numbers.</param>
    /// <param name="seed">Seed of the direction.</param>
    /// <param name="step">Length of the step to either side.</param>
    /// <param name="allowed">Largest difference, relative to max(1, |slope|).</param>
    /// <param name="stays">Weights that the direction leaves where they are; null moves all.</param>
    public static void Agrees(
        IVisionLanguageModel model, Func<Tensor> loss, ulong seed, double step, double allowed,
        Func<Parameter, bool>? stays = null)
    {
        var parameters = model.Trainable.ToList();
        var random = new RandomSource(seed);
        double[][] directions =
            [.. parameters.Select(
                p => random.Uniforms(p.Shape.Count).Select(u => stays?.Invoke(p) == true ? 0 : 2 * u - 1).ToArray())];
        double[][] origin = [.. parameters.Select(p => p.Value.ToDoubles())];
        double slope = 0;
        using (MemoryScope.Begin())
        {
            var gradients = AutogradEngine.Grad([loss()], [.. parameters.Select(p => p.Value)]);
            for (var i = 0; i < parameters.Count; i++)
                if (gradients[i] is { } g) slope += g.ToDoubles().Zip(directions[i]).Sum(p => p.First * p.Second);
        }
        var difference = (At(step) - At(-step)) / (2 * step);
        TestContext.Out.WriteLine($"gradient {slope:g12}, difference {difference:g12}");
        Closeness.Near("slope", slope, difference, allowed * Math.Max(1, Math.Abs(difference)));
        Assert.That(Math.Abs(slope), Is.GreaterThan(1e-3));

        double At(double distance)
        {
            for (var i = 0; i < parameters.Count; i++)
                parameters[i].Value.Load<double>(
                    [.. origin[i].Zip(directions[i]).Select(p => p.First + distance * p.Second)]);
            using var scope = MemoryScope.Begin();
            return loss().Item();
        }
    }
}
