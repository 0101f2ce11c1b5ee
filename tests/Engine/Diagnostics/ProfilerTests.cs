using AmcEngine.Autograd;
using AmcEngine.Backends.Cpu;
using AmcEngine.Backends.Gpu;
using AmcEngine.Backends.Kernels;
using AmcEngine.Diagnostics;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Diagnostics;

[TestFixture]
internal sealed class ProfilerTests
{
    [Test]
    public void A_product_costs_2MNK_operations_and_its_operands_once()
    {
        using var scope = MemoryScope.Begin();
        Tensor a = Ones(37, 19), b = Ones(19, 53);
        using var profiler = Profiler.Begin(TestBackends.Cpu);
        _ = a.MatMul(b);
        _ = a.MatMul(b);
        profiler.Dispose();
        var op = profiler.Ops(byShape: true).Single(o => o.Name == "matmul nn");
        Assert.That(op.Calls, Is.EqualTo(2));
        Assert.That(op.Flop, Is.EqualTo(2 * 2.0 * 37 * 53 * 19));
        Assert.That(op.Bytes, Is.EqualTo(2 * 4.0 * (37 * 19 + 19 * 53 + 37 * 53)));
        Assert.That(op.Shape, Is.EqualTo("M37 N53 K19"));
        Assert.That(op.Seconds > 0, Is.True);
    }

    [Test]
    public void A_product_that_is_repeated_counts_once_and_leaves_what_it_adds_to()
    {
        using var scope = MemoryScope.Begin();
        Tensor a = Ones(6, 4), b = Ones(4, 5), c = Ones(6, 5);
        using var profiler = Profiler.Begin(TestBackends.Cpu, repeatsProducts: true);
        c.Backend.Run(new MatMulArgs
        {
            A = a,
            B = b,
            C = c,
            M = 6,
            N = 5,
            K = 4,
            Lda = 4,
            Ldb = 5,
            Ldc = 5,
            Accumulate = true,
        });
        _ = a.Add(a);
        profiler.Dispose();
        Assert.That(c.ToArray<float>(), Is.All.EqualTo(5f));
        var alone = profiler.ProductsAlone.Single();
        var inStep = profiler.Ops(byShape: true).Single(o => o.Name == alone.Name);
        Assert.That((alone.Shape, alone.Calls, alone.Flop), Is.EqualTo((inStep.Shape, 1L, inStep.Flop)));
        Assert.That(alone.Seconds > 0, Is.True);
    }

    [Test]
    public void Shapes_are_told_apart_on_request()
    {
        using var scope = MemoryScope.Begin();
        Tensor a = Ones(4, 8), b = Ones(8, 5), c = Ones(8, 6);
        using var profiler = Profiler.Begin(TestBackends.Cpu);
        _ = a.MatMul(b);
        _ = a.MatMul(c);
        Assert.That(profiler.Ops(byShape: true).Count(o => o.Name == "matmul nn"), Is.EqualTo(2));
        Assert.That(profiler.Ops(byShape: false).Count(o => o.Name == "matmul nn"), Is.EqualTo(1));
    }

    [Test]
    public void Values_and_gradients_are_the_same_bits_as_without()
    {
        var plain = Gradient();
        float[] profiled;
        using (Profiler.Begin(TestBackends.Cpu)) profiled = Gradient();
        Assert.That(profiled, Is.EqualTo(plain));
    }

    [Test]
    public void Nothing_is_recorded_after_the_end_nor_on_another_thread()
    {
        using var scope = MemoryScope.Begin();
        var a = Ones(4, 4);
        using var profiler = Profiler.Begin(TestBackends.Cpu);
        var other = new Thread(() => a.Backend.Run(new FillArgs(a, 1)));
        other.Start();
        other.Join();
        Assert.That(profiler.Ops(byShape: false), Is.Empty);
        profiler.Dispose();
        _ = a.MatMul(a);
        Assert.That(profiler.Ops(byShape: false), Is.Empty);
        Assert.That(a.Backend, Is.SameAs(TestBackends.Cpu));
    }

