using AmcEngine.Autograd;
using AmcEngine.Backends.Cpu;
using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Memory;

[TestFixture]
internal sealed class MemoryScopeTests
{
    private CpuBackend? _backend;

    private CpuBackend Backend => _backend!;

    [SetUp]
    public void Open() => _backend = new CpuBackend(1);

    [TearDown]
    public void Close() => _backend!.Dispose();

    private Tensor Block() => Tensor.Zeros([256], DType.F32, Backend);

    [Test]
    public void A_scope_gives_back_what_it_does_not_keep()
    {
        Tensor kept;
        using (var scope = MemoryScope.Begin())
        {
            _ = Block();
            kept = scope.Keep(Block());
        }
        Assert.That(Backend.LiveBytes, Is.EqualTo(1024));
        kept.Dispose();
        Assert.That(Backend.LiveBytes, Is.Zero);
        Assert.That(Assert.Throws<EngineException>(() => kept.ToArray<float>())!.Message, Does.Contain("given back"));
    }

    [Test]
    public void Memory_saved_by_the_graph_outlives_its_scope_and_goes_when_backward_has_used_it()
    {
        using var step = MemoryScope.Begin();
        var x = Block().SetRequiresGrad();
        var y = MemoryScope.Run(() => x.Exp().Exp().Exp().Sum());
        var before = Backend.LiveBytes;
        y.Backward();
        Assert.That(before - Backend.LiveBytes, Is.EqualTo(2 * 1024), "three saved blocks go, one gradient comes");
        x.Grad!.Dispose();
    }

    [Test]
    public void Memory_without_gradients_goes_as_soon_as_a_layer_returns()
    {
        using var step = MemoryScope.Begin();
        var x = Block().SetRequiresGrad();
        using (NoGrad.Begin()) _ = MemoryScope.Run(() => x.Exp().Exp().Exp().Sum());
        Assert.That(Backend.LiveBytes, Is.EqualTo(1024 + 256), "the leaf and the smallest block for the scalar");
    }

    [Test]
    public void A_graph_that_never_ran_backward_is_released_with_its_step()
    {
        using (MemoryScope.Begin())
        {
            var x = Block().SetRequiresGrad();
            _ = MemoryScope.Run(() => x.Exp().Exp());
        }
        Assert.That(Backend.LiveBytes, Is.Zero);
    }

    [Test]
    public void Steps_after_the_first_take_no_new_memory_from_the_device()
    {
        long peak = 0;
        for (var i = 0; i < 4; i++)
        {
            Backend.ResetPeak();
            using (MemoryScope.Begin())
            {
                var x = Block().SetRequiresGrad();
                x.Exp().Softmax(0).Log().Sum().Backward();
                x.Grad!.Dispose();
            }
            if (i == 0) peak = Backend.PeakBytes;
            Assert.That((Backend.LiveBytes, Backend.PeakBytes), Is.EqualTo((0L, peak)));
        }
    }

    [Test, NonParallelizable]
    public void A_leak_is_named_by_the_method_that_took_the_memory()
    {
        LeakReport.Enabled = true;
        try
        {
            using (MemoryScope.Begin()) _ = Block();
            var leaked = Block();
            Assert.That(Backend.MemoryHolders, Has.One.Items.And.One.EndsWith(
                $"{typeof(MemoryScopeTests).FullName}.{nameof(Block)}"));
            leaked.Dispose();
            Assert.That(Backend.MemoryHolders, Is.Empty);
        }
        finally
        {
            LeakReport.Enabled = false;
        }
    }

    [Test]
    public void Size_classes_waste_at_most_a_quarter(
        [Values(1, 256, 257, 1000, 4097, 1 << 20, (1 << 20) + 1)] int bytes)
    {
        var size = CachingPool.SizeClass(bytes);
        Assert.That(size, Is.GreaterThanOrEqualTo(bytes).And.LessThanOrEqualTo(Math.Max(256, bytes * 1.25 + 64)));
    }
}
