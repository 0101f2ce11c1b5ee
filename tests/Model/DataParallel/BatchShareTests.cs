using AmcEngine.Backends.Cpu;
using AmcEngine.Collectives;
using AmcEngine.Memory;
using AmcEngine.Model.DataParallel;
using AmcEngine.Tensors;
using AmcEngine.Tests.Engine.Collectives;
using NUnit.Framework;

namespace AmcEngine.Tests.Model.DataParallel;

/// <summary>What ranks know of the whole batch.</summary>
[TestFixture]
internal sealed class BatchShareTests
{
    [Test]
    public void Pictures_are_known_where_all_ranks_know_theirs()
    {
        var pictures = ThreadCommunicator.Run(3, ranks =>
        {
            var share = new BatchShare(ranks);
            return (All: share.Gather([10L + ranks.Rank, 7]),
                Some: share.Gather(ranks.Rank == 1 ? null : (long[])[10 + ranks.Rank]));
        });
        Assert.That(pictures.Select(p => p.All), Is.All.EqualTo((long[])[10, 7, 11, 7, 12, 7]));
        Assert.That(pictures.Select(p => p.Some), Is.All.Null);
    }

    /// <summary>A forward pass that failed has gathered what no backward pass scatters.</summary>
    [Test]
    public void A_step_does_not_wait_for_what_the_one_before_has_left()
    {
        ThreadCommunicator.Run(2, ranks =>
        {
            using var backend = new CpuBackend(1);
            using var scope = MemoryScope.Begin();
            var share = new BatchShare(ranks);
            share.Begin();
            share.Gather(Tensor.Zeros([2, 3], DType.F32, backend));
            Assert.That(share.HasToScatter, Is.False, "a constant has no gradient");
            share.Gather(Tensor.Zeros([2, 3], DType.F32, backend).SetRequiresGrad());
            Assert.That(share.HasToScatter, Is.True);
            share.Begin();
            Assert.That(share.HasToScatter, Is.False);
        });
    }

    [Test]
    public void A_process_alone_has_the_scopes_of_one() => Assert.That(
        new BatchShare(SingleCommunicator.Instance, new RankScopes { Contrastive = true }).Scopes,
        Is.EqualTo(RankScopes.Local));
}
