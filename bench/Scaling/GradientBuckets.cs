namespace AmcEngine.Bench.Scaling;

/// <summary>A gradient that is complete.</summary>
/// <param name="Seconds">When, from the begin of the backward pass.</param>
/// <param name="Bytes">Its size.</param>
internal readonly record struct ReadyGradient(double Seconds, double Bytes);

/// <summary>Gradients that are exchanged together.</summary>
/// <param name="Seconds">When the last of them is complete.</param>
/// <param name="Bytes">Their size.</param>
internal readonly record struct GradientBucket(double Seconds, double Bytes);

/// <summary>Packs gradients, in the order in which they are complete, into buckets.</summary>
internal static class GradientBuckets
{
    /// <summary>
    /// Buckets of at most <paramref name="size"/> bytes; a gradient that is larger has one of its own.
    /// </summary>
    public static IReadOnlyList<GradientBucket> Of(IEnumerable<ReadyGradient> gradients, double size)
    {
        List<GradientBucket> buckets = [];
        GradientBucket open = default;
        foreach (var gradient in gradients.OrderBy(g => g.Seconds))
        {
            if (open.Bytes > 0 && open.Bytes + gradient.Bytes > size)
            {
                buckets.Add(open);
                open = default;
            }
            open = new GradientBucket(gradient.Seconds, open.Bytes + gradient.Bytes);
        }
        if (open.Bytes > 0) buckets.Add(open);
        return buckets;
    }
}
