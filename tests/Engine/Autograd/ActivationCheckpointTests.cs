using AmcEngine.Autograd;
using AmcEngine.Backends;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Autograd;

[TestFixture]
public sealed class ActivationCheckpointTests
{
    private CpuBackend _backend = null!;

    [SetUp]
    public void Start() => _backend = new CpuBackend(2);

    [TearDown]
    public void Stop() => _backend.Dispose();

    [Test]
    public void Gradients_up_to_the_third_order_have_the_same_bits()
    {
        double[][] plain = Orders(checkpoint: false), again = Orders(checkpoint: true);
        for (var order = 0; order < 3; order++)
        {
            Assert.That(plain[order], Is.Not.All.Zero);
            Assert.That(again[order].AsSpan().SequenceEqual(plain[order]), Is.True, $"order {order + 1}");
        }
    }

    /// <summary>
    /// The body runs twice however often a graph that is kept is asked, and not beyond what is missing.
    /// </summary>
    [Test]
    public void The_body_runs_again_once_and_up_to_the_last_saved_tensor()
    {
        using var scope = MemoryScope.Begin();
        var x = Input();
        int begun = 0, ended = 0;
        var y = ActivationCheckpoint.Run([x], null, (t, _) =>
        {
            begun++;
            // The last product saves its factors, and nobody asks for its result.
            var result = t[0].Exp().Tanh().MatMul(x);
            ended++;
            return result;
        }).Sum();
        AutogradEngine.Grad([y], [x], retainGraph: true);
        AutogradEngine.Grad([y], [x], retainGraph: true);
        AutogradEngine.Grad([y], [x]);
        Assert.That((begun, ended), Is.EqualTo((2, 1)));
        Assert.That(() => AutogradEngine.Grad([y], [x]), Throws.TypeOf<AutogradException>()
            .With.Message.Contains("released"));
    }

    [Test]
    public void Between_the_passes_only_the_inputs_are_held()
    {
        using var scope = MemoryScope.Begin();
        var x = Input();
        var before = _backend.LiveBytes;
        var y = ActivationCheckpoint.Run([x], null, (t, _) => MemoryScope.Run(() => t[0].Exp().Tanh().Exp().Sum()));
        Assert.That(_backend.LiveBytes - before, Is.EqualTo(y.Storage.Bytes));
        y.Backward();
        Assert.That(_backend.LiveBytes - before, Is.EqualTo(y.Storage.Bytes + x.Grad!.Storage.Bytes));
    }

    [Test]
    public void A_body_that_does_something_else_the_second_time_is_refused()
    {
        using var scope = MemoryScope.Begin();
        var x = Input();
        var runs = 0;
        var y = ActivationCheckpoint.Run(
            [x], null, (t, _) => runs++ == 0 ? t[0].Exp().Tanh() : t[0].Tanh().Exp()).Sum();
        Assert.That(() => AutogradEngine.Grad([y], [x]), Throws.TypeOf<AutogradException>()
            .With.Message.Contains("the second run records tanh"));
        runs = 0;
        var z = ActivationCheckpoint.Run([x], null, (t, _) => runs++ == 0 ? t[0].Exp().Exp().Exp() : t[0].Exp()).Sum();
        Assert.That(() => AutogradEngine.Grad([z], [x]), Throws.TypeOf<AutogradException>()
            .With.Message.Contains("fewer ops"));
    }

    [Test]
    public void An_input_that_was_overwritten_is_noticed()
    {
        using var scope = MemoryScope.Begin();
        var x = Input();
        var given = x.Scale(2);
        var y = ActivationCheckpoint.Run([given], null, (t, _) => t[0].Exp().Tanh()).Sum();
        given.Detach().FillUniform(0, 1, new RandomKey(1, 1, 1));
        Assert.That(() => AutogradEngine.Grad([y], [x]), Throws.TypeOf<AutogradException>()
            .With.Message.Contains("overwritten"));
    }

    private double[][] Orders(bool checkpoint)
    {
        using var scope = MemoryScope.Begin();
        var x = Input();
        var w = Input(seed: 2);
        var random = new RandomSource(3);
        var y = checkpoint ? ActivationCheckpoint.Run([x], random, Body) : Body([x], random);
        // The weight is used by others as well, before and behind.
        var loss = y.Mul(w).Sum().Add(w.Exp().Sum());
        List<double[]> orders = [];
        for (var order = 0; order < 3; order++)
        {
            var g = AutogradEngine.Grad([loss], [w, x], createGraph: true);
            orders.Add([.. g[0]!.ToDoubles(), .. g[1]!.ToDoubles()]);
            loss = g[0]!.Square().Sum().Add(g[1]!.Square().Sum());
        }
        return [.. orders];

        Tensor Body(Tensor[] t, RandomSource? source) => MemoryScope.Run(() =>
            t[0].MatMul(w).Dropout(0.4, source!.NextKey()).Softmax(1).MatMul(w).Dropout(0.2, source.NextKey()).Exp());
    }

    private Tensor Input(ulong seed = 1) => Tensor.Empty([7, 7], DType.F32, _backend)
        .FillUniform(-1, 1, new RandomKey(seed, 0, 0)).SetRequiresGrad();
}
