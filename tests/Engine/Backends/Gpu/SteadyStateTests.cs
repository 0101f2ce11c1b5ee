using AmcEngine.Autograd;
using AmcEngine.Backends.Gpu;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Optim;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>
/// A training step asks for no new memory once the first ones have run, neither of the device nor of the host.
/// </summary>
[TestFixture]
internal sealed class SteadyStateTests
{
    private const int Steps = 500;
    private const int Windows = 5;

    [Test]
    public void Neither_device_nor_host_memory_grows_over_500_steps()
    {
        var device = TestBackends.OpenCl;
        using var weight = Numbers([16, 16], device).SetRequiresGrad();
        using var scale = Tensor.Ones([16], DType.F32, device).SetRequiresGrad();
        using var shift = Tensor.Zeros([16], DType.F32, device).SetRequiresGrad();
        using var optimizer = new AdamW([new ParameterGroup([weight, scale, shift], 0.01)]);
        using var x = Numbers([2, 5, 16], device);
        for (var i = 0; i < 20; i++) Step(x, weight, scale, shift, optimizer);
        long reserved = device.ReservedBytes, live = device.LiveBytes, launches = device.Launches;
        var first = Allocated(() => Step(x, weight, scale, shift, optimizer));
        var grown = HeapGrowth.Least(Windows, () =>
        {
            for (var i = 0; i < Steps / Windows; i++) Step(x, weight, scale, shift, optimizer);
        });
        var last = Allocated(() => Step(x, weight, scale, shift, optimizer));
        TestContext.Out.WriteLine($"{(device.Launches - launches) / (Steps + 2)} launches a step; {first} then {last} "
            + $"bytes of host memory a step; the heap grew by at least {grown} bytes over {Steps / Windows} steps");
        Assert.Multiple(() =>
        {
            Assert.That(device.ReservedBytes, Is.EqualTo(reserved), "device memory reserved");
            Assert.That(device.LiveBytes, Is.EqualTo(live), "device memory in use");
            Assert.That(last, Is.LessThanOrEqualTo(first * 1.05), "host memory allocated by a step");
            Assert.That(grown, Is.LessThan(64 * 1024 / Windows), "host memory held");
        });
    }

    // First and second order, as the objective does: a gradient inside the loss.
    private static void Step(Tensor x, Tensor weight, Tensor scale, Tensor shift, AdamW optimizer)
    {
        using var scope = MemoryScope.Begin();
        var h = x.LayerNorm(scale, shift, 1e-6).MatMul(weight).Gelu();
        var y = Attention.ScaledDotProduct(h, h, h, null, 0.5, heads: 2);
        var g = AutogradEngine.Grad([y.Sum()], [weight], createGraph: true)[0]!;
        g.Square().Sum().Add(y.Square().Mean([0, 1, 2])).Backward();
        optimizer.Step(1e-3);
        optimizer.ZeroGrad();
    }

    private static long Allocated(Action step)
    {
        var before = GC.GetAllocatedBytesForCurrentThread();
        step();
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static Tensor Numbers(int[] shape, GpuBackend device)
    {
        var random = new Random(3);
        return Tensor.From(Enumerable.Range(0, new Shape(shape).Count).Select(_ => (float)random.NextDouble() - 0.5f)
            .ToArray(), new Shape(shape), device);
    }
}
