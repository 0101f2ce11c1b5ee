using AmcEngine.Memory;
using AmcEngine.Ops;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Ops;

[TestFixture]
internal sealed class CrossEntropyTests
{
    private static Tensor Logits => Tensor.From([1f, 2, 3, 0, 0, 0, -1, 5, 2], [3, 3], TestBackends.Cpu);

    [Test]
    public void Labels_on_the_host_and_on_the_device_give_the_same_loss()
    {
        using var scope = MemoryScope.Begin();
        int[] labels = [2, -100, 0];
        var device = Logits.CrossEntropy(Tensor.From(labels, [3], TestBackends.Cpu)).Item();
        Assert.That(Logits.CrossEntropy(labels).Item(), Is.EqualTo(device).And.GreaterThan(0));
    }

    [Test]
    public void Labels_that_do_not_fit_are_refused()
    {
        using var scope = MemoryScope.Begin();
        Assert.Multiple(() =>
        {
            Assert.That(Assert.Throws<EngineException>(() => Logits.CrossEntropy([0, 3, 1]))!.Message,
                Does.Contain("label 3 is outside of [0, 3)"));
            Assert.Throws<ShapeException>(() => Logits.CrossEntropy([0, 1]));
            Assert.Throws<ShapeException>(() => Logits.CrossEntropy(Tensor.From([0, 1], [2], TestBackends.Cpu)));
        });
    }
}
