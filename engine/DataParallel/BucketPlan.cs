namespace AmcEngine.DataParallel;

/// <summary>Tensors that go together.</summary>
/// <param name="Owner">The rank whose tensors they are; null for all ranks'.</param>
/// <param name="Members">Their numbers, in order.</param>
internal sealed record PlannedBucket(int? Owner, int[] Members);

/// <summary>Which tensors go together.</summary>
internal static class BucketPlan
{
    /// <summary>
    /// Buckets of one owner each, in the order in which they are full. A tensor of more bytes than a bucket may have is
    /// alone in one.
    /// </summary>
    /// <param name="order">Numbers of the tensors in the order in which they are there.</param>
    /// <param name="bytes">Size of each tensor.</param>
    /// <param name="owners">Owner of each tensor; null for all ranks.</param>
    /// <param name="most">Most bytes of a bucket that holds more than one tensor.</param>
    public static IReadOnlyList<PlannedBucket> Of(
        IReadOnlyList<int> order, IReadOnlyList<long> bytes, IReadOnlyList<int?> owners, long most)
    {
        List<(int Last, PlannedBucket Bucket)> made = [];
        foreach (var group in order.Select((number, place) => (Number: number, Place: place))
            .GroupBy(m => owners[m.Number] ?? -1))
        {
            List<int> open = [];
            var (size, last) = (0L, 0);
            foreach (var (number, place) in group)
            {
                if (open.Count > 0 && size + bytes[number] > most) Close();
                open.Add(number);
                (size, last) = (size + bytes[number], place);
            }
            Close();

            void Close()
            {
                made.Add((last, new PlannedBucket(owners[open[0]], [.. open])));
                open.Clear();
                size = 0;
            }
        }
        return [.. made.OrderBy(m => m.Last).Select(m => m.Bucket)];
    }
}
