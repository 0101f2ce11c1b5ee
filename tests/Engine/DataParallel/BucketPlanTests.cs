using AmcEngine.DataParallel;
using NUnit.Framework;

namespace AmcEngine.Tests.Engine.DataParallel;

[TestFixture]
internal sealed class BucketPlanTests
{
    // 3 and 1 fill a bucket of 10 bytes, 0 is larger than one, 2 is the rest.
    [Test]
    public void Tensors_go_together_in_their_order_up_to_the_size() => Expect(
        BucketPlan.Of([3, 1, 0, 2], [12, 4, 1, 6], [null, null, null, null], 10),
        (null, [3, 1]), (null, [0]), (null, [2]));

    // Rank 1's first bucket is full with tensor 2, before rank 0's; tensor 4 is nobody's alone.
    [Test]
    public void A_bucket_has_one_owner_and_stands_where_it_is_full() => Expect(
        BucketPlan.Of([0, 1, 2, 4, 3, 5], [5, 5, 5, 1, 5, 5], [0, 1, 1, 0, null, 1], 10),
        (1, [1, 2]), (null, [4]), (0, [0, 3]), (1, [5]));

    private static void Expect(IReadOnlyList<PlannedBucket> plan, params (int? Owner, int[] Members)[] expected)
    {
        Assert.That(plan.Select(b => b.Owner), Is.EqualTo(expected.Select(e => e.Owner)));
        Assert.That(plan.Select(b => b.Members), Is.EqualTo(expected.Select(e => e.Members)));
    }
}
