namespace AmcEngine.Model.Tokenization;

/// <summary>
/// Learns a byte-pair vocabulary from texts: again and again the pair of neighbours that occurs most often becomes one
/// token (Sennrich et al. 2016). Deterministic: of equally frequent pairs the first by ordinal order is taken.
/// </summary>
public static class BytePairTrainer
{
    /// <summary>Merges until every word of the texts is one token, or the limit is reached.</summary>
    /// <param name="texts">Texts, such as all phrases of generated scenes, or their words.</param>
    /// <param name="maxMerges">Most merges; the vocabulary has 514 tokens more.</param>
    public static BytePairVocabulary Train(IEnumerable<string> texts, int maxMerges = 4096)
    {
        ArgumentNullException.ThrowIfNull(texts);
        ArgumentOutOfRangeException.ThrowIfNegative(maxMerges);
        var words = Count(texts);
        var merges = new List<(string Left, string Right)>();
        while (merges.Count < maxMerges && Commonest(words) is { } pair)
        {
            merges.Add(pair);
            foreach (var (symbols, _) in words) Apply(pair, symbols);
        }
        return BytePairVocabulary.OfMerges(merges);
    }

    // Each distinct word as symbols, with its number of occurrences. The order of words decides nothing.
    private static List<(List<string> Symbols, long Occurrences)> Count(IEnumerable<string> texts)
    {
        var counts = new Dictionary<string, long>(StringComparer.Ordinal);
        foreach (var word in texts.SelectMany(BytePairTokenizer.Words))
            if (word is not (BytePairVocabulary.StartToken or BytePairVocabulary.EndToken))
                counts[word] = counts.GetValueOrDefault(word) + 1;
        return [.. counts.Select(entry => (Symbols(entry.Key), entry.Value))];
    }

    private static List<string> Symbols(string word)
    {
        List<string> symbols = [.. ByteAlphabet.Spell(word).Select(c => c.ToString())];
        symbols[^1] += BytePairVocabulary.WordEnd;
        return symbols;
    }

    private static (string Left, string Right)? Commonest(List<(List<string> Symbols, long Occurrences)> words)
    {
        var counts = new Dictionary<(string Left, string Right), long>();
        foreach (var (symbols, occurrences) in words)
            for (var i = 1; i < symbols.Count; i++)
                counts[(symbols[i - 1], symbols[i])] =
                    counts.GetValueOrDefault((symbols[i - 1], symbols[i])) + occurrences;
        (string Left, string Right)? best = null;
        foreach (var (pair, count) in counts)
            if (best is not { } b || count > counts[b] || (count == counts[b] && Precedes(pair, b))) best = pair;
        return best;
    }

    private static bool Precedes((string Left, string Right) a, (string Left, string Right) b) =>
        string.CompareOrdinal(a.Left, b.Left) is var order && order != 0
            ? order < 0
            : string.CompareOrdinal(a.Right, b.Right) < 0;

    private static void Apply((string Left, string Right) pair, List<string> symbols)
    {
        for (var i = 0; i + 1 < symbols.Count; i++)
        {
            if (symbols[i] != pair.Left || symbols[i + 1] != pair.Right) continue;
            symbols[i] += pair.Right;
            symbols.RemoveAt(i + 1);
        }
    }
}