    [Test]
    public void A_phase_has_its_gradients_in_the_backward_phase_of_its_name()
    {
        using var scope = MemoryScope.Begin();
        var w = Ones(8, 8).SetRequiresGrad();
        using var profiler = Profiler.Begin(TestBackends.Cpu);
        Tensor y;
        using (Phase.Begin("forward/encoder"))
        {
            y = w.MatMul(w);
            using (Phase.Begin("forward/head")) y = y.Mul(y).Sum();
        }
        using (Phase.Begin("backward")) y.Backward();
        profiler.Dispose();
        var phases = profiler.Phases.ToDictionary(p => p.Name);
        Assert.That(phases.Keys, Is.EqualTo(
            new[] { "other", "forward/encoder", "forward/head", "backward", "backward/head", "backward/encoder" }));
        Assert.That(phases["backward/encoder"].KernelSeconds > 0, Is.True);
        foreach (var p in phases.Values) Assert.That(p.KernelSeconds <= p.Seconds, Is.True, p.Name);
        Assert.That(phases.Values.Sum(p => p.KernelSeconds),
            Is.EqualTo(profiler.Ops(byShape: false).Sum(o => o.Seconds)).Within(1e-9));
        w.Grad!.Dispose();
    }

    [Test]
    public void The_peak_knows_its_phase_and_the_gradients_in_it()
    {
        using var scope = MemoryScope.Begin();
        var w = Ones(64, 64).SetRequiresGrad();
        w.Name = "a weight";
        using var profiler = Profiler.Begin(TestBackends.Cpu);
        var before = TestBackends.Cpu.LiveBytes;
        using (Phase.Begin("forward")) _ = w.MatMul(w);
        Assert.That(profiler.Peak!.Phase, Is.EqualTo("forward"));
        Assert.That(profiler.Peak.Bytes, Is.EqualTo(before + 64 * 64 * 4));
        Assert.That(profiler.Peak.GradientBytes, Is.Zero);
        var y = w.MatMul(w).Sum();
        using (Phase.Begin("backward")) y.Backward();
        _ = w.MatMul(w).MatMul(w).MatMul(w);
        Assert.That(profiler.Peak.GradientBytes, Is.EqualTo(64 * 64 * 4));
        w.Grad!.Dispose();
    }

    [Test]
    public void Kernels_of_a_device_are_recorded_too()
    {
        using var device = GpuDevices.Open("emulate");
        using var profiler = Profiler.Begin(device);
        using var x = Tensor.Full([8], 3, DType.F32, device);
        Assert.That(x.ToArray<float>(), Is.All.EqualTo(3f));
        Assert.That(
            profiler.Ops(byShape: false).Select(o => o.Name), Is.EquivalentTo(new[] { "fill", "read to host" }));
    }

    [Test]
    public void Tensors_that_share_memory_hold_it_once()
    {
        using var scope = MemoryScope.Begin();
        var a = Ones(64, 64);
        Assert.That(MemoryUse.Of([a, a.Reshape(4096), Ones(16, 16)]), Is.EqualTo(64 * 64 * 4 + 16 * 16 * 4));
    }

    [Test]
    public void The_machine_has_peaks_that_a_roofline_can_use()
    {
        var peaks = MachinePeaks.Measure(2);
        Assert.That(peaks.FmaGflopsOneThread > 0.5, Is.True, $"{peaks}");
        Assert.That(peaks.FmaGflopsAllThreads > 0.5, Is.True, $"{peaks}");
        Assert.That(peaks.MemoryGBs > 0.1, Is.True, $"{peaks}");
        Assert.That(peaks.Seconds(peaks.FmaGflopsAllThreads * 2e9, 0), Is.EqualTo(2).Within(1e-9));
        Assert.That(peaks.Seconds(1, peaks.MemoryGBs * 3e9), Is.EqualTo(3).Within(1e-9));
    }

    private static float[] Gradient()
    {
        using var scope = MemoryScope.Begin();
        var x = Tensor.From([.. Enumerable.Range(0, 48).Select(i => MathF.Sin(i))], [6, 8], TestBackends.Cpu)
            .SetRequiresGrad();
        var y = x.MatMul(Ones(8, 5)).Gelu();
        var g = AutogradEngine.Grad([y.Mul(y).Sum()], [x], createGraph: true)[0]!;
        return AutogradEngine.Grad([g.Mul(g).Sum()], [x])[0]!.ToArray<float>();
    }

    private static Tensor Ones(params int[] extents) => Tensor.Ones(new Shape(extents), DType.F32, TestBackends.Cpu);
}
