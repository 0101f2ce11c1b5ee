using AmcEngine.Backends.Cpu;
using AmcEngine.DataParallel;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.DataParallel;

[TestFixture]
internal sealed class OwnedTensorsTests
{
    // Of 2 MiB, which go alone, and small ones: of rank 0 three in one message, of rank 1 two.
    private static readonly int[] Counts = [3, 1 << 19, 17, 5, 1, 1 << 19, 40];
    private static readonly int[] Owners = [0, 1, 1, 0, 0, 0, 1];

    [Test]
    public void Each_tensor_comes_from_its_owner_to_all_in_few_messages()
    {
        ThreadCommunicator.Run(2, c =>
        {
            using var backend = new CpuBackend(1);
            Tensor[] tensors = [.. Counts.Select((n, i) => Tensor.From(
                Enumerable.Range(0, n).Select(k => (float)(1000 * c.Rank + 10 * i + k % 7)).ToArray(), [n], backend))];
            int[] versions = [.. tensors.Select(t => t.Version)];
            var owned = new OwnedTensors(c, tensors, Owners);
            Assert.That(owned.Messages, Is.EqualTo(4));
            owned.Spread();
            foreach (var (i, tensor) in tensors.Index())
            {
                Assert.That(tensor.ToArray<float>(), Is.EqualTo(Enumerable.Range(0, Counts[i]).Select(
                    k => (float)(1000 * Owners[i] + 10 * i + k % 7))), $"tensor {i}");
                if (Owners[i] != c.Rank)
                    Assert.That(tensor.Version, Is.GreaterThan(versions[i]), "averages follow what has changed");
                tensor.Dispose();
            }
        });
    }
}
