namespace AmcEngine.Amc.Reports.Page;

/// <summary>
/// Chooses the cases of a page: best, median and worst ones, those in which runs differ, and some of all others.
/// </summary>
internal static class CaseChoice
{
    /// <summary>Most cases of a page.</summary>
    public const int Most = 200;

    /// <summary>Chooses.</summary>
    /// <param name="cases">The cases to choose from.</param>
    /// <param name="most">How many at most.</param>
    /// <returns>The chosen ones with the reason, best first.</returns>
    public static IReadOnlyList<(KeptCase Case, CaseGroup Group)> Of(IReadOnlyList<KeptCase> cases, int most = Most)
    {
        KeptCase[] ranked = [.. cases.OrderByDescending(c => c.Rank).ThenBy(c => c.Index)];
        var count = Math.Min(most, ranked.Length);
        // Of few cases one each is best, median and worst.
        var each = count < 3 ? 0 : Math.Max(1, count / 5);
        var groups = new CaseGroup?[ranked.Length];
        Mark(0, CaseGroup.Best);
        Mark(ranked.Length - each, CaseGroup.Worst);
        Mark((ranked.Length - each) / 2, CaseGroup.Median);
        Spread(i => ranked[i].Differs, each, CaseGroup.Differ);
        Spread(_ => true, count - groups.Count(g => g is not null), CaseGroup.Spread);
        return [.. Enumerable.Range(0, ranked.Length).Where(i => groups[i] is not null).Select(
            i => (ranked[i], groups[i]!.Value))];

        void Mark(int first, CaseGroup group) => groups.AsSpan(first, each).Fill(group);

        // Evenly over the places that are not taken, in the order of the ranks.
        void Spread(Func<int, bool> wanted, int number, CaseGroup group)
        {
            int[] free = [.. Enumerable.Range(0, ranked.Length).Where(i => groups[i] is null && wanted(i))];
            var take = Math.Min(number, free.Length);
            for (var i = 0; i < take; i++)
                groups[free[(int)((i + 0.5) * free.Length / take)]] = group;
        }
    }
}
