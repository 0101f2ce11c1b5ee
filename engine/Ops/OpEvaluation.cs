using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Diagnostics;
using AmcEngine.Tensors;

namespace AmcEngine.Ops;

/// <summary>Everything an op computes in one sample case: value, gradients, and the gradients of those.</summary>
internal static class OpEvaluation
{
    /// <summary>
    /// Runs <paramref name="run"/> on the case's inputs and differentiates twice along fixed random directions.
    /// </summary>
    public static List<(string Name, Tensor Value)> All(
        Func<Tensor[], OpAttributes, Tensor> run, OpCase sample, DType dtype, IBackend backend)
    {
        var inputs = OpSamples.Draw(sample, dtype, backend);
        var free = Enumerable.Range(0, inputs.Length).Where(i => sample.Inputs[i].Differentiable)
            .Select(i => inputs[i].SetRequiresGrad()).ToArray();
        var y = run(inputs, sample.Attributes);
        List<(string, Tensor)> results = [("value", y)];
        if (free.Length == 0 || !y.RequiresGrad) return results;
        var random = new Random(11);
        var cotangent = Numbers(y.Shape, random, dtype, backend).SetRequiresGrad();
        var grads = AutogradEngine.Grad([y], free, [cotangent], createGraph: true);
        var total = Tensor.Zeros([], dtype, backend);
        for (var i = 0; i < free.Length; i++)
        {
            results.Add(($"gradient {i}", grads[i]!));
            total = total.Add(grads[i]!.Mul(Numbers(free[i].Shape, random, dtype, backend)).Sum());
        }
        var second = AutogradEngine.Grad([total], [.. free, cotangent]);
        for (var i = 0; i < second.Length; i++)
            if (second[i] is { } s) results.Add(($"second order {i}", s));
        return results;
    }

    /// <summary>
    /// The relative L2 errors of a device against another one (the CPU) in one case: value, gradients, second order.
    /// </summary>
    /// <exception cref="EngineException">The two disagree about which results there are.</exception>
    public static List<(string Name, double Error)> Errors(
        OpEntry entry, OpCase sample, DType dtype, IBackend device, IBackend reference)
    {
        var expected = All(entry.Run, sample, dtype, reference);
        var actual = All(entry.Run, sample, dtype, device);
        if (!actual.Select(r => r.Name).SequenceEqual(expected.Select(r => r.Name)))
            throw new EngineException(
                entry.Name, $"{device.Device.Id} gives {string.Join(", ", actual.Select(r => r.Name))}, "
                    + $"{reference.Device.Id} gives {string.Join(", ", expected.Select(r => r.Name))}");
        return [
            .. actual.Zip(expected, (a, e) => (a.Name, RelativeError.L2(a.Value.ToDoubles(), e.Value.ToDoubles())))];
    }

    private static Tensor Numbers(Shape shape, Random random, DType dtype, IBackend backend) =>
        Tensor.From(Enumerable.Range(0, shape.Count).Select(_ => 2 * random.NextDouble() - 1)
            .ToArray(), shape, backend).To(dtype);
}
