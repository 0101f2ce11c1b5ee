using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

/// <summary>
/// Fused ops beyond the second order, rows without a key, and what their second order costs in memory.
/// </summary>
[TestFixture]
internal sealed class HigherOrderTests
{
    private static IEnumerable<TestCaseData> Cases() =>
        OpSamples.All(e => e.Name is "scaled_dot_product_attention" or "layer_norm")
            .Select(c => new TestCaseData(c.Op, c.Case).SetName(
                $"Orders_3_and_4 {c.Op} {c.Case}: {OpCatalog.Entries[c.Op].Cases[c.Case]}"));

    [TestCaseSource(nameof(Cases))]
    public void Third_and_fourth_derivatives_agree_with_the_decomposition(string op, int index)
    {
        using var scope = MemoryScope.Begin();
        var entry = OpCatalog.Entries[op];
        var fused = Derivatives(entry.Run, entry.Cases[index]);
        var decomposed = Derivatives(entry.Decomposition!, entry.Cases[index]);
        for (var i = 0; i < fused.Count; i++)
            Closeness.AreClose(fused[i].Name, fused[i].Value, decomposed[i].Value.ToDoubles(), 4e-15);
    }

    [Test]
    public void A_tensor_in_several_places_gets_the_gradients_of_all()
    {
        using var scope = MemoryScope.Begin();
        var tokens = new OpCase([2, 4, 6], [], new() { ["scale"] = 0.4, ["heads"] = 2 });
        Agree(tokens, t => Attention.ScaledDotProduct(t, t, t, null, 0.4, 2),
            t => Attention.WithMap(t, t, t, null, 0.4, 2).Output);
        var mask = OpSamples.Draw(new OpCase([2, 3]), DType.F64, TestBackends.Cpu)[0];
        Agree(OpCase.Of([], OpInput.Away([2, 2, 3, 5])), t => Explanation.GradCam(t, t, mask),
            t => OpCatalog.Entries["gradcam"].Decomposition!([t, t, mask], []));
        Agree(OpCase.Of([], OpInput.Uniform([4])), t => t.Reshape(1, 4).LayerNorm(t, t, 1e-3),
            t => OpCatalog.Entries["layer_norm"].Decomposition!([t.Reshape(1, 4), t, t], new() { ["eps"] = 1e-3 }));

        static void Agree(OpCase sample, Func<Tensor, Tensor> fused, Func<Tensor, Tensor> decomposed)
        {
            var (a, b) =
                (Derivatives((t, _) => fused(t[0]), sample, 1), Derivatives((t, _) => decomposed(t[0]), sample, 1));
            for (var i = 0; i < a.Count; i++) Closeness.AreClose(a[i].Name, a[i].Value, b[i].Value.ToDoubles(), 1e-14);
        }
    }

    [Test]
    public void A_row_without_a_key_has_no_gradient_of_any_order([Values(DType.F32, DType.F64)] DType dtype)
    {
        using var scope = MemoryScope.Begin();
        var mask = new double[2 * 5 * 6];
        for (var i = 0; i < mask.Length; i++)
            mask[i] = i / 6 is 3 or 5 || i % 6 == 4 ? double.NegativeInfinity : 0.1 * (i % 7);
        var sample = new OpCase([2, 5, 8], [OpInput.Uniform([2, 6, 8]), OpInput.Uniform([2, 6, 8])]);
        List<(string Name, Tensor Value)> All(Func<Tensor, Tensor, Tensor, Tensor?, Tensor> attention) =>
            OpEvaluation.All(
                (t, _) => attention(t[0], t[1], t[2], Tensor.From(mask, [2, 1, 5, 6], t[0].Backend).To(dtype)), sample,
                dtype, TestBackends.Cpu);
        var fused = All((q, k, v, m) => Attention.ScaledDotProduct(q, k, v, m, 0.5, 2));
        var decomposed = All((q, k, v, m) => Attention.WithMap(q, k, v, m, 0.5, 2).Output);
        for (var i = 0; i < fused.Count; i++) Closeness.AreClose(
            fused[i].Name, fused[i].Value, decomposed[i].Value.ToDoubles(), dtype == DType.F32 ? 2e-6 : 4e-15);
    }

    [Test]
    public void Second_order_of_attention_takes_memory_linear_in_the_tokens()
    {
        using var backend = new CpuBackend(2);
        int[] tokens = [144, 288, 577];
        var peaks = Array.ConvertAll(tokens, n => SecondOrderPeak(backend, n));
        for (var i = 0; i < tokens.Length; i++)
            TestContext.Out.WriteLine($"{tokens[i]} tokens: {peaks[i]} bytes, {peaks[i] / tokens[i]} a token");
        // Rows are 2·32 floats; blocks of the pool are up to a quarter larger than asked for.
        var first = peaks[0] / (double)tokens[0];
        for (var i = 1; i < tokens.Length; i++)
            Assert.That(peaks[i] / (double)tokens[i], Is.LessThanOrEqualTo(1.25 * first));
    }

    private static long SecondOrderPeak(CpuBackend backend, int tokens)
    {
        using var scope = MemoryScope.Begin();
        var random = new Random(1);
        Tensor Numbers() => Tensor.From(Enumerable.Range(0, tokens * 64).Select(_ => (float)random.NextDouble())
            .ToArray(), [1, tokens, 64], backend);
        Tensor[] x = [Numbers().SetRequiresGrad(), Numbers().SetRequiresGrad(), Numbers().SetRequiresGrad()];
        var g = Numbers().SetRequiresGrad();
        Tensor[] directions = [Numbers(), Numbers(), Numbers()];
        var before = backend.LiveBytes;
        backend.ResetPeak();
        var y = Attention.ScaledDotProduct(
            x[0], x[1], x[2], null, 0.2, 2, new DropoutSpec(0.1, new RandomKey(1, 2, 3)));
        var first = AutogradEngine.Grad([y], x, [g], createGraph: true);
        _ = AutogradEngine.Grad([.. first.Select(t => t!)], [.. x, g], directions);
        return backend.PeakBytes - before;
    }

    // Gradients of the orders up to 4 along fixed random directions, with respect to all inputs that have one.
    private static List<(string Name, Tensor Value)> Derivatives(
        Func<Tensor[], OpAttributes, Tensor> run, OpCase sample, int from = 3)
    {
        var inputs = OpSamples.Draw(sample, DType.F64, TestBackends.Cpu);
        var free = Enumerable.Range(0, inputs.Length).Where(i => sample.Inputs[i].Differentiable)
            .Select(i => inputs[i].SetRequiresGrad()).ToArray();
        var random = new Random(13);
        Tensor Directional(Tensor t) => t.Mul(Tensor.From(Enumerable.Range(0, t.Count)
            .Select(_ => 2 * random.NextDouble() - 1).ToArray(), t.Shape, t.Backend)).Sum();
        var scalar = Directional(run(inputs, sample.Attributes));
        List<(string, Tensor)> results = [];
        for (var order = 1; order <= 4 && scalar.RequiresGrad; order++)
        {
            var grads = AutogradEngine.Grad([scalar], free, createGraph: true);
            // An input on which the value depends linearly has no gradient of higher order.
            var sum = Tensor.Zeros([], DType.F64, TestBackends.Cpu);
            for (var i = 0; i < free.Length; i++)
            {
                var t = grads[i] ?? Tensor.Zeros(free[i].Shape, DType.F64, TestBackends.Cpu);
                if (order >= from) results.Add(($"order {order}, input {i}", t));
                sum = sum.Add(Directional(t));
            }
            scalar = sum;
        }
        return results;
    }
}
