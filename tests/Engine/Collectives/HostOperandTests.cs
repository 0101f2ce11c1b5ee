using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Collectives;

/// <summary>Tensors of the processor on their way through MPI.</summary>
[TestFixture]
internal sealed class HostOperandTests
{
    // Moving averages follow the weights that count as changed, and gradients find what was changed under them.
    [TestCase(true, false, false)]
    [TestCase(true, true, true)]
    [TestCase(false, true, true)]
    public void A_tensor_counts_as_changed_where_the_collective_writes_it(bool reads, bool writes, bool changed)
    {
        using var backend = new CpuBackend(1);
        using var tensor = Tensor.Zeros([3], DType.F32, backend);
        var before = tensor.Version;
        var operand = new HostOperand(tensor, reads, writes);
        operand.Finish(succeeded: true);
        Assert.That(tensor.Version != before, Is.EqualTo(changed));
    }

    [Test]
    public void Its_memory_stays_while_the_collective_works_on_it()
    {
        using var backend = new CpuBackend(1);
        var tensor = Tensor.Zeros([1 << 16], DType.F32, backend);
        var operand = new HostOperand(tensor, reads: true, writes: true);
        tensor.Dispose();
        using (var other = Tensor.Zeros([1 << 16], DType.F32, backend))
            Assert.That(other.Pointer, Is.Not.EqualTo(operand.Address));
        operand.Finish(succeeded: true);
        using var next = Tensor.Zeros([1 << 16], DType.F32, backend);
        Assert.That(backend.PeakBytes, Is.EqualTo(2 * 4 << 16), "and is free afterwards");
    }
}
