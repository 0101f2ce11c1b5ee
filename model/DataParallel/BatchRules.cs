namespace AmcEngine.Model.DataParallel;

/// <summary>What a batch must have for a contrast.</summary>
internal static class BatchRules
{
    /// <summary>Refuses samples without others to be told from.</summary>
    /// <param name="name">The model's name.</param>
    /// <param name="count">Samples of this rank.</param>
    /// <param name="share">Its share of the batch.</param>
    /// <param name="overAll">Whether the others are those of all ranks, of which there are two at least then.</param>
    /// <param name="key">The setting that decides on it.</param>
    /// <exception cref="ModelException">There are none.</exception>
    public static void RequireNegatives(string name, int count, BatchShare share, bool overAll, string key)
    {
        if (count >= 2 || overAll) return;
        throw new ModelException(share.IsWhole
            ? $"{name}: a batch of {count} has no negative pairs; use a batch of at least 2"
            : $"{name}: {count} pair on each of {share.Ranks.Size} ranks has no negative pairs; use a batch_size of at "
                + $"least {2 * share.Ranks.Size}, or {key}: global");
    }
}
