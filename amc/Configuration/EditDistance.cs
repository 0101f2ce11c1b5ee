namespace AmcEngine.Amc.Configuration;

/// <summary>How far two words are apart, to suggest what a mistyped one meant.</summary>
internal static class EditDistance
{
    /// <summary>
    /// The fewest letters to insert, delete or change that make <paramref name="b"/> of <paramref name="a"/>
    /// (Levenshtein).
    /// </summary>
    public static int Between(string a, string b)
    {
        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (var i = 1; i <= a.Length; i++)
        {
            var current = new int[b.Length + 1];
            current[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var change = previous[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
                current[j] = Math.Min(change, Math.Min(previous[j], current[j - 1]) + 1);
            }
            previous = current;
        }
        return previous[b.Length];
    }
}
