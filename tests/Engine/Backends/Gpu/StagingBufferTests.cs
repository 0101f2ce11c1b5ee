using AmcEngine.Tensors;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.Backends.Gpu;

/// <summary>Values on their way to a device and back.</summary>
[TestFixture]
internal sealed class StagingBufferTests
{
    [Test]
    public void Many_writes_in_a_row_arrive_each_with_its_own_values()
    {
        var device = TestBackends.OpenCl;
        var tensors = new Tensor[3000];
        // Three times the capacity in all, from memory that is garbage at once.
        for (var i = 0; i < tensors.Length; i++)
            tensors[i] = Tensor.From(Enumerable.Repeat(i, 2048).ToArray(), [2048], device);
        for (var i = 0; i < tensors.Length; i += 97) Assert.That(tensors[i].ToArray<int>(), Is.All.EqualTo(i));
        foreach (var t in tensors) t.Dispose();
    }

    [TestCase(1)]
    [TestCase((8 << 20) / 4)]
    [TestCase((20 << 20) / 4 + 3)]
    public void A_tensor_of_any_size_comes_back_as_it_went(int count)
    {
        var values = new int[count];
        for (var i = 0; i < count; i++) values[i] = i * 7919;
        using var t = Tensor.From(values, [count], TestBackends.OpenCl);
        Assert.That(t.ToArray<int>().AsSpan().SequenceEqual(values));
    }
}
